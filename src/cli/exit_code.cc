#include "cli/exit_code.h"

namespace carat::cli {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal:
      return 1;
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kNotFound:
      return 3;
    case ErrorCode::kCorrupt:
      return 4;
    case ErrorCode::kUnsupported:
      return 5;
    case ErrorCode::kIo:
      return 6;
    case ErrorCode::kOutOfMemory:
      return 7;
    case ErrorCode::kLimit:
      return 8;
    case ErrorCode::kCancelled:
      return 9;
  }
  return 1;
}

}  // namespace carat::cli
