#include "stages/quantize.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "stages/pack.h"
#include "support/test_field.h"

namespace voxpack {
namespace {

Log quiet;

QuantizeOptions with_target(uint64_t size_bytes) {
  QuantizeOptions options;
  options.target_size_bytes = size_bytes;
  return options;
}

std::vector<uint8_t> packed(const Field& field, const QuantizeOptions& options) {
  auto codes = run_quantize(field, options, quiet);
  EXPECT_TRUE(codes.ok()) << codes.error().message();
  if (!codes.ok()) return {};
  auto package = run_pack(codes.value());
  EXPECT_TRUE(package.ok()) << package.error().message();
  return package.ok() ? std::move(package).take() : std::vector<uint8_t>{};
}

// Squared difference of the colours of point `i`, from one direction. The features themselves may
// have another basis.
double squared_difference(const Field& a, const Field& b, size_t i) {
  const float direction[3] = {0.6f, 0.0f, 0.8f};
  float p[3], q[3];
  decode_appearance(a.appearance, a.features.data() + i * a.channels(), 1, direction, p);
  decode_appearance(b.appearance, b.features.data() + i * b.channels(), 1, direction, q);
  double sum = 0;
  for (int c = 0; c < 3; ++c) sum += std::pow(static_cast<double>(p[c] - q[c]), 2);
  return sum / 3;
}

double colour_error(const Field& a, const Field& b) {
  double sum = 0;
  for (size_t i = 0; i < a.point_count(); ++i) sum += squared_difference(a, b, i);
  return std::sqrt(sum / static_cast<double>(a.point_count()));
}

TEST(Quantize, FillsTheBudgetFrom97To100Percent) {
  const Field field = make_test_field();
  ASSERT_GT(field.point_count(), 5000u);
  for (const uint64_t target : {9000u, 12'345u, 20'000u, 40'000u}) {
    const auto package = packed(field, with_target(target));
    EXPECT_LE(package.size(), target);
    EXPECT_GE(package.size(), target * 97 / 100);
  }
}

TEST(Quantize, EveryAppearanceAndLevelRoundTrips) {
  for (const AppearanceKind kind :
       {AppearanceKind::rgb, AppearanceKind::sh1, AppearanceKind::sh2, AppearanceKind::mlp}) {
    for (const int fine : {-1, 0, 2}) {
      TestFieldOptions shape;
      shape.kind = kind;
      shape.resolution = fine < 0 ? 24 : 48;
      shape.fine_level = fine;
      shape.coarse_level = fine + 2;
      shape.importance = fine == 0;
      const Field field = make_test_field(shape);
      ASSERT_GT(field.point_count(), 50u);
      const auto package = packed(field, with_target(20'000));
      auto back = run_unpack(package);
      ASSERT_TRUE(back.ok()) << back.error().message();
      EXPECT_EQ(back.value().point_count(), field.point_count());
      ASSERT_EQ(back.value().blocks.size(), field.blocks.size());
      for (size_t i = 0; i < field.blocks.size(); ++i) {
        EXPECT_EQ(back.value().blocks[i].mask, field.blocks[i].mask);
        EXPECT_EQ(back.value().blocks[i].level, field.blocks[i].level);
        EXPECT_EQ(back.value().blocks[i].first_point, field.blocks[i].first_point);
      }
      EXPECT_EQ(back.value().cube.edge, field.cube.edge);
      EXPECT_EQ(back.value().resolution, field.resolution);
      EXPECT_LT(colour_error(field, back.value()), 0.2);
    }
  }
}

TEST(Quantize, LargeBudgetIsPracticallyLossless) {
  Field field = make_test_field();
  field.density.edit()[0] = 1e6f;  // clipped
  const auto package = packed(field, with_target(100'000'000));
  EXPECT_LT(package.size(), 1'000'000u);
  auto back = run_unpack(package);
  ASSERT_TRUE(back.ok());
  EXPECT_LT(colour_error(field, back.value()), 1e-3);
  EXPECT_NEAR(back.value().density[0], 24.0f, 0.05f);
  for (size_t i = 1; i < field.point_count(); ++i) {
    ASSERT_NEAR(back.value().density[i], field.density[i], 0.05f) << "point " << i;
  }
  float largest = 0;
  for (const float w : field.appearance.weights) largest = std::max(largest, std::fabs(w));
  const auto width = static_cast<size_t>(field.appearance.hidden_width);
  const auto turned = static_cast<size_t>(field.appearance.feature_count) * width;
  for (size_t i = 0; i < field.appearance.weights.size(); ++i) {
    if (i >= 3 * width && i < 3 * width + turned) continue;  // the features' own, in their basis
    ASSERT_NEAR(back.value().appearance.weights[i], field.appearance.weights[i],
                largest / 4095 / 2 + 1e-7f);
  }
}

// Without rate-distortion choices and with equal weights every coefficient is within half a step,
// so the RMS error is about step / sqrt(12).
TEST(Quantize, ErrorFollowsTheStep) {
  TestFieldOptions shape;
  shape.kind = AppearanceKind::rgb;
  shape.importance = false;
  const Field field = make_test_field(shape);
  QuantizeOptions options = with_target(15'000);
  options.lambda = 0;
  options.level_weight_shift = 0;
  auto codes = run_quantize(field, options, quiet);
  ASSERT_TRUE(codes.ok());
  const double step = static_cast<double>(codes.value().channels[1].step);
  auto package = run_pack(codes.value());
  ASSERT_TRUE(package.ok());
  auto back = run_unpack(package.value());
  ASSERT_TRUE(back.ok());
  EXPECT_LT(colour_error(field, back.value()), step * std::sqrt(3.0) / std::sqrt(12.0) * 1.1);
}

TEST(Quantize, MoreBytesGiveLessError) {
  const Field field = make_test_field();
  double last = 1e9;
  for (const uint64_t target : {9000u, 16'000u, 32'000u, 64'000u}) {
    auto back = run_unpack(packed(field, with_target(target)));
    ASSERT_TRUE(back.ok());
    const double error = colour_error(field, back.value());
    EXPECT_LT(error, last) << target;
    last = error;
  }
}

TEST(Quantize, ImportanceIsWhereTheErrorIsSmall) {
  TestFieldOptions shape;
  shape.fine_level = shape.coarse_level = 0;
  Field field = make_test_field(shape);
  std::vector<uint16_t> positions;
  std::vector<int8_t> levels;
  list_points(field, positions, levels);
  const auto is_top = [&](size_t i) { return positions[3 * i + 2] > 24; };
  for (size_t i = 0; i < field.point_count(); ++i)
    field.importance.edit()[i] = is_top(i) ? 4.0f : 0.1f;
  auto back = run_unpack(packed(field, with_target(20'000)));
  ASSERT_TRUE(back.ok());
  double errors[2] = {0, 0}, counts[2] = {0, 0};
  for (size_t i = 0; i < field.point_count(); ++i) {
    errors[is_top(i)] += squared_difference(field, back.value(), i);
    counts[is_top(i)] += 1;
  }
  EXPECT_LT(errors[1] / counts[1], 0.5 * errors[0] / counts[0]);
}

TEST(Quantize, SameBytesForAnyNumberOfThreadsAndTwice) {
  const Field field = make_test_field();
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  const auto one = packed(field, with_target(12'000));
  omp_set_num_threads(2);
  const auto two = packed(field, with_target(12'000));
  const auto again = packed(field, with_target(12'000));
  omp_set_num_threads(threads);
  EXPECT_EQ(one, two);
  EXPECT_EQ(two, again);
}

TEST(Quantize, TooSmallBudgetNamesTheSmallestSize) {
  const Field field = make_test_field();
  for (const uint64_t target : {0u, 1u, 500u, 1500u}) {
    auto codes = run_quantize(field, with_target(target), quiet);
    ASSERT_FALSE(codes.ok()) << target;
    EXPECT_EQ(codes.error().code(), Errc::usage);
    if (target == 0) continue;
    const std::string& message = codes.error().message();
    const size_t at = message.find("at least ");
    ASSERT_NE(at, std::string::npos) << message;
    const auto smallest = static_cast<uint64_t>(std::stoull(message.substr(at + 9)));
    EXPECT_LE(packed(field, with_target(smallest)).size(), smallest);
  }
}

TEST(Quantize, RefusesOptionsOutOfRange) {
  const Field field = make_test_field();
  QuantizeOptions bad[6];
  bad[0].lambda = -1;
  bad[1].network_bits = 17;
  bad[2].level_weight_shift = 4;
  bad[3].min_density = 1;
  bad[4].density_sensitivity = NAN;
  bad[5].min_colour_step = 0;
  for (const QuantizeOptions& options : bad) {
    auto codes = run_quantize(field, options, quiet);
    ASSERT_FALSE(codes.ok());
    EXPECT_EQ(codes.error().code(), Errc::usage);
  }
  Field broken = field;
  broken.density.edit()[3] = NAN;
  EXPECT_EQ(run_quantize(broken, {}, quiet).error().code(), Errc::bad_data);
}

TEST(Quantize, OnePoint) {
  Field field;
  field.resolution = 4;
  field.density = {2.5f};
  field.features = {0.25f, 0.5f, 0.75f};
  ASSERT_TRUE(assign_points(field, std::vector<uint16_t>{1, 2, 3}, {}).ok());
  auto back = run_unpack(packed(field, {}));
  ASSERT_TRUE(back.ok()) << back.error().message();
  ASSERT_EQ(back.value().point_count(), 1u);
  EXPECT_NEAR(back.value().density[0], 2.5f, 1e-3f);
  EXPECT_NEAR(back.value().features[2], 0.75f, 1e-3f);
}

TEST(Pack, PartsAddUpToTheFile) {
  const auto package = packed(make_test_field(), with_target(12'000));
  auto parts = describe_package(package);
  ASSERT_TRUE(parts.ok());
  uint64_t sum = 0;
  for (const PackagePart& part : parts.value()) sum += part.size_bytes;
  EXPECT_EQ(sum, package.size());
  ASSERT_EQ(parts.value().size(),
            13u);  // container, field, network, geometry, 3 layers of 3 groups
  EXPECT_EQ(parts.value()[2].name, "network");
  EXPECT_EQ(parts.value()[4].name, "layer 0: density");
  EXPECT_EQ(parts.value()[12].name, "layer 2: features 3..6");
}

}  // namespace
}  // namespace voxpack
