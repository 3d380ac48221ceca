#pragma once

#include <cstdint>

namespace carat::formats {

// What a model file may claim before a reader refuses it (reliability-security.md 4.3, "model file").
inline constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{256} << 20;  ///< metadata and tensor infos together
inline constexpr std::uint64_t kMaxMetadataKeys = 1'000'000;
inline constexpr std::uint64_t kMaxTensors = 100'000;
inline constexpr std::uint64_t kMaxNameBytes = 256;    ///< of a tensor
inline constexpr std::uint64_t kMaxKeyBytes = 65'535;  ///< of a metadata key (GGUF's own limit)
inline constexpr std::uint64_t kMaxStringBytes = std::uint64_t{16} << 20;
inline constexpr std::uint64_t kMaxArrayBytes = std::uint64_t{128} << 20;  ///< in total: 4 million merges fit
inline constexpr std::uint64_t kMaxGgufDims = 4;
inline constexpr std::uint64_t kMaxSafetensorsDims = 8;
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;  ///< as in the format's own library
inline constexpr std::uint64_t kMaxSafetensorsStringBytes = std::uint64_t{4}
                                                            << 20;  ///< a name, a value of __metadata__
inline constexpr std::uint64_t kMinAlignment = 8;
inline constexpr std::uint64_t kMaxAlignment = 65'536;
inline constexpr std::uint64_t kMaxParts = 1'000;                         ///< files of a split or sharded model
inline constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{4} << 20;  ///< config.json, generation_config.json
inline constexpr std::uint64_t kMaxTokenizerConfigBytes = std::uint64_t{8} << 20;  ///< Gemma's: 1.2 MB of added tokens
inline constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{16} << 20;  ///< model.safetensors.index.json

}  // namespace carat::formats
