// The value of a field between its sites, slowly and in double, from docs/field-format.md
// section 3. Shares no code with lib/kernels.
//
// Values are linear in the stored points, so a value is given as a combination of points. Places
// are in units of h from the cube's origin; whole places ("sites") in half steps of h.
#pragma once

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "field/camera.h"
#include "field/field.h"

namespace voxpack {

struct Term {
  uint32_t point;
  double weight;
};
using Combination = std::vector<Term>;
using Site = std::array<int64_t, 3>;

struct ReferenceLeaf {
  int level = 0;
  Site block{};

  int64_t spacing() const { return int64_t{1} << (level + 1); }  // half steps
  int64_t size() const { return 4 * spacing(); }
  int64_t lower(int axis) const { return block[axis] * size(); }
  bool operator<(const ReferenceLeaf& o) const {
    return std::pair(level, block) < std::pair(o.level, o.block);
  }
  bool overlaps(const ReferenceLeaf& o) const {
    for (int a = 0; a < 3; ++a) {
      if (lower(a) >= o.lower(a) + o.size() || o.lower(a) >= lower(a) + size()) return false;
    }
    return true;
  }
};

class ReferenceField {
 public:
  static constexpr int kVoid = INT_MIN;

  explicit ReferenceField(const Field& field) {
    for (const Block& block : field.blocks) {
      uint32_t point = block.first_point;
      for (int bit = 0; bit < 64; ++bit) {
        if (!(block.mask >> bit & 1)) continue;
        const Site site = {block.x * 4 + (bit & 1) + (bit >> 3 & 1) * 2,
                           block.y * 4 + (bit >> 1 & 1) + (bit >> 4 & 1) * 2,
                           block.z * 4 + (bit >> 2 & 1) + (bit >> 5 & 1) * 2};
        points_[{block.level, site}] = point++;
      }
      leaves_.push_back({block.level, {block.x, block.y, block.z}});
    }
    add_closure();
    for (const ReferenceLeaf& leaf : leaves_) levels_.push_back(leaf.level);
    std::sort(levels_.begin(), levels_.end());
    levels_.erase(std::unique(levels_.begin(), levels_.end()), levels_.end());
    std::sort(leaves_.begin(), leaves_.end());
  }

  const std::vector<ReferenceLeaf>& leaves() const { return leaves_; }

  // The leaf that holds the place, half-open; null in the void.
  const ReferenceLeaf* leaf_of(const Vec3& x) const {
    for (const int level : levels_) {
      ReferenceLeaf wanted{level, {}};
      const auto size = static_cast<double>(wanted.size());
      for (int a = 0; a < 3; ++a)
        wanted.block[a] = static_cast<int64_t>(std::floor(2 * x[a] / size));
      if (const ReferenceLeaf* found = find(wanted)) return found;
    }
    return nullptr;
  }
  int level_of(const Vec3& x) const {
    const ReferenceLeaf* leaf = leaf_of(x);
    return leaf ? leaf->level : kVoid;
  }

  Combination at(const Vec3& x) const {
    const ReferenceLeaf* leaf = leaf_of(x);
    return leaf ? at(*leaf, x) : Combination{};
  }

  // As seen from inside `leaf`, also for places on its boundary.
  Combination at(const ReferenceLeaf& leaf, const Vec3& x) const {
    Site cell;
    Vec3 fraction;
    for (int a = 0; a < 3; ++a) {
      const double local =
          (2 * x[a] - static_cast<double>(leaf.lower(a))) / static_cast<double>(leaf.spacing());
      const double whole = std::clamp(std::floor(local), 0.0, 3.0);
      cell[a] = static_cast<int64_t>(whole);
      fraction[a] = local - whole;
    }
    return trilinear(leaf, cell, fraction);
  }

  const Combination& at_site(const Site& p) const {
    if (const auto known = known_.find(p); known != known_.end()) return known->second;
    return known_.emplace(p, compute_site(p)).first->second;
  }

 private:
  const ReferenceLeaf* find(const ReferenceLeaf& wanted) const {
    const auto found = std::lower_bound(leaves_.begin(), leaves_.end(), wanted);
    return found != leaves_.end() && !(wanted < *found) ? &*found : nullptr;
  }

  static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

  void add_closure() {
    const std::vector<ReferenceLeaf> stored = leaves_;
    std::map<ReferenceLeaf, bool> candidates;
    for (const auto& [key, point] : points_) {
      for (int corner = 0; corner < 8; ++corner) {
        ReferenceLeaf below{key.first, {}};
        bool is_inside = true;
        for (int a = 0; a < 3; ++a) {
          const int64_t site = key.second[a];
          below.block[a] = floor_div(site - (site % 4 == 0 ? corner >> a & 1 : 0), 4);
          is_inside &= below.block[a] >= 0;
        }
        if (is_inside) candidates[below] = true;
      }
    }
    std::vector<ReferenceLeaf> closure;
    for (auto it = candidates.rbegin(); it != candidates.rend(); ++it) {  // coarse levels first
      const auto overlaps = [&](const ReferenceLeaf& leaf) { return leaf.overlaps(it->first); };
      if (std::any_of(stored.begin(), stored.end(), overlaps)) continue;
      if (std::any_of(closure.begin(), closure.end(), overlaps)) continue;
      closure.push_back(it->first);
    }
    leaves_.insert(leaves_.end(), closure.begin(), closure.end());
  }

  Combination compute_site(const Site& p) const {
    const ReferenceLeaf* owner = nullptr;
    const ReferenceLeaf* coarsest = nullptr;
    for (const int level : levels_) {
      for (int side = 0; side < 8; ++side) {
        ReferenceLeaf wanted{level, {}};
        for (int a = 0; a < 3; ++a)
          wanted.block[a] = floor_div(p[a] - (side >> a & 1), wanted.size());
        const ReferenceLeaf* found = find(wanted);
        if (!found) continue;
        if (side == 0) owner = found;
        if (!coarsest || found->level > coarsest->level) coarsest = found;
      }
    }
    if (!coarsest) return {};
    const int64_t spacing = coarsest->spacing();
    if (p[0] % spacing == 0 && p[1] % spacing == 0 && p[2] % spacing == 0) {
      if (!owner) return {};
      const int64_t step = owner->spacing();
      const auto found = points_.find({owner->level, Site{p[0] / step, p[1] / step, p[2] / step}});
      if (found == points_.end()) return {};
      return {{found->second, 1.0}};
    }
    const Vec3 x = {p[0] / 2.0, p[1] / 2.0, p[2] / 2.0};
    return at(*coarsest, x);
  }

  Combination trilinear(const ReferenceLeaf& leaf, const Site& cell, const Vec3& f) const {
    std::map<uint32_t, double> sum;
    for (int corner = 0; corner < 8; ++corner) {
      Site p;
      double weight = 1;
      for (int a = 0; a < 3; ++a) {
        const int upper = corner >> a & 1;
        weight *= upper ? f[a] : 1 - f[a];
        p[a] = leaf.lower(a) + (cell[a] + upper) * leaf.spacing();
      }
      if (weight == 0) continue;
      for (const Term& term : at_site(p)) sum[term.point] += weight * term.weight;
    }
    Combination terms;
    for (const auto& [point, weight] : sum) terms.push_back({point, weight});
    return terms;
  }

  std::map<std::pair<int, Site>, uint32_t> points_;
  std::vector<ReferenceLeaf> leaves_;
  std::vector<int> levels_;
  mutable std::map<Site, Combination> known_;
};

// Density (channel 0) or feature (1 ..) of a combination.
inline double value_of(const Field& field, const Combination& terms, int channel) {
  double sum = 0;
  for (const Term& term : terms) {
    const size_t point = term.point;
    sum += term.weight *
           static_cast<double>(channel == 0
                                   ? field.density[point]
                                   : field.features[point * static_cast<size_t>(field.channels()) +
                                                    static_cast<size_t>(channel) - 1]);
  }
  return sum;
}

}  // namespace voxpack
