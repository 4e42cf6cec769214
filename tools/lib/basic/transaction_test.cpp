// SPDX-License-Identifier: BSD-3-Clause
#include "basic/transaction.h"

#include <gtest/gtest.h>

namespace chos {
namespace {

TEST(Transactions, UndoInReverseAndToTheEnd) {
  std::string order;
  Transaction changes;
  changes.done("a", [&order]() -> Status {
    order += "a";
    return {};
  });
  changes.done("b", [&order]() -> Status {
    order += "b";
    return Error{"no", "", 5};
  });
  changes.done("c", [&order]() -> Status {
    order += "c";
    return {};
  });
  const auto undone = changes.rollback();
  EXPECT_EQ(order, "cba");
  ASSERT_EQ(undone.size(), 3u);
  EXPECT_EQ(undone[1].what, "b");
  EXPECT_FALSE(undone[1].status);
  EXPECT_TRUE(changes.rollback().empty());
  changes.done("d", [&order]() -> Status {
    order += "d";
    return {};
  });
  changes.commit();
  EXPECT_TRUE(changes.rollback().empty());
  EXPECT_EQ(order, "cba");
}

TEST(Transactions, TakeOverTheStepsOfAnother) {
  std::string order;
  Transaction changes, more;
  const auto note = [&order](const char* text) {
    return [&order, text]() -> Status {
      order += text;
      return {};
    };
  };
  changes.done("a", note("a"));
  more.done("b", note("b"));
  more.done("c", note("c"));
  changes.append(std::move(more));
  EXPECT_EQ(more.size(), 0u);
  EXPECT_EQ(changes.rollback_to(1).size(), 2u);
  EXPECT_EQ(order, "cb");
  changes.rollback();
  EXPECT_EQ(order, "cba");
}

}  // namespace
}  // namespace chos
