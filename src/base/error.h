#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carat {

/// What went wrong, coarse enough for an exit code or an HTTP status.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  ///< the caller asked for something that makes no sense
  kNotFound,         ///< a file, a model, a tensor is not there
  kCorrupt,          ///< a file breaks its own format
  kUnsupported,      ///< well formed, but not something carat can do
  kIo,               ///< the operating system said no
  kOutOfMemory,      ///< a plan or an allocation does not fit
  kLimit,            ///< a documented limit was exceeded
  kCancelled,        ///< the caller stopped it
  kInternal,         ///< a bug of ours
};

/// One sentence that names the thing, what was expected and the next step, plus the chain of "while doing" notes
/// (outermost last) that callers added on the way up.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  std::string_view message() const { return message_; }

  /// Adds what was being done when the error happened: "reading model.gguf".
  Error&& while_doing(std::string note) && {
    notes_.push_back(std::move(note));
    return std::move(*this);
  }

  /// "outer note: inner note: message"
  std::string to_string() const {
    std::string text;
    for (auto it = notes_.rbegin(); it != notes_.rend(); ++it) {
      text += *it;
      text += ": ";
    }
    return text + message_;
  }

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::string> notes_;
};

inline Error invalid_argument(std::string m) { return {ErrorCode::kInvalidArgument, std::move(m)}; }
inline Error not_found(std::string m) { return {ErrorCode::kNotFound, std::move(m)}; }
inline Error corrupt(std::string m) { return {ErrorCode::kCorrupt, std::move(m)}; }
inline Error unsupported(std::string m) { return {ErrorCode::kUnsupported, std::move(m)}; }
inline Error io_error(std::string m) { return {ErrorCode::kIo, std::move(m)}; }
inline Error out_of_memory(std::string m) { return {ErrorCode::kOutOfMemory, std::move(m)}; }
inline Error limit_exceeded(std::string m) { return {ErrorCode::kLimit, std::move(m)}; }
inline Error cancelled(std::string m) { return {ErrorCode::kCancelled, std::move(m)}; }
inline Error internal_error(std::string m) { return {ErrorCode::kInternal, std::move(m)}; }

}  // namespace carat
