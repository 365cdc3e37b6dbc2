// Contexts and adaptive probabilities of the coefficients of one group of channels, shared by
// encoder and decoder (docs/format.md, "Coefficients").
#pragma once

#include <bit>
#include <cstdlib>
#include <vector>

#include "codec/bit_model.h"
#include "codec/coded_field.h"

namespace voxpack {

// What is known about a coefficient before it is coded; each member is below its count.
struct CoefficientPlace {
  static constexpr int kEnergies = 12, kBefore = 6, kHeights = 4, kPredicted = 8, kOwn = 4,
                       kWeights = 4, kParents = 8, kAxes = 3, kLast = 3;
  int channel = 0;    // within the group
  int energy = 0;     // coefficients of the parent and of the neighbours before, same channel
  int before = 0;     // sum of the magnitudes of the group's channels before, same split
  int height = 0;     // depths above the lowest points: 0 nearest
  int predicted = 0;  // predicted difference in steps, logarithmic
  int own = 0;        // largest magnitude so far in this node, same channel
  int weight = 0;     // smaller weight of the halves, logarithmic
  int parent = 0;     // coefficients of the parent node, same channel
  int axis = 0;       // 0: z, 1: y, 2: x
  int last = 0;       // magnitude of the channel before, same split
  int last_but_one = 0;
};

// Sum of five magnitudes in 1/8 (0..1275) to 0..11, and one (0..255) to 0..7.
inline constexpr auto kEnergyBuckets = [] {
  std::array<uint8_t, 1276> table{};
  constexpr int kTops[] = {0, 2, 5, 9, 14, 21, 32, 50, 80, 140, 300};
  for (int sum = 0; sum < 1276; ++sum) {
    int bucket = 0;
    while (bucket < 11 && sum > kTops[bucket]) ++bucket;
    table[sum] = static_cast<uint8_t>(bucket);
  }
  return table;
}();
inline int parent_bucket(int magnitude) {
  return std::min(7, static_cast<int>(std::bit_width(static_cast<unsigned>(magnitude))));
}
inline constexpr std::array<uint8_t, 8> kBeforeBuckets = {0, 1, 2, 3, 4, 4, 4, 5};

class CoefficientModel {
 public:
  explicit CoefficientModel(int channel_count)
      : zero_(channel_count),
        more_(channel_count),
        tail_(size_t{12} * kTailLength * channel_count),
        escape_(size_t{32} * channel_count) {}

  // To be called before probability_nonzero() and code().
  void prepare(const CoefficientPlace& place) {
    place_ = place;
    zero_.prepare(place);
    more_prepared_ = false;
  }

  uint32_t probability_nonzero() const { return zero_.mix.probability(); }
  uint32_t probability_more() {
    prepare_more();
    return more_.mix.probability();
  }
  // Probability that a magnitude of at least n (2..kTailTop - 1) is larger than n.
  uint32_t probability_larger(int n) const { return clamp_probability(tail_at(n).p); }

  // Codes `q`, or returns the decoded one, within +-kMaxCoefficient (larger ones are clamped).
  template <class Coder>
  int32_t code(Coder& coder, int32_t q) {
    const int32_t magnitude = std::abs(q);
    const bool nonzero = coder.code(zero_.mix.probability(), magnitude != 0);
    zero_.mix.update(nonzero, kLimit);
    if (!nonzero) return 0;
    const bool negative = coder.code_even(q < 0);
    prepare_more();
    const bool more = coder.code(more_.mix.probability(), magnitude > 1);
    more_.mix.update(more, kLimit);
    int32_t out = 1;
    if (more) {
      out = 2;
      bool larger = true;
      while (out < kTailTop) {
        Counter& counter = const_cast<Counter&>(tail_at(out));
        larger = coder.code(clamp_probability(counter.p), magnitude > out);
        update_counter(counter, larger, kLimit);
        if (!larger) break;
        ++out;
      }
      if (larger) out += code_escape(coder, magnitude - kTailTop);
    }
    out = std::min(out, kMaxCoefficient);
    return negative ? -out : out;
  }

  static constexpr int kTailTop = 15;  // magnitudes from here on are written as Exp-Golomb codes

 private:
  static constexpr int kLimit = 160;
  static constexpr int kTailLength = kTailTop - 2;

  struct Decision {
    using P = CoefficientPlace;
    explicit Decision(int channels)
        : a(size_t{P::kEnergies} * P::kBefore * P::kHeights * channels),
          b(size_t{P::kPredicted} * P::kOwn * P::kWeights * P::kBefore * channels),
          c(size_t{P::kParents} * P::kAxes * P::kLast * P::kLast * P::kHeights * channels),
          weights(size_t{P::kHeights} * P::kAxes * channels) {}

    void prepare(const P& p) {
      const std::array<Counter*, 3> counters = {
          &a[((p.channel * P::kEnergies + p.energy) * P::kBefore + p.before) * P::kHeights +
             p.height],
          &b[(((p.channel * P::kPredicted + p.predicted) * P::kOwn + p.own) * P::kWeights +
              p.weight) *
                 P::kBefore +
             p.before],
          &c[((((p.channel * P::kParents + p.parent) * P::kAxes + p.axis) * P::kLast + p.last) *
                  P::kLast +
              p.last_but_one) *
                 P::kHeights +
             p.height]};
      mix.prepare(counters, weights[(p.channel * P::kHeights + p.height) * P::kAxes + p.axis]);
    }

    std::vector<Counter> a, b, c;
    std::vector<MixWeights<3>> weights;
    Mix<3> mix;
  };

  void prepare_more() {
    if (!more_prepared_) more_.prepare(place_);
    more_prepared_ = true;
  }

  const Counter& tail_at(int n) const {
    return tail_[(place_.channel * CoefficientPlace::kEnergies + place_.energy) * kTailLength + n -
                 2];
  }

  // Exp-Golomb: the bit length of value + 1 in unary with adaptive bits, then its lower bits.
  template <class Coder>
  int32_t code_escape(Coder& coder, int32_t value) {
    const uint32_t coded = static_cast<uint32_t>(value) + 1;
    const int length = std::bit_width(coded) - 1;
    int out_length = 0;
    while (out_length < 24) {
      Counter& counter = escape_[place_.channel * 32 + out_length];
      const bool longer = coder.code(clamp_probability(counter.p), length > out_length);
      update_counter(counter, longer, kLimit);
      if (!longer) break;
      ++out_length;
    }
    uint32_t out = 1;
    for (int i = out_length - 1; i >= 0; --i) out = out << 1 | coder.code_even(coded >> i & 1);
    return static_cast<int32_t>(out - 1);
  }

  CoefficientPlace place_;
  Decision zero_;
  Decision more_;
  bool more_prepared_ = false;
  std::vector<Counter> tail_;
  std::vector<Counter> escape_;
};

}  // namespace voxpack
