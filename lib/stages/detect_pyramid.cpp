#include "stages/detect_pyramid.h"

#include <bit>

#include "core/morton.h"

namespace voxpack {
namespace {

void copy_block(const PyramidLevel& from, PyramidBlock block, PyramidLevel& to) {
  const size_t first = block.first;
  const size_t count = static_cast<size_t>(std::popcount(block.stored));
  const size_t channels = static_cast<size_t>(to.channels);
  block.first = static_cast<uint32_t>(to.own.density.size());
  const auto append = [](std::vector<float>& out, std::span<const float> in) {
    out.insert(out.end(), in.begin(), in.end());
  };
  append(to.own.density, from.density.subspan(first, count));
  append(to.own.features, from.features.subspan(first * channels, count * channels));
  append(to.own.vis_sum, from.vis_sum.subspan(first, count));
  to.blocks.push_back(block);
}

}  // namespace

PyramidLevel make_pyramid_level(const PyramidSource& source, int level, PyramidLevel* coarse) {
  const Field& field = *source.field;
  PyramidLevel own;
  own.level = level;
  own.channels = field.channels();
  for (size_t b = 0; b < field.blocks.size(); ++b) {
    const Block& block = field.blocks[b];
    if (block.level != level || source.masks[b] == 0) continue;
    own.blocks.push_back({morton_code(block.x, block.y, block.z), block.mask, source.masks[b],
                          block.first_point, true, true});
  }
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
