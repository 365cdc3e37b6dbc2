#include "core/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace voxpack {
namespace {

Status fail_if(bool fail) {
  if (fail) return {Errc::bad_data, "stream 3: 812 bytes, table says 820"};
  return {};
}

Status try_both(bool first, bool second, int& reached) {
  VOXPACK_TRY(fail_if(first));
  reached = 1;
  VOXPACK_TRY(fail_if(second));
  reached = 2;
  return {};
}

Result<int> half(int value) {
  if (value % 2 != 0) return {Errc::usage, std::to_string(value) + " is odd"};
  return value / 2;
}

Result<int> quarter(int value) {
  VOXPACK_ASSIGN(const int once, half(value));
  VOXPACK_ASSIGN(const int twice, half(once));
  return twice;
}

TEST(Status, IsOkByDefault) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Errc::ok);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, CodesAreTheExitCodes) {
  EXPECT_EQ(static_cast<int>(Errc::difference), 1);
  EXPECT_EQ(static_cast<int>(Errc::usage), 2);
  EXPECT_EQ(static_cast<int>(Errc::io), 3);
  EXPECT_EQ(static_cast<int>(Errc::bad_data), 4);
  EXPECT_EQ(static_cast<int>(Errc::unsupported), 5);
  EXPECT_EQ(static_cast<int>(Errc::device), 6);
  EXPECT_EQ(static_cast<int>(Errc::internal), 7);
  EXPECT_EQ(static_cast<int>(Errc::interrupted), 130);
}

TEST(Status, InAddsWhereToErrorsOnly) {
  EXPECT_EQ(fail_if(true).in("a.vxp").in("batch").message(),
            "batch: a.vxp: stream 3: 812 bytes, table says 820");
  EXPECT_EQ(fail_if(true).in("a.vxp").code(), Errc::bad_data);
  EXPECT_EQ(fail_if(false).in("a.vxp").message(), "");
}

TEST(Status, TryReturnsTheFirstError) {
  int reached = 0;
  EXPECT_EQ(try_both(true, false, reached).code(), Errc::bad_data);
  EXPECT_EQ(reached, 0);
  EXPECT_FALSE(try_both(false, true, reached).ok());
  EXPECT_EQ(reached, 1);
  EXPECT_TRUE(try_both(false, false, reached).ok());
  EXPECT_EQ(reached, 2);
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_TRUE(quarter(12).error().ok());
  const Result<int> odd_at_first = quarter(7);
  ASSERT_FALSE(odd_at_first.ok());
  EXPECT_EQ(odd_at_first.error().message(), "7 is odd");
  EXPECT_EQ(quarter(14).error().message(), "7 is odd");
  EXPECT_EQ(quarter(14).error().code(), Errc::usage);
}

TEST(Result, InAddsWhereAndKeepsValues) {
  EXPECT_EQ(half(3).in("option").error().message(), "option: 3 is odd");
  EXPECT_EQ(half(8).in("option").value(), 4);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made = std::make_unique<int>(5);
  ASSERT_TRUE(made.ok());
  *made.value() = 6;
  const std::unique_ptr<int> taken = std::move(made).take();
  EXPECT_EQ(*taken, 6);
}

}  // namespace
}  // namespace voxpack
