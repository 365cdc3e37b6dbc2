#include "field/appearance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace voxpack {
namespace {

AppearanceModel mlp_model(int features = 2, int width = 8) {
  AppearanceModel model;
  model.kind = AppearanceKind::mlp;
  model.feature_count = features;
  model.hidden_width = width;
  model.weights.resize(model.weight_count());
  std::mt19937 random(7);
  for (float& weight : model.weights) weight = static_cast<float>(random()) / 2147483648.0f - 1;
  return model;
}

TEST(Appearance, Counts) {
  AppearanceModel model;
  EXPECT_EQ(model.channels(), 3);
  EXPECT_EQ(model.weight_count(), 0u);
  model.kind = AppearanceKind::sh1;
  EXPECT_EQ(model.channels(), 12);
  model.kind = AppearanceKind::sh2;
  EXPECT_EQ(model.channels(), 27);
  model = mlp_model(8, 32);
  EXPECT_EQ(model.channels(), 11);
  EXPECT_EQ(model.input_count(), 27);
  EXPECT_EQ(model.weight_count(), 27u * 32 + 32 * 3);
}

TEST(Appearance, KindsHaveNames) {
  for (int i = 0; i < 4; ++i) {
    const auto kind = static_cast<AppearanceKind>(i);
    const auto parsed = parse_appearance_kind(to_string(kind));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value(), kind);
  }
  EXPECT_EQ(parse_appearance_kind("RGB").error().code(), Errc::bad_data);
  EXPECT_EQ(parse_appearance_kind("").error().code(), Errc::bad_data);
}

// Midpoint rule over the sphere: the Gram matrix of the 16 functions is the identity.
TEST(Appearance, SphericalHarmonicsAreOrthonormal) {
  constexpr int kRings = 200, kSectors = 64;
  double gram[16][16] = {};
  for (int i = 0; i < kRings; ++i) {
    const double z = -1 + (i + 0.5) * 2 / kRings, r = std::sqrt(1 - z * z);
    for (int j = 0; j < kSectors; ++j) {
      const double phi = (j + 0.5) * 2 * M_PI / kSectors;
      const float d[3] = {static_cast<float>(r * std::cos(phi)),
                          static_cast<float>(r * std::sin(phi)), static_cast<float>(z)};
      float basis[16];
      spherical_harmonics(d, 16, basis);
      for (int a = 0; a < 16; ++a) {
        for (int b = 0; b < 16; ++b) gram[a][b] += double{basis[a]} * basis[b];
      }
    }
  }
  for (int a = 0; a < 16; ++a) {
    for (int b = 0; b < 16; ++b) {
      EXPECT_NEAR(gram[a][b] * 4 * M_PI / (kRings * kSectors), a == b, 1e-3) << a << " " << b;
    }
  }
}

TEST(Appearance, SphericalHarmonicsKeepTheirSigns) {
  const float d[3] = {0.48f, 0.6f, 0.64f};
  float basis[16];
  spherical_harmonics(d, 16, basis);
  for (const int k : {1, 3, 5, 7}) EXPECT_LT(basis[k], 0) << k;
  for (const int k : {0, 2, 4, 10}) EXPECT_GT(basis[k], 0) << k;
  EXPECT_NEAR(basis[9], -0.5900435899 * 0.6 * (3 * 0.48 * 0.48 - 0.36), 1e-6);
  EXPECT_NEAR(basis[15], -0.5900435899 * 0.48 * (0.48 * 0.48 - 3 * 0.36), 1e-6);
}

TEST(Appearance, CountLimitsTheOutput) {
  const float d[3] = {0, 0, 1};
  for (const int count : {1, 4, 9}) {
    float basis[16];
    for (float& value : basis) value = 77;
    spherical_harmonics(d, count, basis);
    EXPECT_NE(basis[count - 1], 77);
    EXPECT_EQ(basis[count], 77);
  }
}

TEST(Appearance, RgbIsTheFeature) {
  const float features[] = {-0.5f, 0.25f, 2}, d[] = {0, 0, -1};
  float rgb[3];
  decode_appearance({}, features, 0.5f, d, rgb);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(rgb[c], features[c]);
}

TEST(Appearance, ShIsTheSumOfItsTerms) {
  const float d[] = {0.48f, -0.6f, 0.64f};
  for (const auto& [kind, count] :
       {std::pair(AppearanceKind::sh1, 4), std::pair(AppearanceKind::sh2, 9)}) {
    AppearanceModel model;
    model.kind = kind;
    float features[27], basis[16], rgb[3];
    for (int i = 0; i < 27; ++i) features[i] = std::sin(static_cast<float>(i));
    spherical_harmonics(d, 16, basis);
    decode_appearance(model, features, 1, d, rgb);
    for (int c = 0; c < 3; ++c) {
      double expected = 0;
      for (int k = 0; k < count; ++k) expected += basis[k] * features[k * 3 + c];
      EXPECT_NEAR(rgb[c], expected, 1e-5);
    }
  }
}

TEST(Appearance, MlpMatchesItsDefinition) {
  const AppearanceModel model = mlp_model(2, 8);
  const float d[] = {0.48f, -0.6f, 0.64f}, alpha = 0.7f;
  const float features[] = {0.1f, 0.2f, 0.3f, -0.4f, 0.5f};
  double inputs[21];
  float basis[16];
  spherical_harmonics(d, 16, basis);
  for (int i = 0; i < 5; ++i) inputs[i] = features[i];
  inputs[5] = alpha;
  for (int k = 1; k < 16; ++k) inputs[5 + k] = alpha * basis[k];
  double expected[3] = {features[0], features[1], features[2]};
  int active = 0;
  for (int j = 0; j < 8; ++j) {
    double hidden = 0;
    for (int i = 0; i < 21; ++i)
      hidden += inputs[i] * model.weights[static_cast<size_t>(i * 8 + j)];
    active += hidden > 0;
    for (int c = 0; c < 3; ++c) {
      expected[c] += std::fmax(hidden, 0) * model.weights[static_cast<size_t>(21 * 8 + j * 3 + c)];
    }
  }
  ASSERT_GT(active, 0);
  ASSERT_LT(active, 8);
  float rgb[3];
  decode_appearance(model, features, alpha, d, rgb);
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(rgb[c], expected[c], 1e-5);
}

TEST(Appearance, NothingComesFromNothing) {
  const AppearanceModel model = mlp_model();
  const float features[5] = {}, d[] = {0, 1, 0};
  float rgb[3];
  decode_appearance(model, features, 0, d, rgb);
  for (const float value : rgb) EXPECT_EQ(value, 0);
}

TEST(Appearance, ValidateRefuses) {
  EXPECT_TRUE(validate(mlp_model()).ok());
  EXPECT_TRUE(validate(mlp_model(28, 64)).ok());
  AppearanceModel model = mlp_model();
  model.weights.pop_back();
  EXPECT_EQ(validate(model).code(), Errc::bad_data);
  model = mlp_model();
  model.weights[3] = NAN;
  EXPECT_EQ(validate(model).code(), Errc::bad_data);
  for (const auto& [features, width] : {std::pair(0, 8), {29, 8}, {2, 0}, {2, 6}, {2, 68}}) {
    EXPECT_EQ(validate(mlp_model(features, width)).code(), Errc::bad_data) << features << width;
  }
  model = {};
  model.weights = {1};
  EXPECT_EQ(validate(model).code(), Errc::bad_data);
  model = {};
  model.kind = static_cast<AppearanceKind>(4);
  EXPECT_EQ(validate(model).code(), Errc::bad_data);
}

}  // namespace
}  // namespace voxpack
