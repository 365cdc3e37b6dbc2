// The request to stop (Ctrl-C, SIGTERM), set by a signal handler and polled by long loops.
#pragma once

#include <atomic>

#include "core/status.h"

namespace voxpack {

inline std::atomic<int> interrupt_signal{0};  // 0: none; else SIGINT or SIGTERM

inline Status check_interrupt() {
  if (interrupt_signal.load(std::memory_order_relaxed) == 0) return {};
  return {Errc::interrupted, "interrupted; nothing was written"};
}

}  // namespace voxpack
