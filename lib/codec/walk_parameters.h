// The parameters of the channels as rows, for the walk over the tree.
#pragma once

#include <span>

#include "codec/haar_block.h"
#include "codec/split_place.h"

namespace voxpack {

template <int kStride>
struct WalkParameters {
  struct ContextWeights {
    RowOf<kStride> parent, around, own, ratio, constant;
  };

  // `channels` have gains for `depth` depths.
  WalkParameters(std::span<const CodedChannel> channels, int depth) {
    for (size_t ch = 0; ch < channels.size(); ++ch) {
      const CodedChannel& channel = channels[ch];
      root.at[ch] = clamp_number(channel.root);
      bias_one.at[ch] = channel.bias_one;
      bias_more.at[ch] = channel.bias_more;
      for (int d = 0; d < depth; ++d) gains[d].at[ch] = channel.prediction_gain[d];
      for (int axis = 0; axis < 3; ++axis) {
        const auto& from = channel.context_weights[axis];
        ContextWeights& to = context[axis];
        to.parent.at[ch] = from[0];
        to.around.at[ch] = from[1];
        to.own.at[ch] = 8 * from[2];
        to.ratio.at[ch] = 4 * from[5];
        const int32_t constant = static_cast<int8_t>(from[6]);
        to.constant.at[ch] = constant * std::abs(constant);
      }
    }
  }

  RowOf<kStride> root = {}, bias_one = {}, bias_more = {};
  RowOf<kStride> gains[kMaxTreeDepth] = {};
  ContextWeights context[3] = {};  // [axis]
};

}  // namespace voxpack
