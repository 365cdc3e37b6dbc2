// Adaptive probabilities of binary decisions, shared by encoder and decoder. Integers only: both
// sides and every machine compute the same probabilities (docs/format.md, "Probabilities").
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace voxpack {

inline constexpr int kMinProbability = 24;  // of 65536; neither bit is ever rarer than this
inline constexpr int kMaxProbability = 65536 - kMinProbability;

// Estimate of P(bit = 1) in 1/65536: the mean of what was seen, with memory bounded by the limit.
struct Counter {
  uint16_t p = 32768;
  uint16_t seen = 0;
};

// 65536 / (n + 1.5), rounded down.
inline constexpr int kCounterLimitMax = 255;
inline constexpr auto kReciprocals = [] {
  std::array<int32_t, kCounterLimitMax + 1> table{};
  for (int n = 0; n <= kCounterLimitMax; ++n) table[n] = 131072 / (2 * n + 3);
  return table;
}();

inline void update_counter(Counter& counter, bool bit, int limit) {
  const int32_t delta = (bit ? 65535 : 0) - static_cast<int32_t>(counter.p);
  counter.p = static_cast<uint16_t>(
      counter.p + ((static_cast<int64_t>(delta) * kReciprocals[counter.seen]) >> 16));
  if (counter.seen < limit) ++counter.seen;
}

inline uint32_t clamp_probability(int32_t p) {
  return static_cast<uint32_t>(std::clamp(p, kMinProbability, kMaxProbability));
}

// 65536 / (1 + exp(-x / 256)) at x = 0, 64, 128 ... 2048.
inline constexpr std::array<int32_t, 33> kSquashNodes = {
    32768, 36843, 40793, 44511, 47911, 50941, 53581, 55834, 57724, 59287, 60565,
    61598, 62428, 63090, 63615, 64030, 64357, 64614, 64816, 64974, 65097, 65194,
    65269, 65328, 65374, 65410, 65438, 65459, 65476, 65489, 65500, 65508, 65514};

// Tables are made by the compiler, but for WebAssembly when the module starts, since these two take
// a tenth of what is downloaded.
#ifdef __wasm__
#define VOXPACK_LARGE_TABLE inline const
inline int32_t unknown_zero() {
  volatile int32_t zero = 0;
  return zero;
}
#else
#define VOXPACK_LARGE_TABLE inline constexpr
constexpr int32_t unknown_zero() { return 0; }
#endif

// x in -2047..2047 (1/256 nat) to a probability in 1/65536.
VOXPACK_LARGE_TABLE auto kSquash = [] {
  std::array<uint16_t, 4096> table{};
  table[0] = static_cast<uint16_t>(unknown_zero());
  for (int x = 0; x < 2048; ++x) {
    const int node = x >> 6;
    const int part = x & 63;
    const int32_t p =
        kSquashNodes[node] + ((kSquashNodes[node + 1] - kSquashNodes[node]) * part >> 6);
    table[2048 + x] = static_cast<uint16_t>(p);
    if (x > 0) table[2048 - x] = static_cast<uint16_t>(65536 - p);
  }
  table[0] = table[1];
  return table;
}();

// Inverse of squash: probability / 16 to the smallest x whose squash is not below it.
VOXPACK_LARGE_TABLE auto kStretch = [] {
  std::array<int16_t, 4096> table{};
  int x = -2047;
  for (int i = 0; i < 4096; ++i) {
    while (x < 2047 && kSquash[2048 + x] < i * 16 + 8) ++x;
    table[i] = static_cast<int16_t>(x);
  }
  return table;
}();

// Weights of a logistic mix of N estimates, in 1/65536.
template <int N>
struct MixWeights {
  std::array<int32_t, N> weight;
  MixWeights() { weight.fill(65536 * 5 / (4 * N)); }
};

// One decision predicted by N counters: prepare(), use probability(), then update() with the
// outcome.
template <int N>
class Mix {
 public:
  void prepare(const std::array<Counter*, N>& counters, MixWeights<N>& weights) {
    counters_ = counters;
    weights_ = &weights;
    int64_t dot = 0;
    for (int i = 0; i < N; ++i) {
      stretched_[i] = kStretch[counters[i]->p >> 4];
      dot += static_cast<int64_t>(weights.weight[i]) * stretched_[i];
    }
    const int x = static_cast<int>(std::clamp<int64_t>(dot >> 16, -2047, 2047));
    probability_ = clamp_probability(kSquash[2048 + x]);
  }

  uint32_t probability() const { return probability_; }

  void update(bool bit, int limit) {
    const int32_t error = (bit ? 65536 : 0) - static_cast<int32_t>(probability_);
    for (int i = 0; i < N; ++i) {
      int32_t& weight = weights_->weight[i];
      weight =
          std::clamp(weight + ((stretched_[i] * error + (1 << 17)) >> 18), -(1 << 20), 1 << 20);
      update_counter(*counters_[i], bit, limit);
    }
  }

 private:
  std::array<Counter*, N> counters_;
  std::array<int32_t, N> stretched_;
  MixWeights<N>* weights_ = nullptr;
  uint32_t probability_ = 32768;
};

}  // namespace voxpack
