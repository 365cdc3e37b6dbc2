// The decoders, in plain float arithmetic; docs/field-format.md has the formulas.
#include "field/appearance.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "field/harmonics.h"

namespace voxpack {
namespace {

constexpr int kMinFeatures = 1;
constexpr int kMinHidden = 4;
constexpr int kMaxHidden = 64;
constexpr int kMaxFeatures = kMaxChannels - 3;
constexpr float kMaxWeight = 1e9f;

void decode_sh(int count, const float* features, const float direction[3], float rgb[3]) {
  float basis[9];
  spherical_harmonics(direction, count, basis);
  rgb[0] = rgb[1] = rgb[2] = 0;
  for (int k = 0; k < count; ++k) {
    for (int c = 0; c < 3; ++c) rgb[c] += basis[k] * features[k * 3 + c];
  }
}

void decode_mlp(const AppearanceModel& model, const float* features, float alpha,
                const float direction[3], float rgb[3]) {
  const int width = model.hidden_width;
  float basis[1 + kDirectionInputs];
  spherical_harmonics(direction, 1 + kDirectionInputs, basis);
  float hidden[kMaxHidden] = {};
  const float* weights = model.weights.data();
  const auto add_input = [&](float input) {
    for (int j = 0; j < width; ++j) hidden[j] += input * weights[j];
    weights += width;
  };
  for (int i = 0; i < model.channels(); ++i) add_input(features[i]);
  add_input(alpha);
  for (int k = 1; k <= kDirectionInputs; ++k) add_input(alpha * basis[k]);
  for (int c = 0; c < 3; ++c) rgb[c] = features[c];
  for (int j = 0; j < width; ++j) {
    if (!(hidden[j] > 0)) continue;
    for (int c = 0; c < 3; ++c) rgb[c] += hidden[j] * weights[j * 3 + c];
  }
}

}  // namespace

int AppearanceModel::channels() const {
  switch (kind) {
    case AppearanceKind::rgb:
      return 3;
    case AppearanceKind::sh1:
      return 12;
    case AppearanceKind::sh2:
      return 27;
    case AppearanceKind::mlp:
      return 3 + feature_count;
  }
  return 0;
}

int AppearanceModel::input_count() const {
  return kind == AppearanceKind::mlp ? channels() + 1 + kDirectionInputs : 0;
}

size_t AppearanceModel::weight_count() const {
  if (kind != AppearanceKind::mlp) return 0;
  return static_cast<size_t>(input_count() + 3) * static_cast<size_t>(hidden_width);
}

std::string_view to_string(AppearanceKind kind) {
  switch (kind) {
    case AppearanceKind::rgb:
      return "rgb";
    case AppearanceKind::sh1:
      return "sh1";
    case AppearanceKind::sh2:
      return "sh2";
    case AppearanceKind::mlp:
      return "mlp";
  }
  return "unknown";
}

Result<AppearanceKind> parse_appearance_kind(std::string_view text) {
  for (const auto kind :
       {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2, AppearanceKind::mlp}) {
    if (text == to_string(kind)) return kind;
  }
  return {Errc::bad_data,
          "appearance '" + std::string(text.substr(0, 40)) + "' is not one of rgb, sh1, sh2, mlp"};
}

void spherical_harmonics(const float d[3], int count, float* out) {
  float all[16];
  harmonics16(d, all);
  std::copy_n(all, count, out);
}

void decode_appearance(const AppearanceModel& model, const float* features, float alpha,
                       const float direction[3], float rgb[3]) {
  switch (model.kind) {
    case AppearanceKind::rgb:
      for (int c = 0; c < 3; ++c) rgb[c] = features[c];
      return;
    case AppearanceKind::sh1:
      return decode_sh(4, features, direction, rgb);
    case AppearanceKind::sh2:
      return decode_sh(9, features, direction, rgb);
    case AppearanceKind::mlp:
      return decode_mlp(model, features, alpha, direction, rgb);
  }
}

Status validate(const AppearanceModel& model) {
  if (model.kind > AppearanceKind::mlp) {
    return {Errc::bad_data, "appearance kind " + std::to_string(static_cast<int>(model.kind)) +
                                " is not known (0..3)"};
  }
  if (model.kind != AppearanceKind::mlp) {
    if (model.feature_count == 0 && model.hidden_width == 0 && model.weights.empty()) return {};
    return {Errc::bad_data, "appearance " + std::string(to_string(model.kind)) +
                                " has no network, but feature_count, hidden_width or weights "
                                "are given"};
  }
  if (model.feature_count < kMinFeatures || model.feature_count > kMaxFeatures) {
    return {Errc::bad_data, "feature_count " + std::to_string(model.feature_count) +
                                " is outside " + std::to_string(kMinFeatures) + ".." +
                                std::to_string(kMaxFeatures)};
  }
  if (model.hidden_width < kMinHidden || model.hidden_width > kMaxHidden ||
      model.hidden_width % 4 != 0) {
    return {Errc::bad_data, "hidden_width " + std::to_string(model.hidden_width) +
                                " is not a multiple of 4 in 4..64"};
  }
  if (model.weights.size() != model.weight_count()) {
    return {Errc::bad_data, "the appearance network has " + std::to_string(model.weights.size()) +
                                " weights, " + std::to_string(model.weight_count()) +
                                " are expected"};
  }
  for (size_t i = 0; i < model.weights.size(); ++i) {
    if (!(std::fabs(model.weights[i]) <= kMaxWeight)) {
      return {Errc::bad_data, "weight " + std::to_string(i) +
                                  " of the appearance network is not a number in +-1e9"};
    }
  }
  return {};
}

}  // namespace voxpack
