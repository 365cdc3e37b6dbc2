#include "codec/enc_attributes.h"

#include <memory>

#include "codec/enc_groups.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

class EncodePolicy {
 public:
  // `bits`: null, or [tree depth][channels.size()], to which is added what each takes.
  EncodePolicy(std::span<const CodedChannel> channels, const AttributeLayout& layout,
               std::vector<double>* bits)
      : coders_(channels, layout), bits_(bits), channel_count_(channels.size()) {
    for (const CodedChannel& channel : channels) {
      coefficients_.push_back(channel.coefficients.data());
    }
  }

  bool begin_depth(int depth) {
    coders_.begin_depth(depth, next_);
    return true;
  }
  void begin_node(uint32_t, const HaarBlock&) {}

  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    for (GroupCoders::Group& group : coders_.groups()) {
      group.coder.begin_split();
      for (int k = 0; k < group.count; ++k) {
        const int ch = group.first + k;
        q[ch] = coefficients_[ch][next_];
        group.coder.prepare(place, k, ch);
        if (bits_ != nullptr) {
          (*bits_)[static_cast<size_t>(place.depth) * channel_count_ + ch] +=
              static_cast<double>(group.coder.cost(q[ch]));
        }
        group.coder.code(q[ch]);
      }
    }
    ++next_;
  }

  std::vector<std::vector<uint8_t>> finish() { return coders_.finish(next_); }

 private:
  GroupCoders coders_;
  std::vector<const int32_t*> coefficients_;  // [channel]
  std::vector<double>* bits_;
  size_t channel_count_;
  size_t next_ = 0;
};

EncodedAttributes encode(const Tree& tree, const NodeWeights& weights,
                         std::span<const CodedChannel> channels, const AttributeLayout& layout,
                         std::vector<double>* bits) {
  const auto policy = std::make_unique<EncodePolicy>(channels, layout, bits);
  std::vector<int32_t> numbers(size_t{tree.point_count} * channels.size());
  EncodedAttributes encoded;
  encoded.ranges = walk_attributes(tree, weights, channels, *policy, numbers);
  encoded.sections = policy->finish();
  return encoded;
}

}  // namespace

std::vector<uint8_t> usual_layers(const Tree& tree) {
  constexpr uint32_t kLayeredPoints = 4096;
  std::vector<uint8_t> starts = {0};
  for (const int start : {tree.depth() - 3, tree.depth() - 2}) {
    if (start > 0 && tree.point_count >= kLayeredPoints)
      starts.push_back(static_cast<uint8_t>(start));
  }
  return starts;
}

EncodedAttributes encode_attributes(const Tree& tree, const NodeWeights& weights,
                                    std::span<const CodedChannel> channels,
                                    const AttributeLayout& layout) {
  if (tree.point_count > 0) return encode(tree, weights, channels, layout, nullptr);
  EncodedAttributes nothing;
  nothing.sections.resize(layout.group_sizes.size() * layout.layer_starts.size());
  nothing.ranges.resize(channels.size());
  return nothing;
}

std::vector<double> attribute_bits(const Tree& tree, const NodeWeights& weights,
                                   std::span<const CodedChannel> channels,
                                   const AttributeLayout& layout) {
  if (tree.point_count == 0) return {};
  std::vector<double> bits(static_cast<size_t>(tree.depth()) * channels.size());
  encode(tree, weights, channels, layout, &bits);
  return bits;
}

}  // namespace voxpack
