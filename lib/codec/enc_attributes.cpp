#include "codec/enc_attributes.h"

#include <cmath>
#include <memory>

#include "codec/attribute_coding.h"
#include "codec/enc_range.h"

namespace voxpack {
namespace {

// -log2(p / 65536) in bits at p = 16 i + 8, by integer squaring so that every machine gets the
// same.
struct BitCosts {
  std::array<float, 4096> at{};
  BitCosts() {
    for (uint32_t i = 0; i < 4096; ++i) {
      uint64_t x = 16 * i + 8;
      int whole = 0;
      while (x < 65536) {
        x *= 2;
        ++whole;
      }
      x <<= 14;  // 1..2 in 30 fraction bits
      uint32_t fraction = 0;
      for (int bit = 0; bit < 12; ++bit) {
        x = x * x >> 30;
        fraction *= 2;
        if (x >= uint64_t{2} << 30) {
          x >>= 1;
          ++fraction;
        }
      }
      at[i] = static_cast<float>(whole) - static_cast<float>(fraction) / 4096.0f;
    }
  }
  float of(uint32_t p) const { return at[p >> 4]; }
};

class EncodePolicy {
 public:
  explicit EncodePolicy(std::span<const CodedChannel> channels) : channels_(channels) {
    next_.resize(channels.size());
  }
  void begin_node(uint32_t, const HaarBlock&) {}
  int32_t code(int, int channel, int, int, const Split&, int32_t, CoefficientModel& model) {
    return model.code(coder_, channels_[channel].coefficients[next_[channel]++]);
  }
  bool failed() const { return false; }
  std::vector<uint8_t> finish() { return coder_.finish(); }

 private:
  std::span<const CodedChannel> channels_;
  std::vector<size_t> next_;
  RangeEncoder coder_;
};

using Statistics = AttributeQuantizer::ChannelStatistics;

class QuantizePolicy {
 public:
  struct Source {
    const Tree& tree;
    const std::vector<float>& means;
    const std::vector<float>& importance;
    int stride;
    int first_channel;
    float lambda;
  };

  QuantizePolicy(const Source& source, std::span<CodedChannel> channels,
                 std::vector<Statistics>& statistics)
      : source_(source), channels_(channels), statistics_(statistics) {
    for (const CodedChannel& channel : channels) {
      to_numbers_.push_back(static_cast<float>(256.0 / static_cast<double>(channel.step)));
    }
  }

  void begin_node(uint32_t node, const HaarBlock& block) {
    const int count = static_cast<int>(channels_.size());
    uint32_t child = source_.tree.link[node];
    for (int c = 0; c < 8; ++c) {
      if (block.weight[8 + c] == 0) continue;
      const float* mean = &source_.means[size_t{child} * source_.stride + source_.first_channel];
      for (int ch = 0; ch < count; ++ch) means_[8 + c][ch] = mean[ch] * to_numbers_[ch];
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
      const float share = static_cast<float>(block.split[i].share) / 65536.0f;
      for (int ch = 0; ch < count; ++ch)
        means_[i][ch] = means_[a][ch] + (means_[b][ch] - means_[a][ch]) * share;
      importance_[i] = importance_[a] + (importance_[b] - importance_[a]) * share;
    }
  }

  int32_t code(int, int channel, int depth, int entry, const Split& split, int32_t predicted,
               CoefficientModel& model) {
    const float difference = means_[2 * entry + 1][channel] - means_[2 * entry][channel];
    const float to_steps =
        static_cast<float>(1 << (kScaleBits - kFractionBits)) / static_cast<float>(split.scale);
    const float residual = (difference - static_cast<float>(predicted)) * to_steps;
    const float share = static_cast<float>(split.share) / 65536.0f;
    const float importance =
        importance_[2 * entry] * share + importance_[2 * entry + 1] * (1.0f - share);
    const int32_t magnitude = choose(std::fabs(residual), source_.lambda / importance, model);
    const int32_t q = residual < 0 ? -magnitude : magnitude;
    observe(channel, depth, difference * to_steps, static_cast<float>(predicted) * to_steps,
            std::fabs(residual), magnitude);
    channels_[channel].coefficients.push_back(q);
    return model.code(coder_, q);
  }

  bool failed() const { return false; }
  std::vector<uint8_t> finish() { return coder_.finish(); }

 private:
  // The magnitude of least distortion + lambda x bits among the nearest, the one below it, and 0.
  int32_t choose(float value, float lambda, CoefficientModel& model) const {
    const auto top =
        static_cast<int32_t>(std::min(value + 0.5f, static_cast<float>(kMaxCoefficient)));
    if (top == 0 || lambda <= 0) return top;
    int32_t best = top;
    float best_cost = cost(value, top, lambda, model);
    const auto consider = [&](int32_t candidate) {
      const float candidate_cost = cost(value, candidate, lambda, model);
      if (candidate_cost <= best_cost) {
        best = candidate;
        best_cost = candidate_cost;
      }
    };
    consider(top - 1);
    if (top >= 2 && top <= 3) consider(0);
    return best;
  }

  float cost(float value, int32_t magnitude, float lambda, CoefficientModel& model) const {
    const float error = value - static_cast<float>(magnitude);
    const uint32_t nonzero = model.probability_nonzero();
    if (magnitude == 0) return error * error + lambda * costs_.of(65536 - nonzero);
    float bits = costs_.of(nonzero) + 1.0f;
    const uint32_t more = model.probability_more();
    bits += costs_.of(magnitude > 1 ? more : 65536 - more);
    for (int n = 2; n < std::min(magnitude, CoefficientModel::kTailTop); ++n) {
      bits += costs_.of(model.probability_larger(n));
    }
    if (magnitude > 1 && magnitude < CoefficientModel::kTailTop) {
      bits += costs_.of(65536 - model.probability_larger(magnitude));
    } else if (magnitude > 1) {
      const auto escape = static_cast<uint32_t>(magnitude - CoefficientModel::kTailTop + 1);
      bits += static_cast<float>(2 * std::bit_width(escape));
    }
    return error * error + lambda * bits;
  }

  void observe(int channel, int depth, float difference, float predicted, float residual,
               int32_t magnitude) {
    Statistics& s = statistics_[channel];
    if (magnitude == 1) {
      s.shortfall_one += static_cast<double>(1.0f - residual);
      s.count_one += 1;
    } else if (magnitude > 1) {
      s.shortfall_more += static_cast<double>(static_cast<float>(magnitude) - residual);
      s.count_more += 1;
    }
    s.product[depth] += static_cast<double>(difference * predicted);
    s.square[depth] += static_cast<double>(predicted * predicted);
  }

  const Source& source_;
  std::span<CodedChannel> channels_;
  std::vector<Statistics>& statistics_;
  std::vector<float> to_numbers_;
  BitCosts costs_;
  RangeEncoder coder_;
  float means_[16][kCodedMaxChannels] = {};  // true means, in step / 256
  float importance_[16] = {};
};

}  // namespace

std::vector<uint8_t> encode_attributes(const Tree& tree, std::span<const uint32_t> weights,
                                       std::span<const CodedChannel> channels) {
  if (tree.point_count == 0) return {};
  EncodePolicy policy(channels);
  const auto size = static_cast<uint8_t>(channels.size());
  const AttributeGroups groups{channels, {&size, 1}};
  std::vector<int32_t> numbers(size_t{tree.point_count} * channels.size());
  std::make_unique<AttributeWalk<EncodePolicy>>(tree, weights, groups, policy)->run(numbers);
  return policy.finish();
}

AttributeQuantizer::AttributeQuantizer(const Tree& tree, std::span<const uint32_t> weights,
                                       std::span<const float> numbers,
                                       std::span<const float> importance, int channel_count)
    : tree_(tree), weights_(weights), channel_count_(channel_count) {
  constexpr float kFloor = 1.0f / 64, kCeiling = 64.0f;  // of the mean importance
  const size_t stride = static_cast<size_t>(channel_count);
  const size_t nodes = tree.child_mask.size();
  means_.resize(nodes * stride);
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
      std::copy_n(&numbers[rank * stride], stride, &means_[node * stride]);
      if (sum > 0) {
        const double relative =
            static_cast<double>(importance[rank]) / weights[node] * (weight_sum / sum);
        importance_[node] = std::clamp(static_cast<float>(relative), kFloor, kCeiling);
      }
      continue;
    }
    uint32_t child = tree.link[node];
    block->build(table, mask, &weights[child]);
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      std::copy_n(&means_[child * stride], stride, &heap[(8 + c) * stride]);
      heap_importance[8 + c] = importance_[child++];
    }
    for (int i = 7; i >= 1; --i) {
      if (block->weight[i] == 0) continue;
      const int a = block->weight[2 * i] != 0 ? 2 * i : 2 * i + 1;
      const float share =
          block->is_split[i] ? static_cast<float>(block->split[i].share) / 65536.0f : 0.0f;
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

std::vector<uint8_t> AttributeQuantizer::quantize(
    std::span<CodedChannel> channels, int first_channel, float lambda,
    std::vector<ChannelStatistics>& statistics) const {
  if (tree_.point_count == 0) return {};
  statistics.assign(channels.size(), {});
  for (size_t ch = 0; ch < channels.size(); ++ch) {
    CodedChannel& channel = channels[ch];
    statistics[ch].product.resize(tree_.depth());
    statistics[ch].square.resize(tree_.depth());
    channel.coefficients.clear();
    channel.coefficients.reserve(tree_.point_count - 1);
    const double root =
        static_cast<double>(means_[first_channel + ch]) * 256.0 / static_cast<double>(channel.step);
    channel.root = static_cast<int32_t>(std::clamp(
        std::nearbyint(root), -static_cast<double>(kMaxNumber), static_cast<double>(kMaxNumber)));
  }
  const QuantizePolicy::Source source{tree_,          means_,        importance_,
                                      channel_count_, first_channel, lambda};
  const auto policy = std::make_unique<QuantizePolicy>(source, channels, statistics);
  const auto size = static_cast<uint8_t>(channels.size());
  const AttributeGroups groups{channels, {&size, 1}};
  std::vector<int32_t> numbers(size_t{tree_.point_count} * channels.size());
  std::make_unique<AttributeWalk<QuantizePolicy>>(tree_, weights_, groups, *policy)->run(numbers);
  return policy->finish();
}

}  // namespace voxpack
