#include "formats/safetensors/safetensors_header.h"

#include <fmt/core.h>

#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "formats/limits.h"
#include "formats/printable.h"

namespace carat::formats {
namespace {

/// More than 100,000 tensors and their numbers need.
constexpr std::uint64_t kMaxValues = 4'000'000;
constexpr std::size_t kMaxUnknownDepth = 64;  ///< of a field that is skipped

/// The text for the parser, which keeps the token it is in: ends where no quotation mark comes for too long, and at a
/// NUL, which the parser would take for the end.
class Characters {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Characters(std::string_view text, std::string_view where, std::optional<Error>* problem)
      : at_(text.data()), end_(text.data() + text.size()), where_(where), problem_(problem) {
    look();
  }
  /// The end of all.
  explicit Characters(std::string_view text) : at_(text.data() + text.size()), end_(at_) {}
  reference operator*() const { return *at_; }
  Characters& operator++() {
    const char c = *at_;
    ++at_;
    const bool quote = c == '"' && !escaped_;
    escaped_ = c == '\\' && !escaped_;
    since_quote_ = quote ? 0 : since_quote_ + 1;
    look();
    return *this;
  }
  Characters operator++(int) {
    Characters before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Characters& other) const { return at_ == other.at_; }
  bool operator!=(const Characters& other) const { return at_ != other.at_; }

 private:
  void look() {
    if (at_ == end_) return;
    if (since_quote_ > kMaxSafetensorsStringBytes) {
      *problem_ =
          limit_exceeded(fmt::format("{}: the header has more than {} bytes between two quotation marks, the most "
                                     "allowed; download the file again",
                                     where_, kMaxSafetensorsStringBytes));
    } else if (*at_ == '\0') {
      *problem_ = corrupt(
          fmt::format("{}: the header is not valid JSON (a NUL byte); copy or download the file again", where_));
    } else {
      return;
    }
    at_ = end_;
  }

  const char* at_;
  const char* end_;
  std::string_view where_;
  std::optional<Error>* problem_ = nullptr;  // outlives all copies
  std::size_t since_quote_ = 0;
  bool escaped_ = false;
};

/// What is between the braces of one tensor, as it comes in.
struct Entry {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::uint64_t> offsets;
  std::size_t n_extents = 0, n_offsets = 0;
  bool has_dtype = false, has_shape = false, has_offsets = false;
  bool shape_ok = true, offsets_ok = true;  // made of integers of their kind
};

class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  bool null() override { return scalar(); }
  bool boolean(bool) override { return scalar(); }
  bool number_integer(number_integer_t v) override { return integer(v < 0, static_cast<std::uint64_t>(v)); }
  bool number_unsigned(number_unsigned_t v) override { return integer(false, v); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return scalar(); }
  bool string(string_t& v) override {
    if (place_ == Place::kMetadata) return add_metadata(v);
    if (place_ == Place::kTensor && field_ == "dtype") {
      entry_.dtype = v;
      return once(entry_.has_dtype) && count();
    }
    return scalar();
  }

  bool start_object(std::size_t) override {
    if (!count()) return false;
    switch (place_) {
      case Place::kNothing:
        place_ = Place::kTop;
        return true;
      case Place::kTop:
        place_ = name_ == "__metadata__" ? Place::kMetadata : Place::kTensor;
        entry_ = {};
        return true;
      default:
        return open_other();
    }
  }
  bool end_object() override {
    if (place_ == Place::kUnknown) return close_unknown();
    if (place_ == Place::kTensor && !finish_entry()) return false;
    place_ = place_ == Place::kTop ? Place::kNothing : Place::kTop;
    return true;
  }
  bool start_array(std::size_t) override {
    if (!count()) return false;
    if (place_ == Place::kTensor && field_ == "shape") {
      place_ = Place::kShape;
      return once(entry_.has_shape);
    }
    if (place_ == Place::kTensor && field_ == "data_offsets") {
      place_ = Place::kOffsets;
      return once(entry_.has_offsets);
    }
    return open_other();
  }
  bool end_array() override {
    if (place_ == Place::kUnknown) return close_unknown();
    place_ = Place::kTensor;
    return true;
  }

  bool key(string_t& v) override {
    if (place_ == Place::kTop) {
      name_ = v;
      return name_ == "__metadata__" ? begin_metadata() : begin_tensor();
    }
    if (place_ != Place::kUnknown) field_ = v;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    if (!error_) {
      error_ =
          corrupt(fmt::format("{}: the header is not valid JSON (at byte {} of it{}); copy or download the file again",
                              where_, position, name_.empty() ? "" : ", at " + printable(name_)));
    }
    return false;
  }

  Result<SafetensorsHeader> finish() && {
    if (error_) return *std::move(error_);
    return std::move(header_);
  }

 private:
  enum class Place { kNothing, kTop, kMetadata, kTensor, kShape, kOffsets, kUnknown };

  bool fail(Error error) {
    error_ = std::move(error);
    return false;
  }
  bool fail_entry() {
    return fail(corrupt(
        fmt::format("{}: tensor {} must have dtype, shape and data_offsets of their types", where_, printable(name_))));
  }

  bool known_field() const { return field_ == "dtype" || field_ == "shape" || field_ == "data_offsets"; }

  bool once(bool& has) {
    if (!std::exchange(has, true)) return true;
    return fail(corrupt(fmt::format("{}: tensor {} has its {} twice", where_, printable(name_), printable(field_))));
  }

  bool count() {
    if (++n_values_ <= kMaxValues) return true;
    return fail(
        limit_exceeded(fmt::format("{}: the header has more than {} values, the most allowed", where_, kMaxValues)));
  }

  bool scalar() {
    if (!count()) return false;
    switch (place_) {
      case Place::kTop:
        return name_ == "__metadata__"
                   ? fail(corrupt(fmt::format("{}: __metadata__ is not an object of strings", where_)))
                   : fail_entry();
      case Place::kMetadata:
        return not_a_string();
      case Place::kTensor:
        return !known_field() || fail_entry();
      case Place::kShape:
        entry_.shape_ok = false;
        return extent(0);
      case Place::kOffsets:
        entry_.offsets_ok = false;
        return offset(0);
      default:
        return true;
    }
  }
  bool integer(bool negative, std::uint64_t v) {
    if (place_ == Place::kShape && (negative || v <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})) {
      return count() && extent(static_cast<std::int64_t>(v));
    }
    if (place_ == Place::kOffsets && !negative) return count() && offset(v);
    return scalar();
  }
  bool extent(std::int64_t v) {
    if (++entry_.n_extents <= kMaxSafetensorsDims) entry_.shape.push_back(v);
    return true;
  }
  bool offset(std::uint64_t v) {
    if (++entry_.n_offsets <= 2) entry_.offsets.push_back(v);
    return true;
  }

  /// An object or array where none is known: skipped in a field that is not known either.
  bool open_other() {
    switch (place_) {
      case Place::kNothing:
        return fail(corrupt(fmt::format("{}: the header is not a JSON object; it is no safetensors file", where_)));
      case Place::kMetadata:
        return not_a_string();
      case Place::kTensor:
        if (known_field()) return fail_entry();
        place_ = Place::kUnknown;
        depth_ = 1;
        return true;
      case Place::kUnknown:
        if (++depth_ <= kMaxUnknownDepth) return true;
        return fail(
            corrupt(fmt::format("{}: the header is not valid JSON (tensor {} has a field nested deeper than {})",
                                where_, printable(name_), kMaxUnknownDepth)));
      default:
        return scalar() && fail_numbers();
    }
  }
  bool fail_numbers() {
    return fail(
        corrupt(fmt::format("{}: tensor {} has a shape that is not made of integers or data_offsets that are "
                            "not [begin, end]",
                            where_, printable(name_))));
  }
  bool close_unknown() {
    if (--depth_ == 0) place_ = Place::kTensor;
    return true;
  }

  bool begin_metadata() {
    if (!std::exchange(has_metadata_, true)) return true;
    return fail(corrupt(fmt::format("{}: __metadata__ is there twice", where_)));
  }
  bool not_a_string() {
    return fail(corrupt(fmt::format("{}: __metadata__.{} is not a string", where_, printable(field_))));
  }
  bool add_metadata(const std::string& text) {
    n_metadata_bytes_ += field_.size() + text.size();
    if (n_metadata_bytes_ > kMaxStringBytes || header_.metadata.size() >= kMaxTensors) {
      return fail(limit_exceeded(fmt::format("{}: __metadata__ has more than {} entries or {} bytes, the most allowed",
                                             where_, kMaxTensors, kMaxStringBytes)));
    }
    header_.metadata[field_] = text;
    return count();
  }

  bool begin_tensor() {
    if (name_.empty() || name_.size() > kMaxNameBytes) {
      return fail(limit_exceeded(
          fmt::format("{}: the tensor name \"{}\" must have 1 to {} bytes", where_, printable(name_), kMaxNameBytes)));
    }
    if (header_.entries.size() < kMaxTensors) return true;
    return fail(limit_exceeded(fmt::format("{}: has more than {} tensors, the most allowed", where_, kMaxTensors)));
  }
  bool finish_entry() {
    if (!entry_.has_dtype || !entry_.has_shape || !entry_.has_offsets) return fail_entry();
    const std::string shown = printable(name_);
    if (entry_.n_extents > kMaxSafetensorsDims) {
      return fail(limit_exceeded(fmt::format("{}: tensor {} has {} dimensions; at most {} are allowed", where_, shown,
                                             entry_.n_extents, kMaxSafetensorsDims)));
    }
    if (!entry_.shape_ok) {
      return fail(corrupt(fmt::format("{}: tensor {} has a shape that is not made of integers", where_, shown)));
    }
    if (!entry_.offsets_ok || entry_.n_offsets != 2 || entry_.offsets[0] > entry_.offsets[1]) {
      return fail(corrupt(
          fmt::format("{}: tensor {} has data_offsets that are not [begin, end] with begin <= end", where_, shown)));
    }
    header_.entries.push_back(
        {name_, std::move(entry_.dtype), std::move(entry_.shape), entry_.offsets[0], entry_.offsets[1]});
    return true;
  }

  std::string_view where_;
  Place place_ = Place::kNothing;
  std::string name_, field_;  // the keys that are open
  Entry entry_;
  std::size_t depth_ = 0;  // of an unknown field
  std::uint64_t n_values_ = 0, n_metadata_bytes_ = 0;
  bool has_metadata_ = false;
  SafetensorsHeader header_;
  std::optional<Error> error_;
};

}  // namespace

Result<SafetensorsHeader> read_safetensors_header(std::string_view text, std::string_view where) {
  if (!text.empty() && text.front() != '{') {
    return corrupt(fmt::format("{}: the header is not a JSON object; it is no safetensors file", where));
  }
  std::optional<Error> problem;
  Reader reader(where);
  const bool whole = nlohmann::json::sax_parse(Characters(text, where, &problem), Characters(text), &reader);
  if (problem) return *std::move(problem);
  auto header = std::move(reader).finish();
  if (header && !whole) return internal_error("the JSON parser stopped without a reason");
  return header;
}

}  // namespace carat::formats
