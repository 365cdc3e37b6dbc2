// Attribute sections by layer: coarser fields from the first ones, plain sections, ranges.
#include <gtest/gtest.h>

#include "codec/dec_attributes.h"
#include "codec/dec_geometry.h"
#include "codec/enc_attributes.h"
#include "codec/plain_section.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

class Layers : public testing::Test {
 protected:
  void SetUp() override {
    RandomCodes options;
    options.resolution = 60;
    options.min_level = -1;
    options.max_level = 1;
    options.blocks = 0.05;
    field = random_codes(options);
    tree = build_tree(shape_of(options.resolution, field.blocks), field.blocks).take();
    weights = node_weights(tree, field.level_weight_shift);
  }

  void encode() { encoded = encode_attributes(tree, weights, field.channels, field.layout()); }

  Status decode(const Tree& down_to, size_t layers, std::span<const NumberRange> ranges,
                std::vector<int32_t>& numbers) {
    std::vector<std::span<const uint8_t>> sections(encoded.sections.begin(),
                                                   encoded.sections.end());
    sections.resize(layers * field.group_sizes.size());
    numbers.assign(size_t{down_to.point_count} * field.channels.size(), 0);
    const AttributeLayout layout = {field.group_sizes, std::span(field.layer_starts).first(layers)};
    return decode_attributes(down_to, weights, field.channels, layout, sections, ranges, numbers,
                             nullptr);
  }

  CodedField field;
  Tree tree;
  NodeWeights weights;
  EncodedAttributes encoded;
};

// Where a layer adds nothing, its points have the numbers of the layer before.
TEST_F(Layers, TheFirstOnesGiveACoarserField) {
  ASSERT_EQ(field.layer_starts.size(), 3u);
  const int cut_depth = field.layer_starts[1];
  size_t before = 0;  // coefficients of the first layer
  for (int depth = 0; depth < cut_depth; ++depth) {
    for (uint32_t node = tree.offset[depth]; node < tree.offset[depth + 1]; ++node) {
      if (tree.child_mask[node] != 0) before += kBitCount[tree.child_mask[node]] - 1;
    }
  }
  for (CodedChannel& channel : field.channels) {
    std::fill(channel.coefficients.begin() + static_cast<ptrdiff_t>(before),
              channel.coefficients.end(), 0);
    for (int d = cut_depth; d < tree.depth(); ++d) channel.prediction_gain[d] = 0;
  }
  encode();
  const Tree cut = cut_tree(tree, cut_depth);
  std::vector<int32_t> coarse, fine;
  ASSERT_TRUE(decode(cut, 1, {}, coarse).ok());
  ASSERT_TRUE(decode(tree, 3, encoded.ranges, fine).ok());
  std::vector<uint32_t> ancestor(tree.child_mask.size());  // at the cut
  const size_t channels = field.channels.size();
  size_t compared = 0;
  for (uint32_t node = 0; node < ancestor.size(); ++node) {
    if (node < cut.child_mask.size()) ancestor[node] = node;
    if (tree.child_mask[node] == 0) {
      const uint32_t at = ancestor[node];
      for (size_t c = 0; c < channels; ++c, ++compared) {
        ASSERT_EQ(fine[tree.link[node] * channels + c], coarse[cut.link[at] * channels + c]);
      }
      continue;
    }
    for (uint32_t i = 0; i < kBitCount[tree.child_mask[node]]; ++i) {
      ancestor[tree.link[node] + i] = ancestor[node];
    }
  }
  EXPECT_EQ(compared, fine.size());
  EXPECT_LT(coarse.size(), fine.size() / 2);
}

TEST_F(Layers, CutTreesHaveBlocksThatMakeThemAgain) {
  for (int depth = 2; depth <= tree.depth(); ++depth) {
    const Tree cut = cut_tree(tree, depth);
    if (cut.shape.min_level > kCodedMaxLevel) continue;
    auto blocks = list_blocks(cut);
    ASSERT_TRUE(blocks.ok()) << depth << ": " << blocks.error().message();
    auto again = build_tree(cut.shape, blocks.value());
    ASSERT_TRUE(again.ok()) << depth << ": " << again.error().message();
    EXPECT_EQ(again.value().point_count, cut.point_count);
    if (again.value().depth() == depth) {
      EXPECT_EQ(again.value().child_mask, cut.child_mask);
    }
  }
}

TEST_F(Layers, NoiseIsStoredPlainAndTheTablesBeginAnew) {
  std::mt19937 random(5);
  for (CodedChannel& channel : field.channels) {
    for (int32_t& q : channel.coefficients) q = static_cast<int32_t>(random() >> 13) - (1 << 18);
  }
  encode();
  const size_t groups = field.group_sizes.size();
  for (size_t g = 0; g < groups; ++g) {
    const auto& last = encoded.sections[2 * groups + g];
    ASSERT_EQ(last[0], static_cast<uint8_t>(SectionMethod::plain)) << g;
    EXPECT_EQ(last[1], 19);  // bits of the first channel
  }
  std::vector<int32_t> numbers, coded_after;
  ASSERT_TRUE(decode(tree, 3, encoded.ranges, numbers).ok());
  // The first layers noise, the last one not.
  for (CodedChannel& channel : field.channels) {
    std::fill(channel.coefficients.end() - channel.coefficients.size() / 2,
              channel.coefficients.end(), 1);
  }
  field.layer_starts = {0, static_cast<uint8_t>(tree.depth() - 1)};
  encode();
  EXPECT_EQ(encoded.sections[0][0], static_cast<uint8_t>(SectionMethod::plain));
  EXPECT_EQ(encoded.sections[groups][0], static_cast<uint8_t>(SectionMethod::coded));
  EXPECT_TRUE(decode(tree, 2, encoded.ranges, coded_after).ok());
}

TEST_F(Layers, RefusesDamagedPlainSections) {
  std::mt19937 random(6);
  for (CodedChannel& channel : field.channels) {
    for (int32_t& q : channel.coefficients) {
      q = static_cast<int32_t>(random() % (2 * kMaxCoefficient + 1)) - kMaxCoefficient;
    }
  }
  encode();
  const std::vector<uint8_t> good = encoded.sections.back();
  ASSERT_EQ(good[0], static_cast<uint8_t>(SectionMethod::plain));
  std::vector<int32_t> numbers;
  const auto refuses = [&](std::vector<uint8_t> section) {
    encoded.sections.back() = std::move(section);
    return decode(tree, 3, encoded.ranges, numbers).code() == Errc::bad_data;
  };
  EXPECT_FALSE(refuses(good));
  std::vector<uint8_t> damaged(good.begin(), good.end() - 1);
  EXPECT_TRUE(refuses(damaged));  // cut
  damaged = good;
  damaged.push_back(0);
  EXPECT_TRUE(refuses(damaged));  // longer
  damaged = good;
  damaged[0] = 2;
  EXPECT_TRUE(refuses(damaged));  // unknown method
  damaged = good;
  damaged[1] = kMaxPlainBits + 1;
  EXPECT_TRUE(refuses(damaged));
  for (size_t i = 1 + field.group_sizes.back(); i < 20; ++i) {  // values out of range
    damaged = good;
    std::fill(damaged.begin() + static_cast<ptrdiff_t>(i), damaged.end() - 1, uint8_t{0x55});
    EXPECT_TRUE(refuses(damaged));
  }
  EXPECT_TRUE(refuses({}));
  EXPECT_TRUE(refuses({1}));
}

TEST_F(Layers, RefusesNumbersOutsideOfTheRange) {
  encode();
  std::vector<int32_t> numbers;
  ASSERT_TRUE(decode(tree, 3, encoded.ranges, numbers).ok());
  for (const bool high : {false, true}) {
    std::vector<NumberRange> ranges = encoded.ranges;
    if (high) {
      --ranges[1].high;
    } else {
      ++ranges[1].low;
    }
    const Status status = decode(tree, 3, ranges, numbers);
    EXPECT_EQ(status.code(), Errc::bad_data);
    EXPECT_NE(status.message().find("channel 1"), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace voxpack
