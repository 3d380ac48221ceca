#pragma once

#include <concepts>
#include <optional>

namespace carat {

/// Integer arithmetic that remembers whether it ever left the range of T. Every size that comes from a file goes
/// through it: a wrapped product followed by a large copy is the peers' most repeated bug.
///
///     auto bytes = (Checked<std::uint64_t>(rows) * row_bytes + header).value();
///     if (!bytes) return corrupt("…: size overflows 64 bits");
template <std::unsigned_integral T>
class Checked {
 public:
  constexpr Checked(T value) : value_(value) {}  // NOLINT: implicit by design

  constexpr Checked operator+(Checked other) const {
    Checked r(0);
    r.ok_ = ok_ && other.ok_ && !__builtin_add_overflow(value_, other.value_, &r.value_);
    return r;
  }
  constexpr Checked operator-(Checked other) const {
    Checked r(0);
    r.ok_ = ok_ && other.ok_ && !__builtin_sub_overflow(value_, other.value_, &r.value_);
    return r;
  }
  constexpr Checked operator*(Checked other) const {
    Checked r(0);
    r.ok_ = ok_ && other.ok_ && !__builtin_mul_overflow(value_, other.value_, &r.value_);
    return r;
  }
  /// Rounds up to a multiple of `alignment` (> 0).
  constexpr Checked align_up(T alignment) const {
    const T rest = value_ % alignment;
    return rest == 0 ? *this : *this + Checked(alignment - rest);
  }

  constexpr bool ok() const { return ok_; }
  constexpr std::optional<T> value() const { return ok_ ? std::optional<T>(value_) : std::nullopt; }

 private:
  T value_;
  bool ok_ = true;
};

}  // namespace carat
