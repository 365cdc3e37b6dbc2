#include "kernels/coarsen.h"

#include <bit>
#include <string>

namespace voxpack {
namespace {

Status misfit(const std::string& what) { return {Errc::usage, "coarsening: " + what}; }

// The stored sites of all blocks lie in [0, limit).
bool sites_fit(std::span<const PyramidBlock> blocks, size_t limit) {
  for (const PyramidBlock& block : blocks) {
    if (block.first + static_cast<size_t>(std::popcount(block.stored)) > limit) return false;
    if ((block.mask & ~block.stored) != 0) return false;
  }
  return true;
}

bool links_fit(const CoarsenInput& input) {
  const size_t count = input.coarse_blocks.size();
  const CoarseLinks& links = *input.links;
  for (size_t b = 0; b < count; ++b) {
    for (const uint32_t n : links.neighbours[b]) {
      if (n != kNoIndex && n >= count) return false;
    }
    const auto children = static_cast<size_t>(std::popcount(links.child_masks[b]));
    if (links.first_child[b] + children > input.fine_blocks.size()) return false;
  }
  return true;
}

}  // namespace

Status check_coarsen_input(const CoarsenInput& input) {
  const size_t points = input.density.size();
  if (input.channels < 0 || input.links == nullptr) return misfit("no channels or no links");
  const auto channels = static_cast<size_t>(input.channels);
  const bool features_fit = channels == 0 ? input.features.empty()
                                          : input.features.size() / channels == points &&
                                                input.features.size() % channels == 0;
  if (input.vis_sum.size() != points || !features_fit || input.gains.size() != channels) {
    return misfit(std::to_string(points) + " densities, " + std::to_string(input.vis_sum.size()) +
                  " visibilities, " + std::to_string(input.features.size()) + " features and " +
                  std::to_string(input.gains.size()) + " gains do not fit " +
                  std::to_string(channels) + " channels");
  }
  const size_t blocks = input.coarse_blocks.size();
  if (input.links->neighbours.size() != blocks || input.links->first_child.size() != blocks ||
      input.links->child_masks.size() != blocks) {
    return misfit("the links are not those of " + std::to_string(blocks) + " coarse blocks");
  }
  if (!sites_fit(input.fine_blocks, points)) return misfit("a fine block lies outside the arrays");
  size_t next = 0;  // the coarse blocks follow each other and store what counts as points
  for (const PyramidBlock& block : input.coarse_blocks) {
    if (block.first != next || block.mask != block.stored) {
      return misfit("the coarse blocks are not in the order of their sites");
    }
    next += static_cast<size_t>(std::popcount(block.stored));
  }
  if (!links_fit(input)) return misfit("a link leads outside the blocks");
  return {};
}

size_t site_count(std::span<const PyramidBlock> blocks) {
  if (blocks.empty()) return 0;
  return blocks.back().first + static_cast<size_t>(std::popcount(blocks.back().stored));
}

}  // namespace voxpack
