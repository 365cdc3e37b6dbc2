// Decodes the values of all points.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/node_rows.h"
#include "codec/octree.h"
#include "codec/point_sink.h"

namespace voxpack {

// Decodes groups of channels, some of a package's or all: they do not depend on each other.
// `channels` carries the parameters (steps, biases, gains [tree depth], roots); `sections` are
// those of `layout`, layer by layer; `rows` those of `tree`. Gives the numbers of all points to
// `sink`. If `coefficients` is not null, also appends every channel's coefficients to
// (*coefficients)[channel]. Fails with bad_data if a section is cut or has bytes left over, or if a
// number lies outside of `ranges` [channel], unless these are empty; `sink` may have got points of
// no meaning then. May throw std::bad_alloc.
//
// A coarser field comes from the first layers alone: with the tree cut where the next one starts
// (cut_tree()), the weights of the whole tree, and no ranges.
Status decode_attributes(const Tree& tree, const NodeRows& rows, const NodeWeights& weights,
                         std::span<const CodedChannel> channels, const AttributeLayout& layout,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<const NumberRange> ranges, PointSink& sink,
                         std::vector<std::vector<int32_t>>* coefficients);

// The same, with the numbers of all points in numbers[point * channels + channel], which must have
// that size.
Status decode_attributes(const Tree& tree, const NodeWeights& weights,
                         std::span<const CodedChannel> channels, const AttributeLayout& layout,
                         std::span<const std::span<const uint8_t>> sections,
                         std::span<const NumberRange> ranges, std::span<int32_t> numbers,
                         std::vector<std::vector<int32_t>>* coefficients);

// The stored value of a number of `channel`; `offset` is what the shape adds (densities only).
inline float decode_value(const CodedChannel& channel, int32_t number, double offset = 0.0) {
  const double v = static_cast<double>(number) * static_cast<double>(channel.step) / 256.0 + offset;
  if (channel.curve == ValueCurve::linear) return static_cast<float>(v);
  return static_cast<float>(v + v * (v < 0 ? -v : v) / 4.0);
}

}  // namespace voxpack
