// How the features accumulated along a ray become the colour of a pixel: one scheme, several
// decoders.
//
// Appearance is linear in the volume. Along a ray F = sum_i w_i f_i (channels) and A = sum_i w_i
// (alpha); the colour premultiplied with alpha is decode(F, A, d), and the pixel is that plus (1 -
// A) * background.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace voxpack {

enum class AppearanceKind : uint8_t {
  rgb = 0,  // 3 channels: the colour itself
  sh1 = 1,  // 12 channels: real spherical harmonics of degree 0..1, [coefficient][rgb]
  sh2 = 2,  // 27 channels: degree 0..2
  mlp = 3,  // 3 diffuse + feature channels; a small network adds the view-dependent part (SNeRG's
            // deferred shading)
};

inline constexpr int kDirectionInputs =
    15;  // spherical harmonics of degree 1..3 of the view direction
inline constexpr int kMaxChannels = 31;

// The network of kind mlp: inputs [F (channels), A * Y_1..15(d)], one hidden layer with ReLU, 3
// outputs that are added to F[0..2]. No bias: the inputs are premultiplied, so nothing is added
// where A = 0; A * 1 is carried as input number 0 of the direction part's place (see
// docs/field-format.md).
struct AppearanceModel {
  AppearanceKind kind = AppearanceKind::rgb;
  int feature_count = 0;  // mlp: 1..28 feature channels beside the 3 diffuse ones
  int hidden_width = 0;   // mlp: 4..64, a multiple of 4
  // mlp: weights_in [inputs][hidden_width] then weights_out [hidden_width][3]; else empty.
  std::vector<float> weights;

  int channels() const;     // feature channels of a point
  int input_count() const;  // mlp: channels() + 1 + kDirectionInputs
  size_t weight_count() const;
};

// "rgb", "sh1", "sh2", "mlp".
std::string_view to_string(AppearanceKind kind);
Result<AppearanceKind> parse_appearance_kind(std::string_view text);

// Y_0 .. Y_(count-1): real spherical harmonics of unit direction d; count 1, 4, 9 or 16.
void spherical_harmonics(const float d[3], int count, float* out);

// Premultiplied colour of a pixel from accumulated features [channels()], alpha, and unit view
// direction (from the camera into the scene). Not clamped.
void decode_appearance(const AppearanceModel& model, const float* features, float alpha,
                       const float direction[3], float rgb[3]);

// Ranges of the counts, the size of `weights`, finite weights. Fails with bad_data.
Status validate(const AppearanceModel& model);

}  // namespace voxpack
