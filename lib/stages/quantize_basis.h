// The basis that the features of a field are coded in, and how much each channel matters.
#pragma once

#include <vector>

#include "field/field.h"

namespace voxpack {

// What rays of views told about a field (Optimizer::sensitivities()); empty where no views are at
// hand.
struct Calibration {
  std::vector<float> density_importance;  // [point] squared change of the pixels per density
  std::vector<double> channel_metric;     // [channels] the same, summed over points, per feature
};

// From `sensitivities` [point][1 + channels].
Calibration make_calibration(const std::vector<float>& sensitivities, size_t point_count);

// How much the channels matter: mean square of the change of the rendered colour (squares of R, G,
// B summed) per square of the change of a channel. [channels]; from the calibration, else from the
// network at points weighted by importance, from some directions. With calibration the first
// channel has the number it has without, so that it can be compared with that of the density.
std::vector<double> find_channel_metric(const Field& field, const Calibration& calibration);

// The appearance network does not mind a linear map of its features whose inverse is part of its
// first layer. This puts the features (kind mlp) into a basis where a unit of each matters alike
// and the differences between points of a block are uncorrelated (a Karhunen-Loeve transform),
// largest first: then one step serves all, and those that say little become zeros. The field draws
// the same pictures; `metric` changes to that of the new features. Fields of other kinds stay.
void turn_into_coding_basis(Field& field, std::vector<double>& metric);

// RMS change of the rendered colour for a change of 1 of each coded channel, colours as Y, Co, Cg.
// [channels], > 0.
std::vector<float> coded_sensitivities(const AppearanceModel& appearance,
                                       const std::vector<double>& metric);

}  // namespace voxpack
