// Layout and Adam step of the appearance network.
#include "kernels/network.h"

#include <cmath>

namespace voxpack {

Network::Network(const AppearanceModel& model) : model_(model) {
  if (model.kind != AppearanceKind::mlp) return;
  padded_ = (model.hidden_width + 15) / 16 * 16;
  const int inputs = model.input_count();
  weights_in_ = AlignedFloats(size_t(inputs) * padded_);
  weights_out_ = AlignedFloats(size_t(3) * padded_);
  set_weights(model);
  restart();
}

void Network::set_weights(const AppearanceModel& model) {
  if (model.kind != AppearanceKind::mlp) return;
  const int inputs = model.input_count();
  for (int h = 0; h < model.hidden_width; ++h) {
    for (int i = 0; i < inputs; ++i) {
      weights_in_.data()[size_t(i) * padded_ + h] =
          model.weights[size_t(i) * model.hidden_width + h];
    }
    for (int c = 0; c < 3; ++c) {
      weights_out_.data()[size_t(c) * padded_ + h] =
          model.weights[size_t(inputs) * model.hidden_width + size_t(h) * 3 + c];
    }
  }
}

void Network::restart() {
  first_.assign(weights_in_.size() + weights_out_.size(), 0);
  second_ = first_;
}

NetworkView Network::view() const {
  return {static_cast<int32_t>(model_.kind),
          model_.channels(),
          model_.kind == AppearanceKind::mlp ? model_.input_count() : 0,
          padded_,
          weights_in_.data(),
          weights_out_.data()};
}

std::vector<float> Network::padded_weights() const {
  std::vector<float> weights(weights_in_.data(), weights_in_.data() + weights_in_.size());
  weights.insert(weights.end(), weights_out_.data(), weights_out_.data() + weights_out_.size());
  return weights;
}

AppearanceModel Network::model() const { return model_of(padded_weights()); }

AppearanceModel Network::model_of(const std::vector<float>& padded_weights) const {
  AppearanceModel model = model_;
  if (model.kind != AppearanceKind::mlp) return model;
  const size_t inputs = static_cast<size_t>(model.input_count());
  const size_t width = static_cast<size_t>(model.hidden_width),
               padded = static_cast<size_t>(padded_);
  for (size_t h = 0; h < width; ++h) {
    for (size_t i = 0; i < inputs; ++i)
      model.weights[i * width + h] = padded_weights[i * padded + h];
    for (size_t c = 0; c < 3; ++c) {
      model.weights[inputs * width + h * 3 + c] = padded_weights[(inputs + c) * padded + h];
    }
  }
  return model;
}

void Network::adam(const std::vector<TrainLane>& lanes, float rate, float keep,
                   const AdamSettings& settings) {
  const size_t in_count = weights_in_.size();
  for (size_t i = 0; i < first_.size(); ++i) {
    const bool is_in = i < in_count;
    float gradient = 0;
    for (const TrainLane& lane : lanes) {
      float& part = is_in ? lane.gradients_in[i] : lane.gradients_out[i - in_count];
      gradient += part;
      part = 0;
    }
    first_[i] = settings.beta1 * first_[i] + (1 - settings.beta1) * gradient;
    second_[i] = settings.beta2 * second_[i] + (1 - settings.beta2) * gradient * gradient;
    const float step = rate * first_[i] * settings.correction1 /
                       (std::sqrt(second_[i] * settings.correction2) + settings.epsilon);
    float& weight = is_in ? weights_in_.data()[i] : weights_out_.data()[i - in_count];
    weight = (weight - step) * keep;
  }
}

}  // namespace voxpack
