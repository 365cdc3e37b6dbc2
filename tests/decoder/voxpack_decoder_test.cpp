#include "decoder/voxpack_decoder.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "package/enc_package.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

std::vector<uint8_t> make_package(const CodedField& field) { return encode_package(field).take(); }

CodedField field_of_kind(int kind) {
  RandomCodes options;
  options.resolution = 12;
  options.min_level = -1;
  options.max_level = 1;
  options.kind = kind;
  return random_codes(options);
}

TEST(Decoder, InfoPointsBlocksAndWeightsAgree) {
  const CodedField field = field_of_kind(3);
  const auto package = make_package(field);
  voxpack_decoder* decoder = nullptr;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &decoder), VOXPACK_OK);
  EXPECT_STREQ(voxpack_message(decoder), "");
  voxpack_info info;
  ASSERT_EQ(voxpack_get_info(decoder, &info), VOXPACK_OK);
  EXPECT_EQ(info.resolution, 12u);
  EXPECT_EQ(info.edge, 2.5);
  EXPECT_EQ(info.min_level, field.blocks.back().level);
  EXPECT_EQ(info.max_level, field.blocks.front().level);
  EXPECT_EQ(info.channel_count, 5u);
  EXPECT_EQ(info.weight_count, (5u + 16 + 3) * 4);

  size_t block_count = 0;
  ASSERT_EQ(voxpack_block_count(decoder, &block_count), VOXPACK_OK);
  ASSERT_EQ(block_count, field.blocks.size());
  std::vector<voxpack_block> blocks(block_count);
  EXPECT_EQ(voxpack_decode_blocks(decoder, blocks.data(), block_count - 1), VOXPACK_BAD_ARGUMENT);
  ASSERT_EQ(voxpack_decode_blocks(decoder, blocks.data(), block_count), VOXPACK_OK);

  std::vector<uint16_t> positions(3 * info.point_count);
  std::vector<int8_t> levels(info.point_count);
  std::vector<float> density(info.point_count, NAN), features(info.point_count * 5, NAN);
  ASSERT_EQ(voxpack_decode_points(decoder, positions.data(), levels.data(), density.data(),
                                  features.data()),
            VOXPACK_OK);
  for (const float v : density) ASSERT_TRUE(std::isfinite(v));
  for (const float v : features) ASSERT_TRUE(std::isfinite(v));
  size_t point = 0;
  for (size_t b = 0; b < block_count; ++b) {
    EXPECT_EQ(blocks[b].mask, field.blocks[b].mask);
    EXPECT_EQ(blocks[b].first_point, point);
    for (uint64_t rest = blocks[b].mask; rest != 0; rest &= rest - 1, ++point) {
      const auto site = static_cast<uint64_t>(std::countr_zero(rest));
      ASSERT_EQ(levels[point], blocks[b].level);
      ASSERT_EQ(positions[3 * point], 4 * blocks[b].x + gather_bits_3(site));
      ASSERT_EQ(positions[3 * point + 1], 4 * blocks[b].y + gather_bits_3(site >> 1));
      ASSERT_EQ(positions[3 * point + 2], 4 * blocks[b].z + gather_bits_3(site >> 2));
    }
  }
  EXPECT_EQ(point, info.point_count);

  std::vector<float> weights(info.weight_count);
  ASSERT_EQ(voxpack_decode_weights(decoder, weights.data()), VOXPACK_OK);
  const CodedMatrix& first = field.network[0];
  EXPECT_EQ(weights[5], static_cast<float>(first.codes[5]) * first.scales[1]);
  EXPECT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, nullptr, nullptr), VOXPACK_OK);
  voxpack_close(decoder);
}

// One point: its values are the means, so they are known exactly.
TEST(Decoder, ValuesFollowTheFormula) {
  CodedField field = random_codes({.resolution = 4, .fill = 0, .blocks = 0});
  field.colour_transform = 0;
  field.channels[0].root = -1024;
  field.channels[0].step = 0.5f;
  field.channels[1].root = 256;
  field.channels[1].step = 0.75f;
  const auto package = make_package(field);
  voxpack_decoder* decoder = nullptr;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &decoder), VOXPACK_OK);
  float density, features[3];
  ASSERT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, &density, features), VOXPACK_OK);
  EXPECT_EQ(density, -2.0f - 1.0f);  // v = -2: v + v |v| / 4
  EXPECT_EQ(features[0], 0.75f);
  voxpack_close(decoder);

  // As a colour: Y = 0.75, Co = 0.5, Cg = 0.25.
  field.colour_transform = 1;
  for (int c = 2; c <= 3; ++c) field.channels[c].root = 256;
  field.channels[2].step = 0.5f;
  field.channels[3].step = 0.25f;
  const auto coloured = make_package(field);
  ASSERT_EQ(voxpack_open(coloured.data(), coloured.size(), &decoder), VOXPACK_OK);
  ASSERT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, &density, features), VOXPACK_OK);
  EXPECT_EQ(features[0], 0.875f);
  EXPECT_EQ(features[1], 0.875f);
  EXPECT_EQ(features[2], 0.375f);
  voxpack_close(decoder);
}

TEST(Decoder, RefusesBadArgumentsAndBadPackages) {
  EXPECT_EQ(voxpack_open(nullptr, 10, nullptr), VOXPACK_BAD_ARGUMENT);
  voxpack_decoder* decoder = nullptr;
  EXPECT_EQ(voxpack_open(nullptr, 10, &decoder), VOXPACK_BAD_ARGUMENT);
  EXPECT_EQ(decoder, nullptr);
  EXPECT_EQ(voxpack_open(nullptr, 0, &decoder), VOXPACK_BAD_DATA);
  ASSERT_NE(decoder, nullptr);
  EXPECT_GT(std::strlen(voxpack_message(decoder)), 0u);
  voxpack_info info;
  EXPECT_EQ(voxpack_get_info(decoder, &info), VOXPACK_BAD_ARGUMENT);
  EXPECT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, nullptr, nullptr),
            VOXPACK_BAD_ARGUMENT);
  size_t count = 0;
  EXPECT_EQ(voxpack_block_count(decoder, &count), VOXPACK_BAD_ARGUMENT);
  EXPECT_EQ(voxpack_decode_weights(decoder, nullptr), VOXPACK_BAD_ARGUMENT);
  voxpack_close(decoder);
  voxpack_close(nullptr);
  EXPECT_STREQ(voxpack_message(nullptr), "");

  auto package = make_package(field_of_kind(0));
  package[package.size() / 2] ^= 1;
  ASSERT_EQ(voxpack_open(package.data(), package.size(), &decoder), VOXPACK_BAD_DATA);
  EXPECT_NE(std::strstr(voxpack_message(decoder), "checksum"), nullptr);
  voxpack_close(decoder);
}

// Without points the outputs are null, and yet the attribute sections must be looked at.
TEST(Decoder, RefusesAttributesWithoutPoints) {
  CodedField field = random_codes({.resolution = 4, .fill = 0, .blocks = 0});
  field.blocks.clear();
  for (CodedChannel& channel : field.channels) channel.coefficients.clear();
  EncodedAttributes attributes;
  attributes.sections.resize(field.group_sizes.size() * field.layer_starts.size());
  attributes.ranges.resize(field.channels.size());
  for (const bool damaged : {false, true}) {
    if (damaged) attributes.sections.back() = {0, 0, 0, 0};
    auto package = assemble_package(field, 0, {}, attributes);
    ASSERT_TRUE(package.ok()) << package.error().message();
    voxpack_decoder* decoder = nullptr;
    ASSERT_EQ(voxpack_open(package.value().data(), package.value().size(), &decoder), VOXPACK_OK);
    EXPECT_EQ(voxpack_decode_points(decoder, nullptr, nullptr, nullptr, nullptr),
              damaged ? VOXPACK_BAD_DATA : VOXPACK_OK);
    voxpack_close(decoder);
  }
}

}  // namespace
}  // namespace voxpack
