#include "stages/prune_select.h"

#include <algorithm>
#include <cmath>

namespace voxpack {
namespace {

constexpr int kSearchSteps = 48;
constexpr size_t kParallelNodes = 4096;  // below, starting the threads takes longer than the work

// The best choice below every node for one lambda.
struct Decision {
  float lambda = 0;
  struct Best {
    double cost = 0;     // with lambda x points
    uint32_t count = 0;  // points
    bool leaf = false;   // the node itself describes its region
  };
  std::vector<std::vector<Best>> best;  // [level][node]
  uint64_t count = 0;
};

// Into `decision`, whose memory is used again: fresh pages would take longer than the choice.
void decide(const std::vector<SelectLevel>& levels, float lambda, Decision& decision) {
  decision.lambda = lambda;
  decision.count = 0;
  decision.best.resize(levels.size());
  for (size_t l = 0; l < levels.size(); ++l) {
    const SelectLevel& level = levels[l];
    auto& best = decision.best[l];
    best.resize(level.nodes.size());
#pragma omp parallel for schedule(static) if (level.nodes.size() >= kParallelNodes)
    for (size_t n = 0; n < level.nodes.size(); ++n) {
      const SelectNode& node = level.nodes[n];
      Decision::Best below;
      for (uint32_t c = 0; c < node.child_count; ++c) {
        const Decision::Best& child = decision.best[l - 1][node.first_child + c];
        below.cost += child.cost;
        below.count += child.count;
      }
      best[n] = below;
      if (!node.can_be_leaf) continue;
      Decision::Best own;
      own.leaf = true;
      own.cost = static_cast<double>(node.cost);
      for (uint32_t s = 0; s < node.site_count; ++s) {
        const float drop = level.drop_cost[node.first_site + s];
        const bool kept = drop > 0 && drop >= lambda;
        own.count += kept;
        own.cost += static_cast<double>(kept ? lambda : drop);
      }
      // Lambda 0 keeps everything; above it, what costs nothing is merged.
      const bool merge = own.cost < below.cost || (lambda > 0 && own.cost == below.cost);
      if (node.child_count == 0 || merge) best[n] = own;
    }
  }
  if (!levels.empty()) {
    for (const Decision::Best& root : decision.best.back()) decision.count += root.count;
  }
}

// Walks both decisions from the top and goes back to the richer one where the points left allow it.
class Chooser {
 public:
  Chooser(const std::vector<SelectLevel>& levels, const Decision& lean, const Decision& rich,
          uint64_t target)
      : levels_(levels), lean_(lean), rich_(rich), left_(target - lean.count) {}

  std::vector<ChosenBlock> run() {
    if (levels_.empty()) return {};
    for (uint32_t n = 0; n < levels_.back().nodes.size(); ++n) visit(levels_.size() - 1, n);
    std::sort(chosen_.begin(), chosen_.end(), [](const ChosenBlock& a, const ChosenBlock& b) {
      return a.level != b.level ? a.level < b.level : a.node < b.node;
    });
    return std::move(chosen_);
  }

 private:
  void visit(size_t level, uint32_t n) {
    const SelectNode& node = levels_[level].nodes[n];
    const auto& lean = lean_.best[level][n];
    const auto& rich = rich_.best[level][n];
    const uint64_t more = rich.count > lean.count ? rich.count - lean.count : 0;
    if (more <= left_) {
      left_ -= more;
      take(rich_, level, n);
      return;
    }
    if (!lean.leaf) {
      for (uint32_t c = 0; c < node.child_count; ++c) visit(level - 1, node.first_child + c);
      return;
    }
    uint64_t split = 0;
    for (uint32_t c = 0; c < node.child_count; ++c) {
      split += lean_.best[level - 1][node.first_child + c].count;
    }
    if (node.child_count == 0 || rich.leaf || split > lean.count + left_) {
      take(lean_, level, n);
      return;
    }
    left_ -= split > lean.count ? split - lean.count : 0;
    for (uint32_t c = 0; c < node.child_count; ++c) visit(level - 1, node.first_child + c);
  }

  void take(const Decision& decision, size_t level, uint32_t n) {
    const auto& best = decision.best[level][n];
    if (best.leaf) {
      chosen_.push_back({static_cast<uint32_t>(level), n, decision.lambda});
      return;
    }
    const SelectNode& node = levels_[level].nodes[n];
    for (uint32_t c = 0; c < node.child_count; ++c) take(decision, level - 1, node.first_child + c);
  }

  const std::vector<SelectLevel>& levels_;
  const Decision& lean_;
  const Decision& rich_;
  uint64_t left_;
  std::vector<ChosenBlock> chosen_;
};

}  // namespace

std::vector<ChosenBlock> select_blocks(const std::vector<SelectLevel>& levels, uint64_t target) {
  // Lambda as the bits of a positive float: the search ends at neighbouring numbers.
  Decision rich, lean, tried;
  decide(levels, 0.0f, rich);
  if (rich.count <= target) return Chooser(levels, rich, rich, target).run();
  float low = 1e-30f, high = 1e30f;
  decide(levels, high, lean);
  for (int i = 0; i < kSearchSteps; ++i) {
    const float middle = static_cast<float>(std::sqrt(static_cast<double>(low) * high));
    if (!(middle > low && middle < high)) break;
    decide(levels, middle, tried);
    if (tried.count > target) {
      low = middle;
      std::swap(rich, tried);
    } else {
      high = middle;
      std::swap(lean, tried);
    }
    if (lean.count <= target && lean.count >= target - target / 500) break;
  }
  return Chooser(levels, lean, rich, target).run();
}

}  // namespace voxpack
