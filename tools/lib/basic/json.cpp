// SPDX-License-Identifier: BSD-3-Clause
#include "basic/json.h"

#include <cerrno>
#include <iostream>
#include <utility>

#include <nlohmann/json.hpp>

namespace chos {
namespace {

using Value = nlohmann::ordered_json;

// Runs `read`, with the library's exceptions turned into ours.
template <typename Read>
auto reading(Read read) {
  try {
    return read();
  } catch (const Value::exception& error) {
    throw JsonError(error.what());
  }
}

template <typename T>
std::unique_ptr<Value> made(T&& value) {
  return std::make_unique<Value>(std::forward<T>(value));
}

}  // namespace

JsonView JsonView::at(const std::string& key) const {
  return reading([&] { return JsonView(value_->at(key)); });
}

JsonView JsonView::at(std::size_t index) const {
  return reading([&] { return JsonView(value_->at(index)); });
}

std::size_t JsonView::size() const { return value_->size(); }

std::vector<JsonView> JsonView::items() const {
  if (!value_->is_array()) throw JsonError("expected an array, found " + std::string(value_->type_name()));
  std::vector<JsonView> out;
  out.reserve(value_->size());
  for (const auto& item : *value_) out.emplace_back(item);
  return out;
}

std::string JsonView::string() const {
  return reading([&] { return value_->get<std::string>(); });
}

std::uint64_t JsonView::number() const {
  return reading([&] { return value_->get<std::uint64_t>(); });
}

bool JsonView::has(const std::string& key) const { return value_->contains(key); }

std::string JsonView::value(const std::string& key, const std::string& otherwise) const {
  return reading([&] { return value_->value(key, otherwise); });
}

std::string JsonView::value(const std::string& key, const char* otherwise) const {
  return value(key, std::string(otherwise));
}

bool JsonView::value(const std::string& key, bool otherwise) const {
  return reading([&] { return value_->value(key, otherwise); });
}

std::uint64_t JsonView::value(const std::string& key, std::uint64_t otherwise) const {
  return reading([&] { return value_->value(key, otherwise); });
}

std::vector<std::string> JsonView::value(const std::string& key,
                                         const std::vector<std::string>& otherwise) const {
  return reading([&] { return value_->value(key, otherwise); });
}

std::optional<JsonView> JsonView::find(const std::string& key) const {
  const auto at = value_->find(key);
  if (at == value_->end()) return std::nullopt;
  return JsonView(*at);
}

Json::Json() : value_(std::make_unique<Value>()) {}
Json::Json(bool value) : value_(made(value)) {}
Json::Json(int value) : value_(made(value)) {}
Json::Json(unsigned value) : value_(made(value)) {}
Json::Json(long value) : value_(made(value)) {}
Json::Json(unsigned long value) : value_(made(value)) {}
Json::Json(long long value) : value_(made(value)) {}
Json::Json(unsigned long long value) : value_(made(value)) {}
Json::Json(const char* text) : value_(made(text)) {}
Json::Json(std::string_view text) : value_(made(text)) {}
Json::Json(const std::string& text) : value_(made(text)) {}
Json::Json(const std::vector<std::string>& texts) : value_(made(texts)) {}
Json::Json(const std::map<std::string, unsigned long long>& members) : value_(made(members)) {}

Json::Json(std::initializer_list<Member> members) : value_(made(Value::object())) {
  for (const auto& [key, value] : members) (*value_)[key] = *value.value_;
}

Json::Json(const Json& other) : value_(std::make_unique<Value>(*other.value_)) {}
Json::Json(Json&& other) noexcept = default;
Json::~Json() = default;

Json& Json::operator=(Json other) noexcept {
  value_ = std::move(other.value_);
  return *this;
}

Json Json::array() {
  Json out;
  *out.value_ = Value::array();
  return out;
}

void Json::push_back(const Json& value) { value_->push_back(*value.value_); }

void Json::set(const std::string& key, const Json& value) { (*value_)[key] = *value.value_; }

// In ASCII: a terminal acts on some characters beyond it.
std::string Json::text() const { return value_->dump(2, ' ', true, Value::error_handler_t::replace); }

std::string Json::line() const { return value_->dump(-1, ' ', true, Value::error_handler_t::replace); }

void print_json(const Json& json) { std::cout << json.text() << "\n"; }

Result<Json> Json::parse(const std::string& text) {
  try {
    Json out;
    *out.value_ = Value::parse(text);
    return out;
  } catch (const Value::exception& error) {
    return Error{error.what(), "", EINVAL};
  }
}

}  // namespace chos
