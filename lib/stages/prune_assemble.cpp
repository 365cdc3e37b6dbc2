#include "stages/prune_assemble.h"

#include <algorithm>
#include <bit>
#include <parallel/algorithm>
#include <unordered_set>

#include "core/morton.h"

namespace voxpack {
namespace {

// A point of the result: where it goes and which entry of the tree it is copied from.
struct Placed {
  uint64_t key;  // lattice order: level descending, Morton code of the site
  uint32_t level, point;
};

class Assembler {
 public:
  Assembler(const PruneTree& tree, const std::vector<ChosenBlock>& chosen)
      : tree_(tree), chosen_(chosen), created_(tree.levels.size()) {
    for (const PyramidLevel& level : tree.levels) {
      is_leaf_.emplace_back(level.blocks.size(), 0);
      has_leaf_.emplace_back(level.blocks.size(), 0);
    }
    for (const ChosenBlock& block : chosen) is_leaf_[block.level][block.node] = 1;
    for (size_t l = 0; l < tree.levels.size(); ++l) {
      for (size_t n = 0; n < is_leaf_[l].size(); ++n) {
        const SelectNode& node = tree.selections[l].nodes[n];
        bool below = false;
        for (uint32_t c = 0; c < node.child_count; ++c) {
          below |= has_leaf_[l - 1][node.first_child + c] != 0;
        }
        has_leaf_[l][n] = below || is_leaf_[l][n];
      }
    }
  }

  std::vector<Placed> run() {
    for (const ChosenBlock& block : chosen_) place_own(block);
    for (size_t i = chosen_.size(); i-- > 0;) {  // coarse levels first
      if (!tree_.levels[chosen_[i].level].blocks[chosen_[i].node].from_field) close(chosen_[i]);
    }
    // A block's own values come first, then the coarser descriptions.
    __gnu_parallel::stable_sort(placed_.begin(), placed_.end(),
                                [](const Placed& x, const Placed& y) { return x.key < y.key; });
    placed_.erase(std::unique(placed_.begin(), placed_.end(),
                              [](const Placed& a, const Placed& b) { return a.key == b.key; }),
                  placed_.end());
    return std::move(placed_);
  }

 private:
  static uint64_t key_of(const PyramidLevel& level, uint64_t site_code) {
    return static_cast<uint64_t>(kMaxLevel + 1 - level.level) << 54 | site_code;
  }

  void place_own(const ChosenBlock& block) {
    const PyramidLevel& level = tree_.levels[block.level];
    const PyramidBlock& described = level.blocks[block.node];
    const LargeVector<float>& drop_cost = tree_.selections[block.level].drop_cost;
    uint32_t point = described.first;
    for (uint64_t left = described.stored; left != 0; left &= left - 1, ++point) {
      if (!(drop_cost[point] > 0 && drop_cost[point] >= block.threshold)) continue;
      const auto site = static_cast<uint64_t>(std::countr_zero(left));
      placed_.push_back({key_of(level, described.code << 6 | site), block.level, point});
    }
  }

  // The upper boundary of one merged block.
  void close(const ChosenBlock& block) {
    const PyramidLevel& level = tree_.levels[block.level];
    const LargeVector<float>& drop_cost = tree_.selections[block.level].drop_cost;
    const uint64_t code = level.blocks[block.node].code;
    const uint32_t corner[3] = {gather_bits_3(code), gather_bits_3(code >> 1),
                                gather_bits_3(code >> 2)};
    for (uint32_t step = 1; step < 8; ++step) {
      const uint64_t next =
          morton_code(corner[0] + (step & 1), corner[1] + (step >> 1 & 1), corner[2] + (step >> 2));
      const uint32_t found = level.index.find(next);
      if (found == kNoIndex || is_leaf_[block.level][found] || covered(block.level, next)) continue;
      const PyramidBlock& neighbour = level.blocks[found];
      uint32_t point = neighbour.first;
      for (uint64_t left = neighbour.stored; left != 0; left &= left - 1, ++point) {
        const auto site = static_cast<uint64_t>(std::countr_zero(left));
        bool touches = true;
        for (uint32_t a = 0; a < 3; ++a)
          touches &= !(step >> a & 1) || gather_bits_3(site >> a) == 0;
        if (!touches || !(drop_cost[point] > 0 && drop_cost[point] >= block.threshold)) continue;
        insert(block.level, next << 6 | site, point);
      }
    }
  }

  // A coarser leaf has the region of block `code` of level `l`.
  bool covered(uint32_t l, uint64_t code) const {
    for (uint32_t up = l + 1; up < tree_.levels.size(); ++up) {
      code = parent_code(code);
      const uint32_t found = tree_.levels[up].index.find(code);
      if (found != kNoIndex && is_leaf_[up][found]) return true;
      if (created_[up].count(code)) return true;
    }
    return false;
  }

  // Stores point `point` of level `l` at its site in the leaf that owns it; in a new one if there
  // is none.
  void insert(uint32_t l, uint64_t site_code, uint32_t point) {
    for (uint32_t m = l;; --m, site_code <<= 3) {
      const uint64_t code = site_code >> 6;
      const uint32_t found = tree_.levels[m].index.find(code);
      const bool is_void = found == kNoIndex || !has_leaf_[m][found];
      const bool leaf = !is_void && is_leaf_[m][found];
      if (is_void) created_[m].insert(code);
      if (is_void || leaf) {
        placed_.push_back({key_of(tree_.levels[m], site_code), l, point});
        return;
      }
      if (m == 0) return;
    }
  }

  const PruneTree& tree_;
  const std::vector<ChosenBlock>& chosen_;
  std::vector<std::vector<uint8_t>> is_leaf_;   // [level][node]: chosen
  std::vector<std::vector<uint8_t>> has_leaf_;  // [level][node]: chosen, or a block below is
  std::vector<std::unordered_set<uint64_t>> created_;
  std::vector<Placed> placed_;
};

}  // namespace

Field assemble(const Field& field, const PruneTree& tree, const std::vector<ChosenBlock>& chosen) {
  Field out;
  out.cube = field.cube;
  out.resolution = field.resolution;
  out.appearance = field.appearance;
  const size_t channels = static_cast<size_t>(field.channels());
  const std::vector<Placed> placed = Assembler(tree, chosen).run();
  LargeVector<float>&density = out.density.edit(), &features = out.features.edit(),
  &importance = out.importance.edit();
  density.resize(placed.size());
  features.resize(placed.size() * channels);
  importance.resize(placed.size());
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < placed.size(); ++i) {
    const PyramidLevel& source = tree.levels[placed[i].level];
    const size_t point = placed[i].point;
    density[i] = source.density[point];
    std::copy_n(source.features.data() + point * channels, channels,
                features.data() + i * channels);
    importance[i] = source.vis_sum[point];
  }
  for (size_t i = 0; i < placed.size(); ++i) {
    const Placed& point = placed[i];
    const uint64_t code = point.key & ((uint64_t{1} << 54) - 1);
    const auto level = static_cast<int8_t>(kMaxLevel + 1 - static_cast<int>(point.key >> 54));
    const Block block{level,
                      static_cast<uint16_t>(gather_bits_3(code >> 6)),
                      static_cast<uint16_t>(gather_bits_3(code >> 7)),
                      static_cast<uint16_t>(gather_bits_3(code >> 8)),
                      static_cast<uint32_t>(i),
                      0};
    if (out.blocks.empty() || block_before(out.blocks.back(), block)) out.blocks.push_back(block);
    out.blocks.back().mask |= uint64_t{1} << (code & 63);
  }
  return out;
}

}  // namespace voxpack
