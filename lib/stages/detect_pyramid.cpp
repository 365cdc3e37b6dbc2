#include "stages/detect_pyramid.h"

#include <algorithm>
#include <bit>

#include "core/morton.h"

namespace voxpack {
namespace {

void copy_block(const PyramidLevel& from, PyramidBlock block, PyramidLevel& to) {
  const size_t first = block.first;
  const size_t count = static_cast<size_t>(std::popcount(block.stored));
  const size_t channels = static_cast<size_t>(to.channels);
  block.first = static_cast<uint32_t>(to.own.density.size());
  const auto append = [](LargeVector<float>& out, std::span<const float> in) {
    out.insert(out.end(), in.begin(), in.end());
  };
  append(to.own.density, from.density.subspan(first, count));
  append(to.own.features, from.features.subspan(first * channels, count * channels));
  append(to.own.vis_sum, from.vis_sum.subspan(first, count));
  to.blocks.push_back(block);
}

// The blocks of the field at `level` that have points left.
std::vector<PyramidBlock> own_blocks(const PyramidSource& source, int level) {
  const std::vector<Block>& blocks = source.field->blocks;
  const auto below = [&](int above) {
    return static_cast<size_t>(
        std::partition_point(blocks.begin(), blocks.end(),
                             [&](const Block& b) { return b.level > above; }) -
        blocks.begin());
  };
  const size_t begin = below(level), end = below(level - 1);
  constexpr size_t kPart = 8192;
  const size_t parts = (end - begin + kPart - 1) / kPart;
  std::vector<size_t> places(parts + 1);  // of each part's first
  const auto in_part = [&](size_t part, auto&& visit) {
    const size_t stop = std::min(end, begin + (part + 1) * kPart);
    for (size_t b = begin + part * kPart; b < stop; ++b) {
      if (source.masks[b] != 0) visit(b);
    }
  };
#pragma omp parallel for schedule(static)
  for (size_t part = 0; part < parts; ++part) {
    in_part(part, [&](size_t) { ++places[part + 1]; });
  }
  for (size_t part = 1; part <= parts; ++part) places[part] += places[part - 1];
  std::vector<PyramidBlock> own(places.back());
#pragma omp parallel for schedule(static)
  for (size_t part = 0; part < parts; ++part) {
    PyramidBlock* to = own.data() + places[part];
    in_part(part, [&](size_t b) {
      const Block& block = blocks[b];
      *to++ = {morton_code(block.x, block.y, block.z),
               block.mask,
               source.masks[b],
               block.first_point,
               true,
               true};
    });
  }
  return own;
}

}  // namespace

PyramidLevel make_pyramid_level(const PyramidSource& source, int level, PyramidLevel* coarse) {
  const Field& field = *source.field;
  PyramidLevel own;
  own.level = level;
  own.channels = field.channels();
  own.blocks = own_blocks(source, level);
  own.density = field.density;
  own.features = field.features;
  own.vis_sum = source.vis_sum;
  if (coarse == nullptr || coarse->blocks.empty()) {
    own.index.build(own.blocks);
    return own;
  }
  if (own.blocks.empty()) return std::move(*coarse);
  PyramidLevel joined;
  joined.level = level;
  joined.channels = own.channels;
  size_t next = 0;
  for (const PyramidBlock& block : own.blocks) {
    for (; next < coarse->blocks.size() && coarse->blocks[next].code < block.code; ++next) {
      copy_block(*coarse, coarse->blocks[next], joined);
    }
    if (next < coarse->blocks.size() && coarse->blocks[next].code == block.code) ++next;
    copy_block(own, block, joined);
  }
  for (; next < coarse->blocks.size(); ++next) copy_block(*coarse, coarse->blocks[next], joined);
  joined.density = joined.own.density;
  joined.features = joined.own.features;
  joined.vis_sum = joined.own.vis_sum;
  joined.index.build(joined.blocks);
  return joined;
}

}  // namespace voxpack
