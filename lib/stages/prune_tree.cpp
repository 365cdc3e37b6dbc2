#include "stages/prune_tree.h"

#include <algorithm>
#include <bit>

#include "core/interrupt.h"
#include "core/morton.h"
#include "stages/detect_metric.h"

namespace voxpack {
namespace {

// Of the mean of the neighbours in a block's cost. Measured: without it 2.5 dB are lost at a
// quarter of the points.
constexpr float kNeighbourShare = 0.35f;

// Replaces the errors of the field's own points by those of the detail map, which a user may have
// edited.
void take_detail(const Field& field, const DetailMap& detail, const PyramidLevel& level,
                 LargeVector<float>& site_error) {
  if (detail.detail.empty()) return;
  for_own_blocks(field, level, [&](const Block& block, const PyramidBlock& described) {
    std::copy_n(detail.detail.begin() + block.first_point, point_count(block),
                site_error.begin() + described.first);
  });
}

std::vector<SelectNode> make_nodes(const PyramidLevel& level, const PyramidLevel* finer,
                                   int coarsest_level) {
  std::vector<SelectNode> nodes(level.blocks.size());
  size_t child = 0;
  for (size_t b = 0; b < nodes.size(); ++b) {
    const PyramidBlock& block = level.blocks[b];
    SelectNode& node = nodes[b];
    node = {};
    node.first_site = block.first;
    node.site_count = static_cast<uint32_t>(std::popcount(block.stored));
    node.can_be_leaf = block.from_field || (block.has_points && level.level <= coarsest_level);
    if (finer == nullptr) continue;
    while (child < finer->blocks.size() && parent_code(finer->blocks[child].code) < block.code)
      ++child;
    node.first_child = static_cast<uint32_t>(child);
    while (child < finer->blocks.size() && parent_code(finer->blocks[child].code) == block.code)
      ++child;
    // What finer neighbours spill into a block of the field does not describe it.
    if (!block.from_field) node.child_count = static_cast<uint32_t>(child - node.first_child);
  }
  return nodes;
}

// Cost of the blocks of `nodes` that describe finer ones: what those cost, plus the step.
void add_costs(const SelectLevel& finer, const LargeVector<float>& site_error,
               const LargeVector<float>& empty_error, std::vector<SelectNode>& nodes,
               const std::vector<uint32_t>& coarse_index) {
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < nodes.size(); ++b) {
    SelectNode& node = nodes[b];
    if (node.child_count == 0) continue;
    double cost = static_cast<double>(empty_error[coarse_index[b]]);
    for (uint32_t c = 0; c < node.child_count; ++c) {
      const SelectNode& child = finer.nodes[node.first_child + c];
      cost += static_cast<double>(child.cost);
      for (uint32_t s = 0; s < child.site_count; ++s) {
        if (finer.drop_cost[child.first_site + s] > 0) {
          cost += static_cast<double>(site_error[child.first_site + s]);
        }
      }
    }
    node.cost = static_cast<float>(cost);
  }
}

// Mixes the cost of every block with the mean of its neighbours'. A seam between levels disturbs
// the finer side, so it pays to merge in patches rather than in single blocks.
void share_costs(const PyramidLevel& level, std::vector<SelectNode>& nodes) {
  std::vector<float> mixed(nodes.size());
#pragma omp parallel for schedule(static)
  for (size_t b = 0; b < nodes.size(); ++b) {
    mixed[b] = nodes[b].cost;
    if (nodes[b].child_count == 0) continue;
    const uint64_t code = level.blocks[b].code;
    double sum = 0;
    int count = 0;
    for (int n = 0; n < 27; ++n) {
      const uint32_t found = level.index.find(
          morton_code((gather_bits_3(code) + static_cast<uint32_t>(n % 3 - 1)) & 0x1fffff,
                      (gather_bits_3(code >> 1) + static_cast<uint32_t>(n / 3 % 3 - 1)) & 0x1fffff,
                      (gather_bits_3(code >> 2) + static_cast<uint32_t>(n / 9 - 1)) & 0x1fffff));
      if (n == 13 || found == kNoIndex || !level.blocks[found].has_points) continue;
      sum += static_cast<double>(nodes[found].cost);
      ++count;
    }
    if (count == 0) continue;
    mixed[b] =
        (1 - kNeighbourShare) * nodes[b].cost + kNeighbourShare * static_cast<float>(sum / count);
  }
  for (size_t b = 0; b < nodes.size(); ++b) nodes[b].cost = mixed[b];
}

}  // namespace

Result<PruneTree> make_prune_tree(const Field& field, const DetailMap& detail,
                                  const std::vector<uint64_t>& masks, int coarsest_level,
                                  Kernels& kernels) {
  const PyramidSource source{&field, detail.visibility_sum, masks};
  const std::vector<float> gains = feature_gains(field);
  const int last = std::max<int>(coarsest_level, field.blocks.front().level);
  PruneTree tree;
  PyramidLevel below;
  LargeVector<float> site_error, empty_error;
  std::vector<uint64_t> coarse_codes;
  for (int l = field.blocks.back().level; l <= last; ++l) {
    VOXPACK_TRY(check_interrupt());
    for (const PyramidBlock& block : below.blocks) coarse_codes.push_back(block.code);
    tree.levels.push_back(make_pyramid_level(source, l, &below));
    const PyramidLevel& level = tree.levels.back();
    const bool first = tree.levels.size() == 1;
    SelectLevel selection;
    selection.nodes =
        make_nodes(level, first ? nullptr : &tree.levels[tree.levels.size() - 2], coarsest_level);
    if (!first) {
      std::vector<uint32_t> coarse_index(level.blocks.size(), 0);
      size_t at = 0;
      for (size_t b = 0; b < level.blocks.size(); ++b) {
        while (at < coarse_codes.size() && coarse_codes[at] < level.blocks[b].code) ++at;
        coarse_index[b] = static_cast<uint32_t>(at);
      }
      add_costs(tree.selections.back(), site_error, empty_error, selection.nodes, coarse_index);
      share_costs(level, selection.nodes);
    }
    VOXPACK_ASSIGN(Coarsening next, coarsen(level, gains, {}, kernels));
    site_error = std::move(next.site_error);
    take_detail(field, detail, level, site_error);
    empty_error = std::move(next.empty_error);
    selection.drop_cost = std::move(next.drop_cost);
    tree.selections.push_back(std::move(selection));
    below = std::move(next.coarse);
    coarse_codes.clear();
  }
  return tree;
}

}  // namespace voxpack
