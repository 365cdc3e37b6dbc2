// Removes the unseen, then chooses blocks and points of the tree of levels for the budget.
#include "stages/prune.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <new>
#include <string>

#include "core/interrupt.h"
#include "core/morton.h"
#include "stages/points.h"
#include "stages/prune_assemble.h"
#include "stages/prune_seen.h"
#include "stages/prune_tree.h"

namespace voxpack {
namespace {

// A selection a little over the budget is tried when points turn out to be useless, at most this
// often.
constexpr int kBudgetRounds = 6;
constexpr double kGoodFill = 0.985;  // of the budget

Status check_arguments(const Field& field, const DetailMap& detail, const PruneOptions& options) {
  const size_t count = field.point_count();
  if (detail.visibility_sum.size() != count || detail.visibility_max.size() != count ||
      detail.detail.size() != count) {
    return {Errc::usage, "the detail map has " + std::to_string(detail.detail.size()) +
                             " points, the field has " + std::to_string(count) +
                             "; make it again from this field"};
  }
  if (options.target_points < 1) return {Errc::usage, "the point budget is 0; give at least 1"};
  if (!(options.min_visibility >= 0 && options.min_visibility <= 1)) {
    return {Errc::usage,
            "min visibility " + std::to_string(options.min_visibility) + " is not in 0..1"};
  }
  if (options.coarsest_level < 0 || options.coarsest_level > kMaxLevel) {
    return {Errc::usage, "coarsest level " + std::to_string(options.coarsest_level) +
                             " is not in 0.." + std::to_string(kMaxLevel)};
  }
  for (const auto* values : {&detail.visibility_sum, &detail.visibility_max, &detail.detail}) {
    bool valid = true;
#pragma omp parallel for schedule(static) reduction(&& : valid)
    for (size_t i = 0; i < count; ++i) valid = valid && (*values)[i] >= 0 && (*values)[i] < 1e30f;
    if (!valid) return {Errc::bad_data, "the detail map holds negative or infinite numbers"};
  }
  return validate(field);
}

// The `count` points with the largest importance; equal ones in field order.
Field most_important(const Field& field, uint64_t count) {
  std::vector<uint32_t> order(field.point_count());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return field.importance[a] != field.importance[b] ? field.importance[a] > field.importance[b]
                                                      : a < b;
  });
  std::vector<uint8_t> keep(order.size(), 0);
  for (size_t i = 0; i < std::min<size_t>(count, order.size()); ++i) keep[order[i]] = 1;
  return select_points(field, keep);
}

// The points of `masks`, with their importance.
Field seen_field(const Field& field, const DetailMap& detail, const std::vector<uint64_t>& masks) {
  std::vector<uint8_t> keep(field.point_count(), 0);
  for (size_t b = 0; b < masks.size(); ++b) {
    size_t point = field.blocks[b].first_point;
    for (uint64_t left = field.blocks[b].mask; left != 0; left &= left - 1, ++point) {
      keep[point] = (masks[b] & left & -left) != 0;
    }
  }
  Field out = select_points(field, keep);
  out.importance.edit().clear();
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i]) out.importance.edit().push_back(detail.visibility_sum[i]);
  }
  return out;
}

Result<Field> cut_to_budget(const Field& field, const DetailMap& detail,
                            const std::vector<uint64_t>& masks, const PruneOptions& options,
                            Kernels& kernels, Log& log) {
  log.progress({"prune", 0.1, -1, "coarser levels"});
  VOXPACK_ASSIGN(const PruneTree tree,
                 make_prune_tree(field, detail, masks, options.coarsest_level, kernels));
  Field best, last;
  uint64_t goal = options.target_points;
  for (int round = 0; round < kBudgetRounds; ++round) {
    VOXPACK_TRY(check_interrupt());
    log.progress({"prune", 0.6 + 0.1 * round, -1, "choosing points"});
    Field tried = assemble(field, tree, select_blocks(tree.selections, goal));
    VOXPACK_ASSIGN(tried, drop_unused(tried));
    const uint64_t count = tried.point_count();
    if (count <= options.target_points && count >= best.point_count()) {
      best = std::move(tried);
    } else if (count > options.target_points) {
      last = std::move(tried);
    }
    const double fill = static_cast<double>(count) / static_cast<double>(options.target_points);
    if (count == 0 || (fill >= kGoodFill && fill <= 1)) break;
    goal = static_cast<uint64_t>(static_cast<double>(goal) * 0.995 / fill);
  }
  if (best.point_count() > 0) return best;
  return most_important(last.point_count() > 0 ? last : seen_field(field, detail, masks),
                        options.target_points);
}

}  // namespace

Result<Field> run_prune(const Field& field, const DetailMap& detail, const PruneOptions& options,
                        Kernels& kernels, Log& log) {
  VOXPACK_TRY(check_arguments(field, detail, options));
  try {
    if (field.point_count() == 0) return field;
    const std::vector<uint64_t> masks =
        find_seen(field, detail.visibility_max, options.min_visibility);
    uint64_t seen = 0;
    for (const uint64_t mask : masks) seen += static_cast<uint64_t>(std::popcount(mask));
    if (seen <= options.target_points) return seen_field(field, detail, masks);
    switch (options.criterion) {
      case PruneCriterion::both:
        return cut_to_budget(field, detail, masks, options, kernels, log);
      case PruneCriterion::detail: {
        const DetailMap alike{LargeVector<float>(field.point_count(), 1.0f), {}, {}};
        return cut_to_budget(field, alike, masks, options, kernels, log);
      }
      case PruneCriterion::visibility:
        break;
    }
    return most_important(seen_field(field, detail, masks), options.target_points);
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory to prune " + std::to_string(field.point_count()) +
                              " points; free memory or bake at a lower resolution"};
  }
}

}  // namespace voxpack
