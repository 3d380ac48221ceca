#pragma once

#include <string>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace carat::tokenizer {

/// Ids to text as they arrive; every string it returns is whole, valid UTF-8 (spec/tokenizer-and-chat.md 1.3).
///
///     Detokenizer detokenizer(tokenizer);
///     while (...) sink(detokenizer.push(next_id));
///     sink(detokenizer.flush());
///
/// U+2581 becomes a space. Byte pieces are held back until they are whole code points or another piece arrives; a run
/// that is no UTF-8 by then becomes one U+FFFD per byte. One per sequence, not for several threads at once; borrows the
/// tokenizer.
class Detokenizer {
 public:
  enum class Control { kSkip, kKeep };  ///< control pieces: no text, or their text
  /// Byte pieces come out as soon as they are whole code points, or only when their run is over. The second is Hugging
  /// Face's rule for a whole text: a run that is broken at its end is broken from its beginning.
  enum class Runs { kAsSoonAsComplete, kWhole };
  struct Options {
    Control control = Control::kSkip;
    Runs runs = Runs::kAsSoonAsComplete;
  };

  explicit Detokenizer(const Tokenizer& tokenizer) : Detokenizer(tokenizer, Options()) {}
  Detokenizer(const Tokenizer& tokenizer, Options options) : tokenizer_(&tokenizer), options_(options) {}

  /// The text that this id completes, often none or more than its own. REQUIRES: 0 <= id < vocab_size().
  std::string push(TokenId id);
  /// What is held back, at the end of the sequence.
  std::string flush();
  /// Whether bytes are held back.
  bool pending() const { return !bytes_.empty(); }

 private:
  const Tokenizer* tokenizer_;
  Options options_;
  std::string bytes_;  // of the current run of byte pieces
};

}  // namespace carat::tokenizer
