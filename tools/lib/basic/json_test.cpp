// SPDX-License-Identifier: BSD-3-Clause
#include "basic/json.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace chos {
namespace {

TEST(JsonText, KeepsTheOrderOfMembers) {
  Json list = Json::array();
  list.push_back({{"z", 1}, {"a", nullptr}});
  const Json json{{"name", "trixie"}, {"closed", false}, {"list", list}, {"none", std::optional<int>()}};
  EXPECT_EQ(json.line(), R"({"name":"trixie","closed":false,"list":[{"z":1,"a":null}],"none":null})");
  EXPECT_EQ(Json({{"k", "v"}}).text(), "{\n  \"k\": \"v\"\n}");
}

TEST(JsonText, HasNoBytesThatAreNoUtf8) {
  EXPECT_EQ(Json(std::string("a\xff")).line(), "\"a\\ufffd\"");
  EXPECT_EQ(Json(std::string("\033[31m")).line(), "\"\\u001b[31m\"");
}

TEST(JsonText, HasNothingThatATerminalActsOn) {
  const std::string text = "\xc2\x9b\xe2\x80\xae\x7f\xc3\xa4\xf0\x9f\x90\xa7";
  EXPECT_EQ(Json(text).line(), "\"\\u009b\\u202e\\u007f\\u00e4\\ud83d\\udc27\"");
  EXPECT_EQ(Json::parse(Json(text).line())->view().string(), text);
}

TEST(JsonText, IsChangedByCopiesOfItsOwn) {
  Json json{{"a", 1}};
  const Json copy = json;
  json.set("a", 2);
  EXPECT_EQ(copy.line(), R"({"a":1})");
  EXPECT_EQ(json.line(), R"({"a":2})");
}

TEST(JsonReading, FindsWhatIsThere) {
  const auto json = Json::parse(R"({"name": "x", "sizes": [1, 18446744073709551615], "words": ["a", "b"]})");
  ASSERT_TRUE(json);
  const auto view = json->view();
  EXPECT_EQ(view.at("name").string(), "x");
  EXPECT_EQ(view.at("sizes").at(1).number(), 18446744073709551615ULL);
  EXPECT_EQ(view.at("sizes").items().size(), 2u);
  EXPECT_EQ(view.value("words", std::vector<std::string>()), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(view.value("absent", "otherwise"), "otherwise");
  EXPECT_FALSE(view.find("absent"));
  EXPECT_FALSE(view.at("name").find("member"));
}

TEST(JsonReading, ThrowsOnAnotherForm) {
  const auto json = Json::parse(R"({"name": "x"})");
  ASSERT_TRUE(json);
  EXPECT_THROW(json->view().at("absent"), JsonError);
  EXPECT_THROW(json->view().at("name").number(), JsonError);
  EXPECT_THROW(json->view().at("name").items(), JsonError);
  EXPECT_THROW(json->view().value("name", true), JsonError);
}

TEST(JsonReading, RefusesWhatIsNoJson) {
  const auto json = Json::parse("{\"a\": ");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, EINVAL);
}

}  // namespace
}  // namespace chos
