// Packages that are opened while they arrive, and the planes that are made of what is there.
#include <gtest/gtest.h>

#include <cstring>

#include "decoder/voxpack_atlas.h"
#include "decoder/voxpack_decoder.h"
#include "package/enc_package.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

struct Plane {
  std::string name;
  std::vector<uint8_t> bytes;
  bool operator==(const Plane&) const = default;
};

struct Atlas {
  voxpack_error error = VOXPACK_OK;
  voxpack_atlas_info info{};
  std::vector<Plane> planes;
};

Atlas make_atlas(voxpack_decoder* decoder, uint32_t sections) {
  Atlas out;
  voxpack_atlas* atlas = nullptr;
  out.error = voxpack_atlas_build(decoder, sections, size_t{1} << 28, &atlas);
  if (out.error != VOXPACK_OK) {
    EXPECT_EQ(atlas, nullptr);
    return out;
  }
  EXPECT_EQ(voxpack_atlas_get_info(atlas, &out.info), VOXPACK_OK);
  voxpack_plane plane;
  for (uint32_t i = 0; i < out.info.plane_count && out.error == VOXPACK_OK; ++i) {
    out.error = voxpack_atlas_next_plane(atlas, &plane);
    if (out.error != VOXPACK_OK) break;
    const auto* bytes = static_cast<const uint8_t*>(plane.bytes);
    out.planes.push_back({plane.name, {bytes, bytes + plane.size}});
  }
  if (out.error == VOXPACK_OK) {
    EXPECT_EQ(voxpack_atlas_next_plane(atlas, &plane), VOXPACK_BAD_ARGUMENT);
  }
  voxpack_atlas_free(atlas);
  return out;
}

class Arriving : public testing::Test {
 protected:
  void SetUp() override {
    RandomCodes options;
    options.resolution = 40;
    options.min_level = -1;
    options.max_level = 1;
    options.kind = 3;
    options.blocks = 0.2;
    field = random_codes(options);
    field.layer_starts = {0, 3, 5};
    package = encode_package(field).take();
  }
  size_t groups() const { return field.group_sizes.size(); }

  CodedField field;
  std::vector<uint8_t> package;
};

TEST_F(Arriving, EveryLengthOpensLaterOrNow) {
  std::vector<uint8_t> bytes(package.size(), 0xcd);
  voxpack_decoder* decoder = nullptr;
  size_t opened_at = 0;
  uint32_t last = 0;
  for (size_t size = 0; size <= package.size(); ++size) {
    if (size > 0) bytes[size - 1] = package[size - 1];
    if (decoder == nullptr) {
      ASSERT_EQ(voxpack_open_arriving(bytes.data(), bytes.size(), size, &decoder), VOXPACK_OK);
      if (decoder == nullptr) continue;
      opened_at = size;
    }
    uint32_t sections = 0;
    ASSERT_EQ(voxpack_arrived(decoder, size, &sections), VOXPACK_OK) << voxpack_message(decoder);
    ASSERT_GE(sections, last);
    ASSERT_TRUE(sections < groups() || sections % groups() == 0) << sections;
    if (sections == last) continue;
    size_t count = 0;
    if (sections < 3 * groups()) {
      ASSERT_EQ(voxpack_block_count(decoder, &count), VOXPACK_BAD_ARGUMENT);
      ASSERT_EQ(make_atlas(decoder, sections + 1).error, VOXPACK_BAD_ARGUMENT);
    }
    const Atlas atlas = make_atlas(decoder, sections);
    ASSERT_EQ(atlas.error, VOXPACK_OK) << voxpack_message(decoder);
    ASSERT_GT(atlas.info.site_count, 0u);
    last = sections;
  }
  EXPECT_EQ(last, 3 * groups());
  EXPECT_LT(opened_at, package.size() / 2);
  voxpack_close(decoder);
}

TEST_F(Arriving, WhatWasDrawnBeforeDoesNotChangeTheWhole) {
  voxpack_decoder* decoder = nullptr;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &decoder), VOXPACK_OK);
  const auto all = static_cast<uint32_t>(3 * groups());
  const Atlas whole = make_atlas(decoder, all);
  const Atlas coarse = make_atlas(decoder, static_cast<uint32_t>(groups()));
  voxpack_decoder* fresh = nullptr;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &fresh), VOXPACK_OK);
  voxpack_info info;
  ASSERT_EQ(voxpack_get_info(decoder, &info), VOXPACK_OK);
  std::vector<float> after(info.point_count), alone(info.point_count);
  ASSERT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, after.data(), nullptr), VOXPACK_OK);
  ASSERT_EQ(voxpack_decode_points(fresh, nullptr, nullptr, alone.data(), nullptr), VOXPACK_OK);
  EXPECT_EQ(after, alone);
  voxpack_close(fresh);
  const Atlas again = make_atlas(decoder, all);
  ASSERT_EQ(whole.error, VOXPACK_OK);
  EXPECT_EQ(whole.planes, again.planes);
  EXPECT_LT(coarse.info.site_count, whole.info.site_count);
  EXPECT_EQ(make_atlas(decoder, 0).error, VOXPACK_BAD_ARGUMENT);
  voxpack_close(decoder);
}

TEST_F(Arriving, DamagedSectionsAreFoundWhenTheyAreComplete) {
  package.back() ^= 1;
  voxpack_decoder* decoder = nullptr;
  ASSERT_EQ(voxpack_open_arriving(package.data(), package.size(), package.size() - 1, &decoder),
            VOXPACK_OK);
  ASSERT_NE(decoder, nullptr);
  uint32_t sections = 0;
  EXPECT_EQ(voxpack_arrived(decoder, package.size() - 1, &sections), VOXPACK_OK);
  EXPECT_EQ(sections, 2 * groups());
  EXPECT_EQ(voxpack_arrived(decoder, package.size(), &sections), VOXPACK_BAD_DATA);
  EXPECT_EQ(sections, 0u);
  EXPECT_EQ(voxpack_arrived(decoder, package.size() + 1, &sections), VOXPACK_BAD_ARGUMENT);
  voxpack_close(decoder);
}

TEST_F(Arriving, AnotherSizeOrHeaderIsRefused) {
  voxpack_decoder* decoder = nullptr;
  EXPECT_EQ(voxpack_open_arriving(package.data(), package.size(), package.size() + 1, &decoder),
            VOXPACK_BAD_ARGUMENT);
  EXPECT_EQ(decoder, nullptr);
  package[0] = 'X';
  EXPECT_EQ(voxpack_open_arriving(package.data(), package.size(), package.size() / 2, &decoder),
            VOXPACK_BAD_DATA);
  ASSERT_NE(decoder, nullptr);
  EXPECT_STRNE(voxpack_message(decoder), "");
  voxpack_close(decoder);
}

TEST(ArrivingEmpty, AFieldWithoutPointsHasPlanes) {
  RandomCodes options;
  options.resolution = 8;
  CodedField field = random_codes(options);
  field.blocks.clear();
  for (CodedChannel& channel : field.channels) {
    channel.coefficients.clear();
    channel.prediction_gain.resize(static_cast<size_t>(shape_of(8, {}).depth()));
  }
  const auto package = encode_package(field).take();
  voxpack_decoder* decoder = nullptr;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &decoder), VOXPACK_OK);
  const Atlas atlas = make_atlas(decoder, static_cast<uint32_t>(field.group_sizes.size()));
  EXPECT_EQ(atlas.error, VOXPACK_OK) << voxpack_message(decoder);
  voxpack_close(decoder);
}

}  // namespace
}  // namespace voxpack
