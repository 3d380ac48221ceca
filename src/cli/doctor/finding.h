#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace carat::cli {

/// One thing that `carat doctor` looked at.
struct Finding {
  enum class State : std::uint8_t {
    kOk,
    kNote,     ///< works, and could be better
    kProblem,  ///< something will not work
  };

  State state = State::kOk;
  std::string topic;                ///< a word or two: "huge pages"
  std::string text;                 ///< what was found, on one line
  std::string advice;               ///< what to do, on one line; empty where there is nothing to do
  ErrorCode code = ErrorCode::kIo;  ///< of a problem: decides the exit code
};

inline Finding fine(std::string topic, std::string text) {
  return {Finding::State::kOk, std::move(topic), std::move(text), "", ErrorCode::kIo};
}
inline Finding note(std::string topic, std::string text, std::string advice) {
  return {Finding::State::kNote, std::move(topic), std::move(text), std::move(advice), ErrorCode::kIo};
}
inline Finding problem(std::string topic, std::string text, std::string advice, ErrorCode code = ErrorCode::kIo) {
  return {Finding::State::kProblem, std::move(topic), std::move(text), std::move(advice), code};
}

}  // namespace carat::cli
