// Encodes the coefficients of one group of channels, given or chosen here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/octree.h"

namespace voxpack {

// Where the layers of a tree start, so that a first picture needs few bytes: nodes on spacings of 8
// or more of the finest points come first, then those on 4, then the rest. One layer for a tree of
// so few points that the sections would be felt.
std::vector<uint8_t> usual_layers(const Tree& tree);

struct EncodedAttributes {
  std::vector<std::vector<uint8_t>> sections;  // [layer][group]; empty for a field without points
  std::vector<NumberRange> ranges;             // [channel]; 0 for a field without points
};

// The attribute sections of `channels`, with their coefficients, [point_count - 1] each, and gains
// [tree depth].
EncodedAttributes encode_attributes(const Tree& tree, const NodeWeights& weights,
                                    std::span<const CodedChannel> channels,
                                    const AttributeLayout& layout);

// Bits that each coefficient takes in encode_attributes(), summed up by depth of the node that is
// split: [tree depth][channels.size()].
std::vector<double> attribute_bits(const Tree& tree, const NodeWeights& weights,
                                   std::span<const CodedChannel> channels,
                                   const AttributeLayout& layout);

// Sums from which the context weights of a channel and axis follow: features x features (lower
// triangle) and features x magnitude, each divided by the magnitude that was expected.
struct ContextFit {
  std::array<double, kContextFeatures*(kContextFeatures + 1) / 2> square{};
  std::array<double, kContextFeatures> product{};
  void add(const float* features, float magnitude, float expected);
  // The weights of least error, as a package holds them; `weights` stay if nothing was added.
  void solve(std::array<uint8_t, kContextFeatures>& weights) const;
};

// The offsets that explain most of channel 0 of `numbers` [point][stride] by the shapes of the
// points; `weights` [point] or empty. Shapes that explain less than they cost in a package are left
// out. Takes the offsets off channel 0.
struct ShapeFit {
  float step = 1.0f;
  std::vector<ShapeOffset> offsets;
};
ShapeFit fit_shapes(const Tree& tree, std::span<float> numbers, size_t stride,
                    std::span<const float> weights);

// Chooses coefficients by rate and distortion. Distortion is the squared error of the numbers times
// importance; the rate is that of the real adaptive coder.
class AttributeQuantizer {
 public:
  // `numbers` [point][channel_count] are what curve and step apply to; `importance` [point] >= 0,
  // or empty for equal importance. The references must outlive the quantiser.
  AttributeQuantizer(const Tree& tree, const NodeWeights& weights, std::span<const float> numbers,
                     std::span<const float> importance, int channel_count);

  // Sums from which better biases and gains follow.
  struct ChannelStatistics {
    double shortfall_one = 0, count_one = 0;    // of |coefficient| 1: how far the values lie below
    double shortfall_more = 0, count_more = 0;  // of larger ones
    std::vector<double> product, square;        // [depth] prediction x difference, prediction^2
    std::array<ContextFit, 3> fit;              // [axis]
  };

  // Parameters of `channel` that would have been best for these statistics: biases, gains, context
  // weights.
  static void adapt(CodedChannel& channel, const ChannelStatistics& statistics);

  // Fills root and coefficients of `channels`, which are channels first_channel .. of the numbers;
  // steps, biases and gains must be set. Returns the sections that encode_attributes() would.
  // Groups do not depend on each other: quantised in one call or in several they give the same.
  //
  // lambda: squared steps that one bit is worth; 0 rounds to the nearest.
  // statistics: null, or replaced by [channels.size()].
  std::vector<std::vector<uint8_t>> quantize(std::span<CodedChannel> channels,
                                             const AttributeLayout& layout, int first_channel,
                                             float lambda,
                                             std::vector<ChannelStatistics>* statistics) const;

 private:
  const Tree& tree_;
  const NodeWeights& weights_;
  std::span<const float> numbers_;  // [point][channel_count]
  int channel_count_;
  std::vector<float> means_;       // [node without the last depth][channel_count]; not of points
  std::vector<float> importance_;  // [node], mean 1
};

}  // namespace voxpack
