#include "stages/codec_bench.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "package/dec_package.h"
#include "package/enc_package.h"
#include "stages/package_bill.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

struct Planes {
  std::vector<uint16_t> positions;
  std::vector<uint8_t> rgb, density, features;
  CloudPlanes view() const { return {positions, rgb, density, features}; }
};

// A wavy sheet, in no particular order.
Planes sheet() {
  Planes planes;
  std::mt19937 random(1);
  for (int i = 0; i < 60 * 60; ++i) {
    const int x = i * 7 % 60, y = i * 7 / 60 % 60;
    const int z = 30 + static_cast<int>(8 * std::sin(x * 0.1) + 5 * std::cos(y * 0.2));
    planes.positions.insert(
        planes.positions.end(),
        {static_cast<uint16_t>(x), static_cast<uint16_t>(y), static_cast<uint16_t>(z)});
    const auto noisy = [&](double v) { return static_cast<uint8_t>(v + random() % 5); };
    planes.rgb.insert(planes.rgb.end(), {noisy(x * 3), noisy(y * 3), noisy(200 - x)});
    planes.density.push_back(noisy(120 + 40 * std::sin(x * 0.3)));
    planes.features.push_back(noisy(z));
  }
  return planes;
}

TEST(CodecBench, ReachesItsTargetsAndCountsEverything) {
  auto cloud = cloud_of_planes(sheet().view());
  ASSERT_TRUE(cloud.ok()) << cloud.error().message();
  EXPECT_EQ(cloud.value().point_count(), 3600u);
  EXPECT_EQ(cloud.value().channels, 5);
  CodecBenchOptions options;
  options.scales = {32, 8};
  options.targets = {{38.0, 36.0, {40.0}}};
  options.repeats = 1;
  Log log;
  auto bench = run_codec_bench(cloud.value(), options, log);
  ASSERT_TRUE(bench.ok()) << bench.error().message();
  const auto& points = bench.value().points;
  ASSERT_EQ(points.size(), 3u);
  EXPECT_LT(points[0].total_bits_per_point, points[1].total_bits_per_point);
  EXPECT_LT(points[0].y_psnr_db, points[1].y_psnr_db);
  EXPECT_GE(points[2].y_psnr_db, 38.0);
  EXPECT_LT(points[2].y_psnr_db, 38.5);
  EXPECT_GE(points[2].density_psnr_db, 36.0);
  EXPECT_GE(points[2].feature_psnr_db.at(0), 40.0);
  for (const CodecPoint& p : points) {
    EXPECT_NEAR(p.total_bits_per_point,
                bench.value().geometry_bits_per_point + p.rgb_bits_per_point +
                    p.density_bits_per_point + p.feature_bits_per_point,
                1e-9);
    EXPECT_EQ(p.steps.size(), 5u);
  }
}

TEST(CodecBench, RefusesBadCloudsAndOptions) {
  const auto refused = [](const Planes& planes) { return !cloud_of_planes(planes.view()).ok(); };
  Planes planes = sheet();
  EXPECT_FALSE(refused(planes));
  planes.positions[3] = planes.positions[0];
  planes.positions[4] = planes.positions[1];
  planes.positions[5] = planes.positions[2];
  EXPECT_TRUE(refused(planes));  // two points in a place
  planes = sheet();
  planes.positions[0] = 16384;
  EXPECT_TRUE(refused(planes));
  planes = sheet();
  planes.rgb.pop_back();
  EXPECT_TRUE(refused(planes));
  EXPECT_TRUE(refused({}));
  const CodecCloud cloud = cloud_of_planes(sheet().view()).take();
  Log log;
  CodecBenchOptions options;
  options.repeats = 0;
  EXPECT_EQ(run_codec_bench(cloud, options, log).error().code(), Errc::usage);
  options.repeats = 1;
  options.scales = {0};
  EXPECT_EQ(run_codec_bench(cloud, options, log).error().code(), Errc::usage);
}

TEST(PackageBill, AddsUpToTheSections) {
  RandomCodes options;
  options.resolution = 40;
  options.max_level = 1;
  const CodedField field = random_codes(options);
  const auto bytes = encode_package(field).take();
  auto bill = bill_of_package(bytes);
  ASSERT_TRUE(bill.ok()) << bill.error().message();
  const PackageView view = open_package(bytes).take();
  std::map<std::string, double> sums;
  for (const BillRow& row : bill.value()) {
    sums[row.section] += row.size_bytes;
    EXPECT_GE(row.size_bytes, 0);
  }
  EXPECT_NEAR(sums["geometry"] / static_cast<double>(view.geometry.size()), 1, 0.02);
  const size_t groups = field.group_sizes.size();
  for (size_t g = 0; g < groups; ++g) {
    double size = 0;
    for (size_t i = g; i < view.attributes.size(); i += groups) {
      size += static_cast<double>(view.attributes[i].size() - 9);  // method and state
    }
    // Symbols rarer than 1/8192 are counted as 13 bits, and random codes have many.
    EXPECT_NEAR(sums["attributes " + std::to_string(g)] / size, 1, 0.06) << g;
  }
  std::vector<uint8_t> cut(bytes.begin(), bytes.end() - 1);
  EXPECT_EQ(bill_of_package(cut).error().code(), Errc::bad_data);
}

}  // namespace
}  // namespace voxpack
