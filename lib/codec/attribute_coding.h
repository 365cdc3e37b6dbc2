// The walk over the tree that codes and reconstructs all channels: one template for the decoder,
// the encoder and the quantiser, so that they cannot disagree (docs/format.md, "Attributes").
#pragma once

#include <cstring>
#include <span>

#include "codec/coefficient_model.h"
#include "codec/haar_block.h"

namespace voxpack {

// The channels of one walk: whole groups, consecutive.
struct AttributeGroups {
  std::span<const CodedChannel> channels;  // parameters; the coefficients are the policy's business
  std::span<const uint8_t> sizes;          // sum to channels.size()
};

// Policy:
//   void begin_node(uint32_t node, const HaarBlock&)
//   int32_t code(int group, int channel, int depth, int entry, const Split&, int32_t predicted,
//                CoefficientModel&)      the coefficient; `channel` counts over all groups
//   bool failed()                        stops the walk
template <class Policy>
class AttributeWalk {
 public:
  AttributeWalk(const Tree& tree, std::span<const uint32_t> weights, const AttributeGroups& groups,
                Policy& policy)
      : tree_(tree),
        weights_(weights),
        groups_(groups),
        policy_(policy),
        channels_(static_cast<int>(groups.channels.size())) {
    for (const uint8_t size : groups.sizes) models_.emplace_back(size);
  }

  // Fills points[rank * channels + channel] with the numbers of the points, in step / 256.
  void run(std::span<int32_t> points) {
    if (tree_.point_count == 0) return;
    points_ = points;
    NeighbourWalk walk(tree_);
    values_.resize(channels_);
    for (int ch = 0; ch < channels_; ++ch) {
      values_[ch] = clamp_number(groups_.channels[ch].root);
      if (tree_.depth() == 0) points_[ch] = values_[ch];
    }
    energies_.assign(channels_, 0);
    energies_above_.assign(channels_, 0);
    for (depth_ = 0; depth_ < tree_.depth() && !policy_.failed(); ++depth_) {
      first_ = tree_.offset[depth_];
      const size_t count = tree_.offset[depth_ + 1] - first_;
      const size_t below = tree_.offset[depth_ + 2] - tree_.offset[depth_ + 1];
      const bool last = depth_ + 1 == tree_.depth();  // all children are points
      next_values_.clear();
      if (!last) next_values_.resize(below * channels_);
      energies_.assign(count * channels_, 0);
      predicts_ = false;
      for (const CodedChannel& channel : groups_.channels) {
        predicts_ |= channel.prediction_gain[depth_] != 0;
      }
      walk.visit_depth(depth_, !last,
                       [&](uint32_t node, uint32_t parent, const Neighbours& around) {
                         visit(node, parent, around);
                       });
      values_.swap(next_values_);
      energies_above_.swap(energies_);
    }
  }

 private:
  const int32_t* value_of(uint32_t node) const {
    if (tree_.child_mask[node] == 0) return &points_[size_t{tree_.link[node]} * channels_];
    return &values_[size_t{node - first_} * channels_];
  }

  void visit(uint32_t node, uint32_t parent, const Neighbours& around) {
    const uint8_t mask = tree_.child_mask[node];
    uint8_t* own_energy = &energies_[size_t{node - first_} * channels_];
    const uint8_t* parent_energy =
        parent == kNoNode ? energies_above_.data()
                          : &energies_above_[size_t{parent - tree_.offset[depth_ - 1]} * channels_];
    if (kBitCount[mask] < 2) {
      std::memcpy(own_energy, parent_energy, channels_);
      if (mask != 0) store_child(tree_.link[node], value_of(node));
      return;
    }
    block_.build(split_table_, mask, &weights_[tree_.link[node]]);
    std::memcpy(means_[1], value_of(node), channels_ * sizeof(int32_t));
    if (predicts_) predict(mask, around);
    sum_energies(parent_energy, around);
    policy_.begin_node(node, block_);
    std::memset(largest_, 0, sizeof(largest_));
    std::memset(sums_, 0, sizeof(sums_));
    for (int entry = 1; entry < 8; ++entry) split_entry(entry);
    for (int ch = 0; ch < channels_; ++ch) {
      own_energy[ch] =
          static_cast<uint8_t>(std::min<int64_t>(255, sums_[ch] * 8 / block_.split_count));
    }
    uint32_t child = tree_.link[node];
    for (int c = 0; c < 8; ++c) {
      if (mask >> c & 1) store_child(child++, means_[8 + c]);
    }
  }

  void store_child(uint32_t child, const int32_t* value) {
    int32_t* to = tree_.child_mask[child] == 0
                      ? &points_[size_t{tree_.link[child]} * channels_]
                      : &next_values_[size_t{child - tree_.offset[depth_ + 1]} * channels_];
    std::memcpy(to, value, channels_ * sizeof(int32_t));
  }

  // Means of the children as the surrounding means suggest, then of the heap entries above them.
  void predict(uint8_t mask, const Neighbours& around) {
    const int32_t* values[27];
    for (int i = 0; i < 27; ++i) values[i] = around[i] == kNoNode ? nullptr : value_of(around[i]);
    const int32_t* own = means_[1];
    for (int c = 0; c < 8; ++c) {
      if (!(mask >> c & 1)) continue;
      int32_t* out = predicted_[8 + c];
      std::memset(sum_, 0, channels_ * sizeof(sum_[0]));
      int total = 27;
      for (int t = 0; t < kTapCount; ++t) {
        const int32_t* value = values[kTaps[c][t]];
        if (value == nullptr) continue;
        total += kTapWeights[t];
        for (int ch = 0; ch < channels_; ++ch)
          sum_[ch] += int64_t{value[ch] - own[ch]} * kTapWeights[t];
      }
      const int64_t reciprocal = kTapReciprocals[total];
      for (int ch = 0; ch < channels_; ++ch) {
        out[ch] = static_cast<int32_t>((sum_[ch] * reciprocal + (1 << 19)) >> 20);
      }
    }
    for (int i = 7; i >= 1; --i) {
      const uint32_t a = block_.weight[2 * i], b = block_.weight[2 * i + 1];
      if (a == 0 && b == 0) continue;
      const int32_t* first = predicted_[2 * i];
      const int32_t* second = predicted_[2 * i + 1];
      if (a == 0 || b == 0) {
        std::memcpy(predicted_[i], a == 0 ? second : first, channels_ * sizeof(int32_t));
        continue;
      }
      const int64_t share = block_.split[i].share;
      for (int ch = 0; ch < channels_; ++ch) {
        predicted_[i][ch] =
            first[ch] + static_cast<int32_t>(((second[ch] - first[ch]) * share + (1 << 15)) >> 16);
      }
    }
  }

  void sum_energies(const uint8_t* parent_energy, const Neighbours& around) {
    for (int ch = 0; ch < channels_; ++ch)
      energy_sum_[ch] = static_cast<uint16_t>(2 * parent_energy[ch]);
    for (const int i : {4, 10, 12}) {
      const uint32_t other = around[i];
      const uint8_t* energy = other == kNoNode || other < first_
                                  ? parent_energy
                                  : &energies_[size_t{other - first_} * channels_];
      for (int ch = 0; ch < channels_; ++ch)
        energy_sum_[ch] = static_cast<uint16_t>(energy_sum_[ch] + energy[ch]);
    }
    for (int ch = 0; ch < channels_; ++ch) {
      parent_bucket_[ch] = static_cast<uint8_t>(parent_bucket(parent_energy[ch]));
      energy_bucket_[ch] = kEnergyBuckets[energy_sum_[ch]];
    }
  }

  void split_entry(int entry) {
    int32_t* first = means_[2 * entry];
    int32_t* second = means_[2 * entry + 1];
    const int32_t* mean = means_[entry];
    if (!block_.is_split[entry]) {
      if (block_.weight[entry] == 0) return;
      std::memcpy(block_.weight[2 * entry] != 0 ? first : second, mean,
                  channels_ * sizeof(int32_t));
      return;
    }
    const Split split = block_.split[entry];
    CoefficientPlace place;
    place.height = std::min(CoefficientPlace::kHeights - 1, tree_.depth() - 1 - depth_);
    place.axis = entry >= 4 ? 2 : entry >= 2 ? 1 : 0;
    const uint32_t lighter = std::min(block_.weight[2 * entry], block_.weight[2 * entry + 1]);
    place.weight =
        std::min(CoefficientPlace::kWeights - 1, static_cast<int>(std::bit_width(lighter)) - 1);
    const int scale_width = std::bit_width(static_cast<uint32_t>(split.scale));
    int ch = 0;
    for (size_t group = 0; group < groups_.sizes.size(); ++group) {
      int32_t before = 0;
      place.last = place.last_but_one = 0;
      for (place.channel = 0; place.channel < groups_.sizes[group]; ++place.channel, ++ch) {
        const CodedChannel& channel = groups_.channels[ch];
        int32_t predicted = 0;
        if (const int gain = channel.prediction_gain[depth_]; gain != 0) {
          const int64_t difference =
              int64_t{predicted_[2 * entry + 1][ch]} - predicted_[2 * entry][ch];
          predicted = clamp_number((difference * gain + 4) >> 3);
        }
        // log2 of the predicted difference in steps: below 1/4, 1/2, 1, ...
        place.predicted = std::clamp(
            static_cast<int>(std::bit_width(static_cast<uint32_t>(std::abs(predicted)))) -
                scale_width + 15,
            0, CoefficientPlace::kPredicted - 1);
        place.energy = energy_bucket_[ch];
        place.parent = parent_bucket_[ch];
        place.own = std::min(CoefficientPlace::kOwn - 1, largest_[ch]);
        place.before = kBeforeBuckets[std::min(7, before)];
        models_[group].prepare(place);
        const int32_t q = policy_.code(static_cast<int>(group), ch, depth_, entry, split, predicted,
                                       models_[group]);
        int64_t difference = predicted;
        const int32_t magnitude = std::abs(q);
        if (magnitude != 0) {
          difference +=
              dequantise(q, split.scale, magnitude == 1 ? channel.bias_one : channel.bias_more);
          largest_[ch] = std::max(largest_[ch], magnitude);
          sums_[ch] += magnitude;
          before = std::min(1 << 20, before + std::min(magnitude, 1 << 10));
        }
        place.last_but_one = place.last;
        place.last = std::min(CoefficientPlace::kLast - 1, magnitude);
        const int32_t clamped = clamp_number(difference);
        first[ch] = first_half(mean[ch], clamped, split.share);
        second[ch] = clamp_number(int64_t{first[ch]} + clamped);
      }
    }
  }

  const Tree& tree_;
  const std::span<const uint32_t> weights_;
  const AttributeGroups groups_;
  Policy& policy_;
  const int channels_;
  const SplitTable split_table_;
  std::vector<CoefficientModel> models_;
  std::span<int32_t> points_;
  int depth_ = 0;
  uint32_t first_ = 0;  // first node of the depth
  bool predicts_ = false;
  std::vector<int32_t> values_, next_values_;  // means of the nodes of this depth and of the next
  std::vector<uint8_t> energies_, energies_above_;  // mean |coefficient| of a node in 1/8
  HaarBlock block_;
  int32_t means_[16][kCodedMaxChannels];
  int32_t predicted_[16][kCodedMaxChannels] = {};  // minus the node's mean
  int64_t sum_[kCodedMaxChannels];
  uint16_t energy_sum_[kCodedMaxChannels];
  uint8_t energy_bucket_[kCodedMaxChannels];
  uint8_t parent_bucket_[kCodedMaxChannels];
  int32_t largest_[kCodedMaxChannels];
  int64_t sums_[kCodedMaxChannels];
};

}  // namespace voxpack
