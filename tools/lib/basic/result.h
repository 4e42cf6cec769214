// SPDX-License-Identifier: BSD-3-Clause
// A value, or the reason why there is none.  The library returns these; only
// the programs print them, once.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chos {

/// Why something could not be done, in words for a person.
struct Error {
  std::string what;    ///< one sentence without a full stop; names the file, and the line if any
  std::string remedy;  ///< what to do next; may be empty
  int code = 0;        ///< the errno behind it, or 0
  /// More lines, to be shown below `what`: the last lines of a program, more complaints about a file.  A line
  /// break in a text never begins a line of its own, because a name from elsewhere may have one.
  std::vector<std::string> lines = {};
  /// Its cause is not in what was worked on (one tree of many), so the next one would meet it too.
  bool general = false;

  /// `what` and the lines, joined by line breaks: to search in, not to show.
  std::string all() const {
    std::string out = what;
    for (const auto& line : lines) out += "\n" + line;
    return out;
  }
};

/// The same error, marked as general.
inline Error general_error(Error error) {
  error.general = true;
  return error;
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Done, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

/// "WHAT: strerror(code)", with the errno kept in the result.
Error system_error(const std::string& what, int code, const std::string& remedy = {});

}  // namespace chos
