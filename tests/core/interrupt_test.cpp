#include "core/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace voxpack {
namespace {

class Interrupt : public testing::Test {
 protected:
  void TearDown() override { interrupt_signal = 0; }
};

TEST_F(Interrupt, NothingWasAsked) { EXPECT_TRUE(check_interrupt().ok()); }

TEST_F(Interrupt, BothSignalsStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    interrupt_signal = signal;
    EXPECT_EQ(check_interrupt().code(), Errc::interrupted);
    EXPECT_EQ(check_interrupt().message(), "interrupted; nothing was written");
  }
}

TEST_F(Interrupt, CanBeSetBySignalHandlers) {
  EXPECT_TRUE(interrupt_signal.is_always_lock_free);
  const auto before = std::signal(SIGTERM, [](int signal) { interrupt_signal = signal; });
  std::raise(SIGTERM);
  std::signal(SIGTERM, before);
  EXPECT_EQ(interrupt_signal, SIGTERM);
  EXPECT_FALSE(check_interrupt().ok());
}

}  // namespace
}  // namespace voxpack
