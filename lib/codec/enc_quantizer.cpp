// Chooses coefficients by distortion and by what they cost in the coder.
#include <cmath>
#include <memory>

#include "codec/enc_attributes.h"
#include "codec/enc_groups.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

// Every so many coefficients one counts for the fit of the context weights; odd, so that it meets
// every channel.
constexpr uint32_t kFitStride = 13;

constexpr float kShare = 1.0f / (1 << kShareBits);

using Statistics = AttributeQuantizer::ChannelStatistics;

class QuantizePolicy {
 public:
  struct Source {
    const Tree& tree;
    const float* points;      // [point][stride], from the first channel on
    const float* means;       // [node without the last depth][stride], likewise; not of points
    const float* importance;  // [node]
    size_t stride;
    float lambda;
  };

  QuantizePolicy(const Source& source, std::span<CodedChannel> channels,
                 const AttributeLayout& layout, std::vector<Statistics>* statistics)
      : source_(source),
        channels_(channels),
        statistics_(statistics),
        coders_(with_room(channels, source.tree.point_count - 1), layout),
        observed_(layout.group_sizes.size(), 0) {
    for (size_t ch = 0; ch < channels.size(); ++ch) {
      to_numbers_[ch] = static_cast<float>(256.0 / static_cast<double>(channels[ch].step));
      coefficients_[ch] = channels[ch].coefficients.data();
    }
  }

  bool begin_depth(int depth) {
    coders_.begin_depth(depth, next_);
    return true;
  }

  void begin_node(uint32_t node, const HaarBlock& block) {
    const size_t count = channels_.size();
    uint32_t child = source_.tree.link[node];
    for (int c = 0; c < 8; ++c) {
      if (block.weight[8 + c] == 0) continue;
      const float* mean = source_.tree.child_mask[child] == 0
                              ? &source_.points[source_.tree.link[child] * source_.stride]
                              : &source_.means[child * source_.stride];
      for (size_t ch = 0; ch < count; ++ch) means_[8 + c][ch] = mean[ch] * to_numbers_[ch];
      importance_[8 + c] = source_.importance[child++];
    }
    for (int i = 7; i >= 2; --i) {
      const int a = 2 * i, b = a + 1;
      if (block.weight[i] == 0) continue;
      if (!block.is_split[i]) {
        const int only = block.weight[a] != 0 ? a : b;
        std::memcpy(means_[i], means_[only], count * sizeof(float));
        importance_[i] = importance_[only];
        continue;
      }
      const float share = static_cast<float>(block.split[i].share) * kShare;
      for (size_t ch = 0; ch < count; ++ch)
        means_[i][ch] = means_[a][ch] + (means_[b][ch] - means_[a][ch]) * share;
      importance_[i] = importance_[a] + (importance_[b] - importance_[a]) * share;
    }
  }

  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    const int entry = place.entry;
    const float to_steps = static_cast<float>(1 << (kScaleBits - kFractionBits)) /
                           static_cast<float>(place.split.scale);
    const float share = static_cast<float>(place.split.share) * kShare;
    const float importance =
        importance_[2 * entry] * share + importance_[2 * entry + 1] * (1.0f - share);
    const float lambda = source_.lambda / importance;
    alignas(32) float difference[kStride], residual[kStride];
    for (int ch = 0; ch < kStride; ++ch) {
      difference[ch] = means_[2 * entry + 1][ch] - means_[2 * entry][ch];
      residual[ch] = (difference[ch] - static_cast<float>(place.predicted.at[ch])) * to_steps;
    }
    for (size_t g = 0; g < observed_.size(); ++g) {
      GroupCoders::Group& group = coders_.groups()[g];
      group.coder.begin_split();
      for (int k = 0; k < group.count; ++k) {
        const int ch = group.first + k;
        group.coder.prepare(place, k, ch);
        const int32_t magnitude = choose(group.coder, std::fabs(residual[ch]), lambda);
        q[ch] = residual[ch] < 0 ? -magnitude : magnitude;
        if (statistics_ != nullptr) {
          observe(place, ch, difference[ch] * to_steps,
                  static_cast<float>(place.predicted.at[ch]) * to_steps, std::fabs(residual[ch]),
                  magnitude);
          if (++observed_[g] % kFitStride == 0) fit(place, group.coder, ch, magnitude);
        }
        coefficients_[ch][next_] = q[ch];
        group.coder.code(q[ch]);
      }
    }
    ++next_;
  }

  std::vector<std::vector<uint8_t>> finish() { return coders_.finish(next_); }

 private:
  static std::span<CodedChannel> with_room(std::span<CodedChannel> channels, size_t count) {
    for (CodedChannel& channel : channels) channel.coefficients.resize(count);
    return channels;
  }

  // The magnitude of least distortion + lambda x bits among the nearest, the one below it, and 0.
  static int32_t choose(CoefficientCoder& coder, float value, float lambda) {
    const auto top =
        static_cast<int32_t>(std::min(value + 0.5f, static_cast<float>(kMaxCoefficient)));
    if (top == 0 || lambda <= 0) return top;
    const auto cost = [&](int32_t magnitude) {
      const float error = value - static_cast<float>(magnitude);
      return error * error + lambda * coder.cost(magnitude);
    };
    int32_t best = top;
    float best_cost = cost(top);
    const auto consider = [&](int32_t candidate) {
      const float candidate_cost = cost(candidate);
      if (candidate_cost > best_cost) return;
      best = candidate;
      best_cost = candidate_cost;
    };
    consider(top - 1);
    if (top >= 2 && top <= 3) consider(0);
    return best;
  }

  template <int kStride>
  void observe(const SplitPlace<kStride>& place, int ch, float difference, float predicted,
               float residual, int32_t magnitude) {
    Statistics& s = (*statistics_)[ch];
    if (magnitude == 1) {
      s.shortfall_one += static_cast<double>(1.0f - residual);
      s.count_one += 1;
    } else if (magnitude > 1) {
      s.shortfall_more += static_cast<double>(static_cast<float>(magnitude) - residual);
      s.count_more += 1;
    }
    s.product[place.depth] += static_cast<double>(difference * predicted);
    s.square[place.depth] += static_cast<double>(predicted * predicted);
  }

  // Adds a coefficient, which was not coded yet, to the fit of the context weights.
  template <int kStride>
  void fit(const SplitPlace<kStride>& place, const CoefficientCoder& coder, int ch,
           int32_t magnitude) {
    const auto row = [ch](const auto& from) { return static_cast<float>(from.at[ch]); };
    const float features[kContextFeatures] = {row(place.parent),
                                              row(place.around),
                                              std::min(31.0f, row(place.own)),
                                              static_cast<float>(coder.last_magnitude()),
                                              static_cast<float>(coder.last_but_one_magnitude()),
                                              row(place.ratio),
                                              1.0f};
    (*statistics_)[ch].fit[place.axis].add(features,
                                           static_cast<float>(std::min(magnitude, kMaxLast)),
                                           static_cast<float>(coder.expected()) / 4096.0f);
  }

  const Source& source_;
  std::span<CodedChannel> channels_;
  std::vector<Statistics>* statistics_;
  GroupCoders coders_;
  std::vector<uint32_t> observed_;  // coefficients of each group
  size_t next_ = 0;                 // coefficient of each channel
  int32_t* coefficients_[kCodedMaxChannels] = {};
  alignas(32) float to_numbers_[kCodedMaxChannels] = {};
  alignas(32) float means_[16][kCodedMaxChannels] = {};  // true means, in step / 256
  float importance_[16] = {};
};

}  // namespace

AttributeQuantizer::AttributeQuantizer(const Tree& tree, const NodeWeights& weights,
                                       std::span<const float> numbers,
                                       std::span<const float> importance, int channel_count)
    : tree_(tree), weights_(weights), numbers_(numbers), channel_count_(channel_count) {
  constexpr float kFloor = 1.0f / 64, kCeiling = 64.0f;  // of the mean importance
  const size_t stride = static_cast<size_t>(channel_count);
  const size_t nodes = tree.child_mask.size();
  if (nodes > 0) means_.resize(tree.offset[tree.depth()] * stride);
  importance_.assign(nodes, 1.0f);
  double sum = 0, weight_sum = 0;
  for (size_t node = 0; node < nodes; ++node) {
    if (tree.child_mask[node] != 0 || importance.empty()) continue;
    sum += static_cast<double>(importance[tree.link[node]]);
    weight_sum += weights[node];
  }
  const SplitTable table;
  auto block = std::make_unique<HaarBlock>();
  std::vector<float> heap(16 * stride);
  float heap_importance[16];
  for (size_t node = nodes; node-- > 0;) {
    const uint8_t mask = tree.child_mask[node];
    if (mask == 0) {
      const uint32_t rank = tree.link[node];
      if (sum > 0) {
        const double relative =
            static_cast<double>(importance[rank]) / weights[node] * (weight_sum / sum);
        importance_[node] = std::clamp(static_cast<float>(relative), kFloor, kCeiling);
      }
      continue;
    }
    uint32_t child = tree.link[node];
    block->build(table, mask, weights, child);
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      const float* mean = tree.child_mask[child] == 0 ? &numbers[tree.link[child] * stride]
                                                      : &means_[child * stride];
      std::copy_n(mean, stride, &heap[(8 + c) * stride]);
      heap_importance[8 + c] = importance_[child++];
    }
    for (int i = 7; i >= 1; --i) {
      if (block->weight[i] == 0) continue;
      const int a = block->weight[2 * i] != 0 ? 2 * i : 2 * i + 1;
      const float share =
          block->is_split[i] ? static_cast<float>(block->split[i].share) * kShare : 0.0f;
      const int b = block->is_split[i] ? 2 * i + 1 : a;
      for (size_t ch = 0; ch < stride; ++ch) {
        heap[i * stride + ch] =
            heap[a * stride + ch] + (heap[b * stride + ch] - heap[a * stride + ch]) * share;
      }
      heap_importance[i] = heap_importance[a] + (heap_importance[b] - heap_importance[a]) * share;
    }
    std::copy_n(&heap[stride], stride, &means_[node * stride]);
    importance_[node] = heap_importance[1];
  }
}

void AttributeQuantizer::adapt(CodedChannel& channel, const ChannelStatistics& statistics) {
  const auto bias = [](double shortfall, double count) {
    const double best = std::nearbyint(64 * shortfall / std::max(1.0, count));
    return static_cast<uint8_t>(std::clamp(best, 0.0, static_cast<double>(kMaxBias)));
  };
  channel.bias_one = bias(statistics.shortfall_one, statistics.count_one);
  channel.bias_more = bias(statistics.shortfall_more, statistics.count_more);
  for (int axis = 0; axis < 3; ++axis) {
    statistics.fit[axis].solve(channel.context_weights[axis]);
  }
  for (size_t d = 0; d < statistics.square.size(); ++d) {
    uint8_t& gain = channel.prediction_gain[d];
    if (statistics.square[d] <= 0) continue;
    const double best = std::nearbyint(gain * statistics.product[d] / statistics.square[d]);
    gain = static_cast<uint8_t>(std::clamp(best, 0.0, static_cast<double>(kMaxPredictionGain)));
  }
}

std::vector<std::vector<uint8_t>> AttributeQuantizer::quantize(
    std::span<CodedChannel> channels, const AttributeLayout& layout, int first_channel,
    float lambda, std::vector<ChannelStatistics>* statistics) const {
  if (tree_.point_count == 0) {
    return std::vector<std::vector<uint8_t>>(layout.group_sizes.size() *
                                             layout.layer_starts.size());
  }
  if (statistics != nullptr) {
    statistics->assign(channels.size(), {});
    for (ChannelStatistics& s : *statistics) {
      s.product.resize(tree_.depth());
      s.square.resize(tree_.depth());
    }
  }
  for (size_t ch = 0; ch < channels.size(); ++ch) {
    const double root = static_cast<double>(means_[first_channel + ch]) * 256.0 /
                        static_cast<double>(channels[ch].step);
    channels[ch].root = static_cast<int32_t>(std::clamp(
        std::nearbyint(root), -static_cast<double>(kMaxNumber), static_cast<double>(kMaxNumber)));
  }
  const QuantizePolicy::Source source{tree_,
                                      numbers_.data() + first_channel,
                                      means_.data() + first_channel,
                                      importance_.data(),
                                      static_cast<size_t>(channel_count_),
                                      lambda};
  const auto policy = std::make_unique<QuantizePolicy>(source, channels, layout, statistics);
  std::vector<int32_t> numbers(size_t{tree_.point_count} * channels.size());
  walk_attributes(tree_, weights_, channels, *policy, numbers);
  return policy->finish();
}

}  // namespace voxpack
