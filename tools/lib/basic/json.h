// SPDX-License-Identifier: BSD-3-Clause
// JSON, written and read with nlohmann-json.  Only json.cpp includes that library whole, which takes
// seconds to compile.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "basic/result.h"

namespace chos {

/// A value does not have the form that its reader expects; what() says which form was expected.
struct JsonError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A value inside a Json, which must live as long.  The functions throw JsonError if the value has another
/// type, or if there is no such member.
class JsonView {
 public:
  explicit JsonView(const nlohmann::ordered_json& value) : value_(&value) {}

  JsonView at(const std::string& key) const;  ///< a member of an object
  JsonView at(std::size_t index) const;       ///< an element of an array
  std::size_t size() const;                   ///< of an array or object
  std::vector<JsonView> items() const;        ///< of an array

  std::string string() const;
  std::uint64_t number() const;

  /// A member of an object, or `otherwise` if the object does not have it.
  std::string value(const std::string& key, const std::string& otherwise) const;
  std::string value(const std::string& key, const char* otherwise) const;
  bool value(const std::string& key, bool otherwise) const;
  std::uint64_t value(const std::string& key, std::uint64_t otherwise) const;
  std::vector<std::string> value(const std::string& key, const std::vector<std::string>& otherwise) const;
  bool has(const std::string& key) const;  ///< whether an object has this member
  /// The object `key` of an object, or nothing.
  std::optional<JsonView> find(const std::string& key) const;

 private:
  const nlohmann::ordered_json* value_;
};

/// A value to be written, or one that was parsed.  Members keep their order.
class Json {
 public:
  struct Member;

  Json();  ///< null
  Json(std::nullptr_t) : Json() {}
  Json(bool value);
  Json(int value);
  Json(unsigned value);
  Json(long value);
  Json(unsigned long value);
  Json(long long value);
  Json(unsigned long long value);
  Json(const char* text);
  Json(std::string_view text);
  Json(const std::string& text);
  Json(const std::vector<std::string>& texts);
  Json(const std::map<std::string, unsigned long long>& members);
  template <typename T>
  Json(const std::optional<T>& value) : Json() {
    if (value) *this = Json(*value);
  }
  /// An object.
  Json(std::initializer_list<Member> members);

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json array();
  void push_back(const Json& value);                    ///< to an array
  void set(const std::string& key, const Json& value);  ///< of an object

  /// Indented by two blanks.  Bytes that are no UTF-8 become U+FFFD: names of files need not be UTF-8.
  std::string text() const;
  std::string line() const;  ///< the same on one line

  /// Error EINVAL: the text is no JSON; the message says where, but not in which file.
  static Result<Json> parse(const std::string& text);
  JsonView view() const { return JsonView(*value_); }

 private:
  std::unique_ptr<nlohmann::ordered_json> value_;
};

struct Json::Member {
  std::string key;
  Json value;
};

/// Writes it to standard output, with a newline.
void print_json(const Json& json);

}  // namespace chos
