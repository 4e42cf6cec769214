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

}  // namespace
}  // namespace chos
