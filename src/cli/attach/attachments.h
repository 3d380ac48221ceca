#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carat::cli {

/// A text file that goes with a question.
struct Attachment {
  std::string name;  ///< as it was given; of a repository the path inside it
  std::string text;  ///< UTF-8
};

/// Errors: kNotFound, kIo, kLimit; kInvalidArgument when it is no UTF-8 text.
Result<Attachment> read_attachment(const std::string& path);

/// The files of a folder (repo_files.h). What was left out is said on stderr.
Result<std::vector<Attachment>> read_repo_attachments(const std::string& folder);

/// One attachment as the model sees it: its name and its text between fences longer than any inside it.
std::string quoted(const Attachment& attachment);

/// All of them, then the question.
std::string with_attachments(const std::vector<Attachment>& attachments, std::string_view question);

}  // namespace carat::cli
