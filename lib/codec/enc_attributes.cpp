#include "codec/enc_attributes.h"

#include <memory>

#include "codec/enc_coefficients.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

// The coder of one section and its channels.
struct Group {
  Group(std::span<const CodedChannel> channels, size_t coefficient_count, int first_channel)
      : coder(channels, coefficient_count),
        first(first_channel),
        count(static_cast<int>(channels.size())) {}
  CoefficientCoder coder;
  int first;
  int count;
};

class EncodePolicy {
 public:
  // `bits`: null, or [tree depth][channels.size()], to which is added what each takes.
  EncodePolicy(std::span<const CodedChannel> channels, std::span<const uint8_t> group_sizes,
               std::vector<double>* bits)
      : bits_(bits), channel_count_(channels.size()) {
    const size_t count = channels[0].coefficients.size();
    groups_.reserve(group_sizes.size());
    int first = 0;
    for (const uint8_t size : group_sizes) {
      groups_.emplace_back(channels.subspan(first, size), count, first);
      first += size;
    }
    for (const CodedChannel& channel : channels) {
      coefficients_.push_back(channel.coefficients.data());
    }
  }

  void begin_node(uint32_t, const HaarBlock&) {}

  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    for (Group& group : groups_) {
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

  bool failed() const { return false; }
  std::vector<std::vector<uint8_t>> finish() {
    std::vector<std::vector<uint8_t>> sections;
    for (Group& group : groups_) sections.push_back(group.coder.finish());
    return sections;
  }

 private:
  std::vector<Group> groups_;
  std::vector<const int32_t*> coefficients_;  // [channel]
  std::vector<double>* bits_;
  size_t channel_count_;
  size_t next_ = 0;
};

std::vector<std::vector<uint8_t>> encode(const Tree& tree, const NodeWeights& weights,
                                         std::span<const CodedChannel> channels,
                                         std::span<const uint8_t> group_sizes,
                                         std::vector<double>* bits) {
  const auto policy = std::make_unique<EncodePolicy>(channels, group_sizes, bits);
  std::vector<int32_t> numbers(size_t{tree.point_count} * channels.size());
  walk_attributes(tree, weights, channels, *policy, numbers);
  return policy->finish();
}

}  // namespace

std::vector<std::vector<uint8_t>> encode_attributes(const Tree& tree, const NodeWeights& weights,
                                                    std::span<const CodedChannel> channels,
                                                    std::span<const uint8_t> group_sizes) {
  if (tree.point_count == 0) return std::vector<std::vector<uint8_t>>(group_sizes.size());
  return encode(tree, weights, channels, group_sizes, nullptr);
}

std::vector<double> attribute_bits(const Tree& tree, const NodeWeights& weights,
                                   std::span<const CodedChannel> channels,
                                   std::span<const uint8_t> group_sizes) {
  if (tree.point_count == 0) return {};
  std::vector<double> bits(static_cast<size_t>(tree.depth()) * channels.size());
  encode(tree, weights, channels, group_sizes, &bits);
  return bits;
}

}  // namespace voxpack
