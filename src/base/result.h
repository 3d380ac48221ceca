#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace carat {

/// A value or an Error; member names are those of std::expected, which g++ 12 lacks in C++20.
///
///     Result<GgufFile> open(std::string path);
///     ASSIGN_OR_RETURN(GgufFile file, open(path));
///
/// Never throws; reading the value of a failed Result is a programming error and aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    CARAT_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CARAT_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CARAT_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    CARAT_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    CARAT_CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }

  const Error& error() const& {
    CARAT_CHECK(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    CARAT_CHECK(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

/// Returns the error of `expr` (a Result of any type) from the enclosing function, if it has one.
#define RETURN_IF_ERROR(expr)                          \
  do {                                                 \
    if (auto carat_result_ = (expr); !carat_result_) { \
      return std::move(carat_result_).error();         \
    }                                                  \
  } while (false)

#define CARAT_CONCAT_INNER(a, b) a##b
#define CARAT_CONCAT(a, b) CARAT_CONCAT_INNER(a, b)

/// `ASSIGN_OR_RETURN(auto x, expr);` declares x from the value of `expr`, or returns its error.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_IMPL(CARAT_CONCAT(carat_result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                          \
  if (!result) return std::move(result).error(); \
  lhs = std::move(result).value()

}  // namespace carat
