#pragma once

#include <array>

#include "base/result.h"
#include "tokenizer/piece_index.h"
#include "tokenizer/vocabulary.h"

namespace carat::tokenizer {

/// Refuses what cannot be indexed: number of pieces, their lengths and UTF-8, lengths of types and scores, NaN scores,
/// ids of bos, eos, unk and pad. Errors: kCorrupt or kLimit, naming the piece.
Result<void> check_shape(const Vocabulary& vocabulary);

using ByteIds = std::array<TokenId, 256>;

/// Refuses pieces that are there twice and a missing byte piece, and settles the types that the text decides: strings
/// of control_tokens.h are control, `<0x00>` … `<0xFF>` are bytes, whatever the file says. Fills `types` where empty.
/// Errors: kCorrupt naming the piece. Returns the ids of the byte pieces.
Result<ByteIds> settle_types(Vocabulary& vocabulary, const PieceIndex& index);

}  // namespace carat::tokenizer
