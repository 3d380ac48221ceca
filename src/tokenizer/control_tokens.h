#pragma once

#include <algorithm>
#include <array>
#include <string_view>

/// The control strings of Gemma 4 and Gemma 3 (spec/tokenizer-and-chat.md 1.2 and 2.12): the one table of them.
/// Ids are looked up by these texts, never assumed. A piece with such a text is control whatever type its file gives
/// it, so that a user's text can never become one.
namespace carat::tokenizer::control {

inline constexpr std::string_view kPad = "<pad>";
inline constexpr std::string_view kEos = "<eos>";
inline constexpr std::string_view kBos = "<bos>";
inline constexpr std::string_view kUnk = "<unk>";
inline constexpr std::string_view kMask = "<mask>";

inline constexpr std::string_view kToolOpen = "<|tool>";  // a tool's declaration
inline constexpr std::string_view kToolClose = "<tool|>";
inline constexpr std::string_view kToolCallOpen = "<|tool_call>";
inline constexpr std::string_view kToolCallClose = "<tool_call|>";
inline constexpr std::string_view kToolResponseOpen = "<|tool_response>";  // also a stop token
inline constexpr std::string_view kToolResponseClose = "<tool_response|>";
inline constexpr std::string_view kQuote = "<|\"|>";  // opens and closes a string value
inline constexpr std::string_view kThink = "<|think|>";
inline constexpr std::string_view kChannelOpen = "<|channel>";
inline constexpr std::string_view kChannelClose = "<channel|>";
inline constexpr std::string_view kTurnOpen = "<|turn>";
inline constexpr std::string_view kTurnClose = "<turn|>";
inline constexpr std::string_view kImageOpen = "<|image>";
inline constexpr std::string_view kImageClose = "<image|>";
inline constexpr std::string_view kImage = "<|image|>";  // placeholder and soft token
inline constexpr std::string_view kAudioOpen = "<|audio>";
inline constexpr std::string_view kAudioClose = "<audio|>";
inline constexpr std::string_view kAudio = "<|audio|>";
inline constexpr std::string_view kVideo = "<|video|>";

// Gemma 3. The last two are not used by its text format, but a picture's end written by a user would be a hole too.
inline constexpr std::string_view kStartOfTurn = "<start_of_turn>";
inline constexpr std::string_view kEndOfTurn = "<end_of_turn>";
inline constexpr std::string_view kStartOfImage = "<start_of_image>";
inline constexpr std::string_view kEndOfImage = "<end_of_image>";
inline constexpr std::string_view kImageSoftToken = "<image_soft_token>";

inline constexpr std::array kAll = {
    kPad,
    kEos,
    kBos,
    kUnk,
    kMask,
    kToolOpen,
    kToolClose,
    kToolCallOpen,
    kToolCallClose,
    kToolResponseOpen,
    kToolResponseClose,
    kQuote,
    kThink,
    kChannelOpen,
    kChannelClose,
    kTurnOpen,
    kTurnClose,
    kImageOpen,
    kImageClose,
    kImage,
    kAudioOpen,
    kAudioClose,
    kAudio,
    kVideo,
    kStartOfTurn,
    kEndOfTurn,
    kStartOfImage,
    kEndOfImage,
    kImageSoftToken,
};

constexpr bool is_control_text(std::string_view text) {
  return std::find(kAll.begin(), kAll.end(), text) != kAll.end();
}

}  // namespace carat::tokenizer::control
