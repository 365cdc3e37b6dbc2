// The Adam step both optimisers take (Kingma & Ba 2015), with one learning rate per float of a row
// and decoupled decay of the network.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/march_view.h"
#include "kernels/optimizer.h"

namespace voxpack {

// One step of one value.
VOXPACK_HOST_DEVICE inline void adam_step(float& value, float& first, float& second, float gradient,
                                          float rate, const AdamSettings& adam) {
  first = adam.beta1 * first + (1 - adam.beta1) * gradient;
  second = adam.beta2 * second + (1 - adam.beta2) * gradient * gradient;
  value -= rate * first * adam.correction1 / (sqrtf(second * adam.correction2) + adam.epsilon);
}

// One step of one parameter of a view. They decay (AdamW), since a motion of a view that no photo
// contradicts, along its line of sight, would wander and take the object with it.
inline constexpr float kViewDecay = 1e-3f;  // of a parameter in a step
VOXPACK_HOST_DEVICE inline void view_step(float& value, float& first, float& second, float gradient,
                                          float rate, const AdamSettings& adam) {
  adam_step(value, first, second, gradient, rate, adam);
  value *= 1 - kViewDecay;
}

// Settings of step number `step`, 1 and up.
inline AdamSettings make_adam(const OptimizeSettings& settings, uint64_t step) {
  AdamSettings adam{};
  for (float& rate : adam.rate) rate = settings.feature_rate;
  adam.rate[0] = settings.density_rate;
  adam.beta1 = 0.9f;
  adam.beta2 = 0.99f;
  adam.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(0.9, static_cast<double>(step))));
  adam.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(0.99, static_cast<double>(step))));
  adam.epsilon = 1e-10f;
  return adam;
}

// What a step of the network leaves of its weights (OptimizeSettings::network_decay).
inline float network_keep(const OptimizeSettings& settings) {
  return 1 - settings.network_decay * settings.network_rate;
}

}  // namespace voxpack
