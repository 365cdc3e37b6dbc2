// The walk over the tree that codes and reconstructs all channels: one template for the decoder,
// the encoder and the quantiser, so that they cannot disagree (docs/format.md, "Attributes"). Rows
// of channels are padded to whole vectors, and run through in loops of known length.
#pragma once

#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include "codec/coefficient_model.h"
#include "codec/haar_block.h"
#include "codec/node_rows.h"
#include "codec/point_sink.h"
#include "codec/split_place.h"
#include "codec/walk_parameters.h"

namespace voxpack {

// The least and the greatest numbers of points, by channel; nothing is known past the last channel.
template <int kStride>
struct PointRange {
  RowOf<kStride> lowest, highest;
};

// Policy:
//   bool begin_depth(int depth)                         false: the walk stops before this depth
//   void begin_node(uint32_t node, const HaarBlock&)
//   void code(const SplitPlace<kStride>&, int32_t* q)   fills in the coefficients of all channels
template <class Policy, int kStride>
class AttributeWalk {
 public:
  // `rows` are those of `tree`.
  AttributeWalk(const Tree& tree, const NodeRows& rows, const NodeWeights& weights,
                std::span<const CodedChannel> channels, Policy& policy)
      : tree_(tree),
        rows_(rows),
        weights_(weights),
        policy_(policy),
        channels_(static_cast<int>(channels.size())),
        parameters_(channels, tree.depth()) {}

  // Gives the numbers of the points to `sink`, in step / 256.
  void run(PointSink& sink) {
    if (tree_.point_count == 0) return;
    for (int ch = 0; ch < kStride; ++ch) {
      range_.lowest.at[ch] = std::numeric_limits<int32_t>::max();
      range_.highest.at[ch] = std::numeric_limits<int32_t>::min();
    }
    sink_ = &sink;
    NeighbourWalk walk(tree_);
    values_.reset(new int32_t[rows_.count() * kStride]);
    activities_.reset(new uint8_t[rows_.count() * kStride]);
    store_node(0, parameters_.root.at, no_activity_);
    for (depth_ = 0; depth_ < tree_.depth() && policy_.begin_depth(depth_); ++depth_) {
      first_ = tree_.offset[depth_];
      predicts_ = false;
      for (int ch = 0; ch < channels_; ++ch) predicts_ |= parameters_.gains[depth_].at[ch] != 0;
      walk.visit_depth(depth_, [&](uint32_t node, uint32_t parent, const Neighbours& around) {
        visit(node, parent, around);
      });
    }
    flush_points();
  }

  // Of the points that run() gave to the sink.
  const PointRange<kStride>& range() const { return range_; }

 private:
  using Row = RowOf<kStride>;
  static constexpr uint32_t kPendingPoints = 256;

  // Numbers of a node that has a row; those past the last channel have no meaning.
  const int32_t* value_of(uint32_t node) const {
    return &values_[size_t{rows_.row(node)} * kStride];
  }
  uint8_t* activity_of(uint32_t node) { return &activities_[size_t{rows_.row(node)} * kStride]; }

  // `above`: activity of the parent, which a point has too.
  void store_node(uint32_t node, const int32_t* value, const uint8_t* above) {
    const bool is_point = tree_.child_mask[node] == 0;
    if (rows_.has(node)) {
      const size_t at = size_t{rows_.row(node)} * kStride;
      copy_row<kStride>(&values_[at], value);
      if (is_point) std::memcpy(&activities_[at], above, kStride);
    }
    if (!is_point) return;
    for (int ch = 0; ch < kStride; ++ch) {
      range_.lowest.at[ch] = std::min(range_.lowest.at[ch], value[ch]);
      range_.highest.at[ch] = std::max(range_.highest.at[ch], value[ch]);
    }
    if (pending_count_ == kPendingPoints) flush_points();
    copy_row<kStride>(&pending_[pending_count_++ * kStride], value);
  }

  void flush_points() {
    sink_->put(first_pending_, pending_count_, pending_, kStride);
    first_pending_ += pending_count_;
    pending_count_ = 0;
  }

  void visit(uint32_t node, uint32_t parent, const Neighbours& around) {
    const uint8_t mask = tree_.child_mask[node];
    uint8_t* own = activity_of(node);
    const uint8_t* above = parent == kNoNode ? no_activity_ : activity_of(parent);
    if (kBitCount[mask] < 2) {
      std::memcpy(own, above, kStride);
      store_node(tree_.link[node], value_of(node), own);
      return;
    }
    block_.build(split_table_, mask, weights_, tree_.link[node]);
    copy_row<kStride>(means_[1].at, value_of(node));
    if (predicts_) predict(mask, around);
    gather_activities(above, around);
    policy_.begin_node(node, block_);
    copy_row<kStride>(place_.own.at, zero_.at);
    for (int entry = 1; entry < 8; ++entry) split_entry(entry);
    const int reciprocal = kActivityReciprocals[block_.split_count];
    for (int ch = 0; ch < kStride; ++ch) {
      const int sum = std::min(place_.own.at[ch], 224) * 8;
      own[ch] = static_cast<uint8_t>(std::min(255, sum * reciprocal >> 16));
    }
    uint32_t child = tree_.link[node];
    for (int c = 0; c < 8; ++c) {
      if (mask >> c & 1) store_node(child++, means_[8 + c].at, own);
    }
  }

  // Means of the children as the surrounding means suggest, then of the heap entries above them;
  // all minus the node's mean. Small enough for 32 bits, since the taps are clamped.
  void predict(uint8_t mask, const Neighbours& around) {
    const Row own = means_[1];
    const Row* taps[27];
    for (int i = 0; i < kNeighbourCount; ++i) {
      taps[i] = &zero_;
      if (around[i] == kNoNode || i == kSelf) continue;
      taps[i] = &taps_[i];
      Row there;
      copy_row<kStride>(there.at, value_of(around[i]));
      for (int ch = 0; ch < kStride; ++ch) {
        const int32_t difference = there.at[ch] - own.at[ch];
        taps_[i].at[ch] = std::min(kMaxTap, std::max(-kMaxTap, difference));
      }
    }
    for (int c = 0; c < 8; ++c) {
      if (mask >> c & 1) predict_child(c, taps);
    }
    for (int i = 7; i >= 1; --i) {
      const uint32_t a = block_.weight[2 * i], b = block_.weight[2 * i + 1];
      if (a == 0 && b == 0) continue;
      const Row& first = guess_[2 * i];
      const Row& second = guess_[2 * i + 1];
      if (a == 0 || b == 0) {
        copy_row<kStride>(guess_[i].at, a == 0 ? second.at : first.at);
        continue;
      }
      const int32_t share = block_.split[i].share;
      for (int ch = 0; ch < kStride; ++ch) {
        const int32_t part = (second.at[ch] - first.at[ch]) * share + (1 << (kShareBits - 1));
        guess_[i].at[ch] = first.at[ch] + (part >> kShareBits);
      }
    }
  }

  void predict_child(int c, const Row* const* taps) {
    const int32_t* from[kTapCount];
    int total = 27;
    for (int t = 0; t < kTapCount; ++t) {
      const Row* tap = taps[kTaps[c][t]];
      from[t] = tap->at;
      total += tap == &zero_ ? 0 : kTapWeights[t];
    }
    const int32_t reciprocal = kTapReciprocals[total];
    int32_t* out = guess_[8 + c].at;
    for (int ch = 0; ch < kStride; ++ch) {
      const int32_t faces = from[0][ch] + from[1][ch] + from[2][ch];
      const int32_t edges = from[3][ch] + from[4][ch] + from[5][ch];
      const int32_t sum = 9 * faces + 3 * edges + from[6][ch];
      out[ch] = (sum * reciprocal + (1 << 13)) >> 14;
    }
  }

  void gather_activities(const uint8_t* above, const Neighbours& around) {
    const uint8_t* near[3];
    constexpr int kBefore[3] = {4, 10, 12};
    for (int i = 0; i < 3; ++i) {
      const uint32_t other = around[kBefore[i]];
      near[i] = other == kNoNode || other < first_ ? above : activity_of(other);
    }
    for (int ch = 0; ch < kStride; ++ch) {
      place_.parent.at[ch] = above[ch];
      place_.around.at[ch] = near[0][ch] + near[1][ch] + near[2][ch];
    }
  }

  void split_entry(int entry) {
    Row& first = means_[2 * entry];
    Row& second = means_[2 * entry + 1];
    const Row& mean = means_[entry];
    if (!block_.is_split[entry]) {
      if (block_.weight[entry] == 0) return;
      copy_row<kStride>(block_.weight[2 * entry] != 0 ? first.at : second.at, mean.at);
      return;
    }
    place_.split = block_.split[entry];
    place_.depth = depth_;
    place_.entry = entry;
    place_.axis = entry >= 4 ? 2 : entry >= 2 ? 1 : 0;
    if (predicts_) {
      find_predictions(entry);
    } else {
      copy_row<kStride>(place_.predicted.at, zero_.at);
    }
    find_contexts();
    policy_.code(place_, q_.at);
    int32_t largest = 0;
    for (int ch = 0; ch < kStride; ++ch) largest |= std::abs(q_.at[ch]);
    if (largest < kSmallMagnitude) {
      reconstruct<int32_t>(mean, first, second);
    } else {
      reconstruct<int64_t>(mean, first, second);
    }
  }

  // Means of the halves. Number: wide enough for the products of these coefficients.
  template <class Number>
  void reconstruct(const Row& mean, Row& first, Row& second) {
    const Number scale = place_.split.scale, share = place_.split.share;
    constexpr int kShift = kScaleBits - kFractionBits + 6;
    for (int ch = 0; ch < kStride; ++ch) {
      const int32_t sign = q_.at[ch] >> 31;
      const int32_t magnitude = (q_.at[ch] ^ sign) - sign;
      const int32_t bias =
          magnitude == 1 ? parameters_.bias_one.at[ch] : parameters_.bias_more.at[ch];
      const Number size = std::max(0, (magnitude << 6) - bias);
      const Number value = (size * scale + (Number{1} << (kShift - 1))) >> kShift;
      Number difference = (value ^ sign) - sign + place_.predicted.at[ch];
      if constexpr (sizeof(Number) > sizeof(int32_t)) difference = clamp_number(difference);
      const Number part = (difference * share + (1 << (kShareBits - 1))) >> kShareBits;
      first.at[ch] = static_cast<int32_t>(mean.at[ch] - part);
      second.at[ch] = static_cast<int32_t>(first.at[ch] + difference);
      place_.own.at[ch] = std::min(1 << 24, place_.own.at[ch] + magnitude);
    }
  }

  void find_predictions(int entry) {
    const Row& first = guess_[2 * entry];
    const Row& second = guess_[2 * entry + 1];
    const Row& gain = parameters_.gains[depth_];
    for (int ch = 0; ch < kStride; ++ch) {
      place_.predicted.at[ch] = ((second.at[ch] - first.at[ch]) * gain.at[ch] + 4) >> 3;
    }
  }

  void find_contexts() {
    const auto& weights = parameters_.context[place_.axis];
    const int32_t inverse = place_.split.inverse;
    for (int ch = 0; ch < kStride; ++ch) {
      const int32_t size = std::min(2047, std::abs(place_.predicted.at[ch]));
      const int32_t ratio = std::min(64, (size * inverse) >> 14);  // in 1/16 step
      const int32_t own = std::min(31, place_.own.at[ch]);
      place_.ratio.at[ch] = ratio;
      place_.expected.at[ch] = place_.parent.at[ch] * weights.parent.at[ch] +
                               place_.around.at[ch] * weights.around.at[ch] +
                               own * weights.own.at[ch] + ratio * weights.ratio.at[ch] +
                               weights.constant.at[ch];
      // The exponent of a small integer as float is its width; 0 has none.
      const auto exponent = std::bit_cast<int32_t>(static_cast<float>(ratio)) >> 23;
      const int32_t width = std::max(0, exponent - 126);
      place_.context.at[ch] = 4 * width + 2 * (own > 0);
    }
  }

  const Tree& tree_;
  const NodeRows& rows_;
  const NodeWeights& weights_;
  Policy& policy_;
  const int channels_;
  const SplitTable split_table_;
  const WalkParameters<kStride> parameters_;
  PointSink* sink_ = nullptr;
  int depth_ = 0;
  uint32_t first_ = 0;  // first node of the depth
  bool predicts_ = false;
  std::unique_ptr<int32_t[]> values_;      // [row][kStride] means
  std::unique_ptr<uint8_t[]> activities_;  // [row][kStride] mean |coefficient| in 1/8
  uint8_t no_activity_[kStride] = {};      // above the root
  uint32_t first_pending_ = 0, pending_count_ = 0;
  int32_t pending_[kPendingPoints * kStride];  // numbers of points for the sink
  PointRange<kStride> range_ = {};
  HaarBlock block_;
  SplitPlace<kStride> place_ = {};
  Row means_[16] = {};
  Row guess_[16] = {};
  Row taps_[27] = {};
  Row zero_ = {}, q_ = {};
};

}  // namespace voxpack
