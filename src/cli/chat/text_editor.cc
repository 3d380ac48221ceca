#include "cli/chat/text_editor.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/file.h"

namespace carat::cli {
namespace {

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{64} << 20;

/// A file in a private folder; both go with it.
class PrivateFile {
 public:
  static Result<PrivateFile> create(const std::string& text) {
    std::error_code error;
    std::string folder = (std::filesystem::temp_directory_path(error) / "carat-XXXXXX").string();
    if (error || mkdtemp(folder.data()) == nullptr) {
      return io_error(fmt::format("cannot make a file for the editor: {}", std::strerror(errno)));
    }
    PrivateFile file(folder);
    std::FILE* out = std::fopen(file.path().c_str(), "wx");
    const bool written = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
    if (out == nullptr || std::fclose(out) != 0 || !written) {
      return io_error(fmt::format("{}: cannot write it: {}", file.path().string(), std::strerror(errno)));
    }
    return file;
  }
  PrivateFile(PrivateFile&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  PrivateFile& operator=(PrivateFile&&) = delete;
  ~PrivateFile() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path path() const { return folder_ / "message.md"; }

 private:
  explicit PrivateFile(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

/// Runs "EDITOR FILE" by the shell, as every program does it ("code --wait" has words). Its exit status, or -1.
int run_editor(const std::string& editor, const std::string& path) {
  const std::string command = editor + " \"$1\"";
  // Ctrl-C belongs to the editor while it runs.
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, &before);
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  sigaction(SIGINT, &before, nullptr);
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::string text_editor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

Result<std::string> edit_text(const std::string& editor, const std::string& text) {
  ASSIGN_OR_RETURN(const PrivateFile file, PrivateFile::create(text));
  if (run_editor(editor, file.path().string()) != 0) {
    return cancelled(fmt::format("the editor {} did not end well; the message is as it was", editor));
  }
  std::error_code ignored;
  if (std::filesystem::file_size(file.path(), ignored) == 0) return std::string();
  ASSIGN_OR_RETURN(std::string edited, read_file(file.path(), kMaxTextBytes));
  while (edited.ends_with('\n') || edited.ends_with('\r')) edited.pop_back();
  return edited;
}

}  // namespace carat::cli
