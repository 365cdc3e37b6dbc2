// Picks the build of the walk: by the number of channels, and on x86-64 by the processor. All give
// the same integers.
#pragma once

#include <memory>

#include "codec/attribute_walk.h"

namespace voxpack {

#if defined(__x86_64__) && defined(__GNUC__)
template <class Walk>
[[gnu::target("avx2,bmi,bmi2"), gnu::flatten]] void run_walk_avx2(Walk& walk, PointSink& sink) {
  walk.run(sink);
}
#endif

template <int kStride>
std::vector<NumberRange> ranges_of(const PointRange<kStride>& range, size_t channel_count) {
  std::vector<NumberRange> ranges;
  for (size_t ch = 0; ch < channel_count; ++ch) {
    ranges.push_back({range.lowest.at[ch], range.highest.at[ch]});
  }
  return ranges;
}

template <int kStride, class Policy>
std::vector<NumberRange> run_walk(const Tree& tree, const NodeRows& rows,
                                  const NodeWeights& weights,
                                  std::span<const CodedChannel> channels, Policy& policy,
                                  PointSink& sink) {
  const auto walk =
      std::make_unique<AttributeWalk<Policy, kStride>>(tree, rows, weights, channels, policy);
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
    run_walk_avx2(*walk, sink);
    return ranges_of(walk->range(), channels.size());
  }
#endif
  walk->run(sink);
  return ranges_of(walk->range(), channels.size());
}

// Walks with rows that the channels fit into. In WebAssembly, where every build of the walk is
// downloaded, only the narrowest and the widest rows exist. Returns what numbers the points of each
// channel have.
template <class Policy>
std::vector<NumberRange> walk_attributes(const Tree& tree, const NodeRows& rows,
                                         const NodeWeights& weights,
                                         std::span<const CodedChannel> channels, Policy& policy,
                                         PointSink& sink) {
  if (channels.size() <= 4) return run_walk<4>(tree, rows, weights, channels, policy, sink);
#ifndef __wasm__
  if (channels.size() <= 8) return run_walk<8>(tree, rows, weights, channels, policy, sink);
  if (channels.size() <= 16) return run_walk<16>(tree, rows, weights, channels, policy, sink);
#endif
  return run_walk<kRowMax>(tree, rows, weights, channels, policy, sink);
}

// The same, with the numbers of all points in `numbers` [point][channel].
template <class Policy>
std::vector<NumberRange> walk_attributes(const Tree& tree, const NodeWeights& weights,
                                         std::span<const CodedChannel> channels, Policy& policy,
                                         std::span<int32_t> numbers) {
  PointTable table(numbers, channels.size());
  return walk_attributes(tree, NodeRows(tree), weights, channels, policy, table);
}

}  // namespace voxpack
