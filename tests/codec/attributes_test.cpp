#include <gtest/gtest.h>

#include <cmath>

#include "codec/dec_attributes.h"
#include "codec/enc_attributes.h"
#include "codec/haar_block.h"
#include "codec/walk_dispatch.h"
#include "support/coded_fields.h"

namespace voxpack {
namespace {

struct Coded {
  CodedField field;
  Tree tree;
  NodeWeights weights;
  std::vector<std::vector<uint8_t>> sections;
  std::vector<NumberRange> ranges;
};

Coded code(const RandomCodes& options) {
  Coded out;
  out.field = random_codes(options);
  out.tree = build_tree(shape_of(options.resolution, out.field.blocks), out.field.blocks).take();
  out.weights = node_weights(out.tree, out.field.level_weight_shift);
  EncodedAttributes encoded =
      encode_attributes(out.tree, out.weights, out.field.channels, out.field.layout());
  out.sections = std::move(encoded.sections);
  out.ranges = std::move(encoded.ranges);
  return out;
}

Status decode(const Coded& coded, std::vector<int32_t>& numbers,
              std::vector<std::vector<int32_t>>& coefficients) {
  const size_t channels = coded.field.channels.size();
  numbers.assign(coded.tree.point_count * channels, 0);
  coefficients.assign(channels, {});
  const std::vector<std::span<const uint8_t>> sections(coded.sections.begin(),
                                                       coded.sections.end());
  return decode_attributes(coded.tree, coded.weights, coded.field.channels, coded.field.layout(),
                           sections, coded.ranges, numbers, &coefficients);
}

TEST(Attributes, RandomCoefficientsRoundTrip) {
  uint32_t seed = 0;
  for (const int max_level : {-1, 0, 2}) {
    for (const int kind : {0, 1, 2}) {
      for (const int largest : {0, 1, 40}) {
        RandomCodes options;
        options.seed = ++seed;
        options.resolution = 21;
        options.max_level = max_level;
        options.min_level = std::max(-1, max_level - 2);
        options.blocks = 0.1;
        options.kind = kind;
        options.largest = largest;
        const Coded coded = code(options);
        std::vector<int32_t> numbers;
        std::vector<std::vector<int32_t>> coefficients;
        const Status status = decode(coded, numbers, coefficients);
        ASSERT_TRUE(status.ok()) << status.message();
        for (size_t c = 0; c < coefficients.size(); ++c) {
          ASSERT_EQ(coefficients[c], coded.field.channels[c].coefficients) << "channel " << c;
        }
        for (const int32_t v : numbers) ASSERT_LE(std::abs(int64_t{v}), 64 * kMaxNumber);
      }
    }
  }
}

TEST(Attributes, EveryTruncationIsRefused) {
  RandomCodes options;
  options.resolution = 8;
  options.blocks = 0.3;
  Coded coded = code(options);
  std::vector<int32_t> numbers;
  std::vector<std::vector<int32_t>> coefficients;
  const std::vector<uint8_t> whole = coded.sections[1];
  for (size_t size = 0; size < whole.size(); ++size) {
    coded.sections[1].assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    const Status status = decode(coded, numbers, coefficients);
    ASSERT_EQ(status.code(), Errc::bad_data) << size;
  }
  coded.sections[1] = whole;
  coded.sections[1].push_back(0);
  EXPECT_EQ(decode(coded, numbers, coefficients).code(), Errc::bad_data);
}

TEST(Attributes, SplitsAreExactOnBothEnds) {
  for (const uint64_t a : {1u, 2u, 7u, 33u, 4096u, 65536u}) {
    for (const uint64_t b : {1u, 3u, 32u, 1000u, 65536u}) {
      const Split split = make_split(a, b);
      const double da = static_cast<double>(a), db = static_cast<double>(b);
      EXPECT_NEAR(split.scale, std::sqrt(1 / da + 1 / db) * (1 << kScaleBits), 1.0);
      EXPECT_NEAR(split.share, db / (da + db) * 4096, 0.51);
      EXPECT_EQ(split.inverse, (1 << 30) / split.scale);
    }
  }
}

// A smooth field of known values: the quantiser's error is bounded by its step, its bytes are those
// of the encoder, and a larger lambda never costs more bytes.
TEST(Attributes, QuantizerErrorRateAndBytesAgree) {
  RandomCodes options;
  options.resolution = 40;
  options.max_level = 1;
  options.fill = 0.6;
  CodedField field = random_codes(options);
  const Tree tree = build_tree(shape_of(options.resolution, field.blocks), field.blocks).take();
  const auto weights = node_weights(tree, 0);
  constexpr int kChannels = 3;
  std::vector<float> numbers;
  for (uint32_t i = 0; i < tree.point_count; ++i) {
    for (int c = 0; c < kChannels; ++c)
      numbers.push_back(std::sin(0.01f * static_cast<float>(i) + static_cast<float>(c)));
  }
  const AttributeQuantizer quantizer(tree, weights, numbers, {}, kChannels);
  size_t last_size = SIZE_MAX;
  for (const float lambda : {0.0f, 0.1f, 0.5f, 2.0f}) {
    std::vector<CodedChannel> channels(field.channels.begin(), field.channels.begin() + kChannels);
    for (CodedChannel& channel : channels) {
      channel.curve = ValueCurve::linear;
      channel.step = 0.02f;
      channel.bias_one = channel.bias_more = 0;
      std::fill(channel.prediction_gain.begin(), channel.prediction_gain.end(), uint8_t{8});
    }
    std::vector<AttributeQuantizer::ChannelStatistics> statistics;
    const uint8_t size = kChannels, start = 0;
    const AttributeLayout layout = {{&size, 1}, {&start, 1}};
    const auto bytes = quantizer.quantize(channels, layout, 0, lambda, &statistics).front();
    EXPECT_EQ(bytes, encode_attributes(tree, weights, channels, layout).sections.front());
    EXPECT_LE(bytes.size(), last_size) << lambda;
    last_size = bytes.size();
    std::vector<int32_t> decoded(numbers.size());
    const std::span<const uint8_t> section(bytes);
    ASSERT_TRUE(
        decode_attributes(tree, weights, channels, layout, {&section, 1}, {}, decoded, nullptr)
            .ok());
    double sum = 0;
    for (size_t i = 0; i < numbers.size(); ++i) {
      sum += std::pow(
          static_cast<double>(decode_value(channels[i % kChannels], decoded[i]) - numbers[i]), 2);
    }
    const double rms = std::sqrt(sum / static_cast<double>(numbers.size()));
    EXPECT_LT(rms, 0.02 * (lambda == 0 ? 0.3 : 1.5)) << lambda;
    EXPECT_GT(rms, 0.0);
  }
}

// Coefficients made from what the walk tells of a split, so that every difference in that spreads.
struct EchoPolicy {
  uint32_t seed = 1;
  int channels = 0;
  bool begin_depth(int) { return true; }
  void begin_node(uint32_t, const HaarBlock&) {}
  template <int kStride>
  void code(const SplitPlace<kStride>& place, int32_t* q) {
    for (int ch = 0; ch < channels; ++ch) {
      seed = seed * 1664525 +
             static_cast<uint32_t>(place.expected.at[ch] * 8 + place.context.at[ch] + 1013904223);
      const auto large = static_cast<int32_t>(seed >> 26);  // seldom above 16
      q[ch] = large == 0 ? 40000 : large < 20 ? large - 10 : 0;
    }
  }
};

TEST(Attributes, EveryRowLengthAndInstructionSetGivesTheSameNumbers) {
  for (const int channels : {1, 3, 4, 8, 12, 16, 32}) {
    RandomCodes options;
    options.resolution = 24;
    options.max_level = 1;
    options.kind = 2;
    CodedField field = random_codes(options);
    while (static_cast<int>(field.channels.size()) < channels) {
      field.channels.push_back(field.channels[field.channels.size() - 3]);
    }
    field.channels.resize(channels);
    const Tree tree = build_tree(shape_of(options.resolution, field.blocks), field.blocks).take();
    const auto weights = node_weights(tree, field.level_weight_shift);
    std::vector<int32_t> dispatched(size_t{tree.point_count} * channels), plain = dispatched;
    EchoPolicy first{1, channels}, second{1, channels};
    walk_attributes(tree, weights, field.channels, first, dispatched);
    const NodeRows rows(tree);
    PointTable table(plain, field.channels.size());
    std::make_unique<AttributeWalk<EchoPolicy, kRowMax>>(tree, rows, weights, field.channels,
                                                         second)
        ->run(table);
    EXPECT_EQ(dispatched, plain) << channels;
    EXPECT_EQ(first.seed, second.seed) << channels;
  }
}

}  // namespace
}  // namespace voxpack
