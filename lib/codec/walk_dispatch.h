// Picks the build of the walk: by the number of channels, and on x86-64 by the processor. All give
// the same integers.
#pragma once

#include <memory>

#include "codec/attribute_walk.h"

namespace voxpack {

#if defined(__x86_64__) && defined(__GNUC__)
template <class Walk>
[[gnu::target("avx2,bmi,bmi2,lzcnt"), gnu::flatten]] void run_walk_avx2(Walk& walk,
                                                                        std::span<int32_t> points) {
  walk.run(points);
}
#endif

template <int kStride, class Policy>
void run_walk(const Tree& tree, std::span<const uint32_t> weights,
              std::span<const CodedChannel> channels, Policy& policy, std::span<int32_t> points) {
  const auto walk =
      std::make_unique<AttributeWalk<Policy, kStride>>(tree, weights, channels, policy);
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("lzcnt")) {
    return run_walk_avx2(*walk, points);
  }
#endif
  walk->run(points);
}

// Walks with rows that the channels fit into; `points` as in AttributeWalk::run().
template <class Policy>
void walk_attributes(const Tree& tree, std::span<const uint32_t> weights,
                     std::span<const CodedChannel> channels, Policy& policy,
                     std::span<int32_t> points) {
  if (channels.size() <= 8) return run_walk<8>(tree, weights, channels, policy, points);
  if (channels.size() <= 16) return run_walk<16>(tree, weights, channels, policy, points);
  run_walk<kRowMax>(tree, weights, channels, policy, points);
}

}  // namespace voxpack
