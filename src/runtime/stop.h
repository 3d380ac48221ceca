#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carat::runtime {

/// Why an answer ended.
enum class FinishReason : std::uint8_t {
  kStopToken,    ///< the model produced one of the stop ids
  kSink,         ///< the receiver had enough: a stop string, a closed connection
  kMaxTokens,    ///< as many tokens as were asked for
  kContextFull,  ///< no position left
  kCancelled,    ///< the cancel flag was set
  kError,        ///< see the error beside it
};
std::string_view finish_reason_name(FinishReason reason);

/// Stop strings over streamed text. Text that may still become a stop string is held back, so that no part of one is
/// ever shown; the result does not depend on how the text was cut into pieces: the first match to be complete wins,
/// of those that end together the longest.
///
///     StopStrings stop = StopStrings::create({"\n\n", "END"}).value();
///     out << stop.push(piece);
///     if (stop.stopped()) ...        // otherwise, at the end of the answer:
///     out << stop.finish();
class StopStrings {
 public:
  /// Errors: kInvalidArgument for an empty stop string.
  static Result<StopStrings> create(std::vector<std::string> strings);

  /// Takes the next piece, returns what may be shown. After a match nothing more is returned.
  std::string push(std::string_view piece);
  /// What was held back, once no more text comes; empty after a match.
  std::string finish();
  bool stopped() const { return !matched_.empty(); }
  /// The stop string that ended the text, or empty.
  std::string_view matched() const { return matched_; }

 private:
  explicit StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {}

  std::vector<std::string> strings_;
  std::string held_;  ///< the longest end of the text that begins some stop string
  std::string matched_;
};

}  // namespace carat::runtime
