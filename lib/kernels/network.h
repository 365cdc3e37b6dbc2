// The appearance network in the marcher's layout (NetworkView) and its Adam state.
#pragma once

#include <vector>

#include "field/appearance.h"
#include "kernels/aligned.h"
#include "kernels/march_view.h"

namespace voxpack {

class Network {
 public:
  explicit Network(const AppearanceModel& model);

  NetworkView view() const;
  // The model with the weights as they are now.
  AppearanceModel model() const;

  // Input then output weights in the padded layout, and the model with such weights; empty but for
  // kind mlp.
  std::vector<float> padded_weights() const;
  AppearanceModel model_of(const std::vector<float>& padded_weights) const;

  size_t weights_in_count() const { return weights_in_.size(); }
  size_t weights_out_count() const { return weights_out_.size(); }

  // Forgets the moments.
  void restart();
  // The weights of `model`, which has the size of the model so far.
  void set_weights(const AppearanceModel& model);

  // One Adam step on the sum of the lanes' gradients, in lane order; clears them. The weights are
  // then multiplied by `keep`.
  void adam(const std::vector<TrainLane>& lanes, float rate, float keep,
            const AdamSettings& settings);

 private:
  AppearanceModel model_;
  int padded_ = 0;
  AlignedFloats weights_in_, weights_out_;  // padded layout of NetworkView
  std::vector<float> first_, second_;       // moments, in then out
};

}  // namespace voxpack
