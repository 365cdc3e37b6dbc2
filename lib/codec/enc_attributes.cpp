#include "codec/enc_attributes.h"

#include <memory>

#include "codec/enc_coefficients.h"
#include "codec/walk_dispatch.h"

namespace voxpack {
namespace {

class EncodePolicy {
 public:
  // `bits`: null, or [tree depth][channels.size()], to which is added what each takes.
  EncodePolicy(std::span<const CodedChannel> channels, std::vector<double>* bits)
      : channels_(channels), coder_(channels, channels[0].coefficients.size()), bits_(bits) {}

  void begin_node(uint32_t, const HaarBlock&) {}

  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    coder_.begin_split();
    for (size_t ch = 0; ch < channels_.size(); ++ch) {
      q[ch] = channels_[ch].coefficients[next_];
      coder_.prepare(place, static_cast<int>(ch), static_cast<int>(ch));
      if (bits_ != nullptr) {
        (*bits_)[static_cast<size_t>(place.depth) * channels_.size() + ch] +=
            static_cast<double>(coder_.cost(q[ch]));
      }
      coder_.code(q[ch]);
    }
    ++next_;
  }

  bool failed() const { return false; }
  std::vector<uint8_t> finish() { return coder_.finish(); }

 private:
  std::span<const CodedChannel> channels_;
  CoefficientCoder coder_;
  std::vector<double>* bits_;
  size_t next_ = 0;
};

}  // namespace

std::vector<uint8_t> encode_attributes(const Tree& tree, std::span<const uint32_t> weights,
                                       std::span<const CodedChannel> channels) {
  if (tree.point_count == 0) return {};
  const auto policy = std::make_unique<EncodePolicy>(channels, nullptr);
  std::vector<int32_t> numbers(size_t{tree.point_count} * channels.size());
  walk_attributes(tree, weights, channels, *policy, numbers);
  return policy->finish();
}

std::vector<double> attribute_bits(const Tree& tree, std::span<const uint32_t> weights,
                                   std::span<const CodedChannel> channels) {
  if (tree.point_count == 0) return {};
  std::vector<double> bits(static_cast<size_t>(tree.depth()) * channels.size());
  const auto policy = std::make_unique<EncodePolicy>(channels, &bits);
  std::vector<int32_t> numbers(size_t{tree.point_count} * channels.size());
  walk_attributes(tree, weights, channels, *policy, numbers);
  return bits;
}

}  // namespace voxpack
