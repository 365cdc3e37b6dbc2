#include "stages/codec_bench.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <string>

#include "codec/colour_transform.h"
#include "codec/dec_attributes.h"
#include "codec/dec_geometry.h"
#include "codec/enc_attributes.h"
#include "codec/enc_geometry.h"
#include "codec/point_shape.h"
#include "core/interrupt.h"

namespace voxpack {
namespace {

constexpr int kAdaptRounds = 2;      // of a search, that adapt the parameters too
constexpr int kSearchRounds = 14;    // at most
constexpr double kOvershoot = 0.02;  // dB above the target that ends a search
constexpr int kGroupSize = 4;
constexpr uint8_t kOneLayer[] = {0};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// One encoding: parameters, bytes, and what they decode to.
struct Coded {
  std::vector<CodedChannel> channels;
  std::vector<std::vector<uint8_t>> sections;
};

class CodecRun {
 public:
  CodecRun(const CodecCloud& cloud, const CodecBenchOptions& options, Log& log)
      : cloud_(cloud), options_(options), log_(log), numbers_(cloud.values) {
    for (size_t i = 0; i < numbers_.size(); i += static_cast<size_t>(cloud.channels)) {
      to_y_co_cg(&numbers_[i + 1]);
    }
    groups_ = {1, 3};
    for (int left = cloud.channels - 4; left > 0; left -= kGroupSize) {
      groups_.push_back(static_cast<uint8_t>(std::min(left, kGroupSize)));
    }
  }

  Result<CodecBench> run() {
    VOXPACK_TRY(code_geometry());
    const double start = cpu_seconds();
    shapes_ = fit_shapes(tree_, numbers_, static_cast<size_t>(cloud_.channels), {});
    shape_seconds_ = cpu_seconds() - start;
    for (const double scale : options_.scales) {
      std::vector<CodedChannel> channels = first_channels(scale);
      for (int round = 0; round < kAdaptRounds; ++round) {
        VOXPACK_TRY(check_interrupt());
        encode(channels, true);
      }
      VOXPACK_TRY(measure(channels));
    }
    for (const CodecTargets& targets : options_.targets) VOXPACK_TRY(search(targets));
    return std::move(bench_);
  }

 private:
  TreeShape shape() const { return shape_of(cloud_.resolution, cloud_.blocks); }

  Status code_geometry() {
    for (int i = 0; i < options_.repeats; ++i) {
      const double start = cpu_seconds();
      VOXPACK_ASSIGN(tree_, build_tree(shape(), cloud_.blocks));
      geometry_ = encode_geometry(tree_);
      const double middle = cpu_seconds();
      VOXPACK_ASSIGN(const Tree back, decode_geometry(geometry_, shape(), tree_.point_count));
      const double end = cpu_seconds();
      if (back.child_mask != tree_.child_mask) {
        return {Errc::internal, "the decoded geometry is another one"};
      }
      const auto least = [i](double& to, double seconds) {
        to = i == 0 ? seconds : std::min(to, seconds);
      };
      least(bench_.geometry_encode_seconds, middle - start);
      least(bench_.geometry_decode_seconds, end - middle);
    }
    bench_.geometry_bits_per_point = bits(geometry_.size());
    return {};
  }

  double bits(size_t size_bytes) const {
    return 8.0 * static_cast<double>(size_bytes) / static_cast<double>(tree_.point_count);
  }

  // Steps of `scale` / 255 of the peaks.
  std::vector<CodedChannel> first_channels(double scale) const {
    std::vector<CodedChannel> channels(cloud_.channels);
    for (int c = 0; c < cloud_.channels; ++c) {
      const double chroma = c == 2 || c == 3 ? options_.chroma_scale : 1.0;
      set_step(channels[c], scale / 255 * static_cast<double>(cloud_.peaks[c]) * chroma);
      channels[c].prediction_gain.assign(tree_.depth(), kMaxPredictionGain);
    }
    return channels;
  }

  static void set_step(CodedChannel& channel, double step) {
    channel.step = static_cast<float>(std::clamp(step, 1e-9, 1e6));
  }

  Coded encode(std::vector<CodedChannel>& channels, bool adapts) const {
    const NodeWeights weights = node_weights(tree_, 0);
    const AttributeQuantizer quantizer(tree_, weights, numbers_, {}, cloud_.channels);
    Coded coded;
    coded.channels = channels;
    std::vector<AttributeQuantizer::ChannelStatistics> statistics;
    coded.sections =
        quantizer.quantize(coded.channels, {groups_, kOneLayer}, 0,
                           static_cast<float>(options_.lambda), adapts ? &statistics : nullptr);
    for (size_t c = 0; c < statistics.size(); ++c) {
      AttributeQuantizer::adapt(channels[c], statistics[c]);
    }
    return coded;
  }

  Result<std::vector<float>> decode(const Coded& coded, const Tree& tree) const {
    const auto channels = static_cast<size_t>(cloud_.channels);
    const NodeWeights weights = node_weights(tree, 0);
    std::vector<int32_t> decoded(channels * tree.point_count);
    const std::vector<std::span<const uint8_t>> sections(coded.sections.begin(),
                                                         coded.sections.end());
    VOXPACK_TRY(decode_attributes(tree, weights, coded.channels, {groups_, kOneLayer}, sections, {},
                                  decoded, nullptr));
    const std::vector<int16_t> offsets = point_offsets(tree, shapes_.offsets);
    std::vector<float> values(decoded.size());
    for (size_t i = 0; i < values.size(); i += channels) {
      for (size_t c = 0; c < channels; ++c) {
        values[i + c] = decode_value(coded.channels[c], decoded[i + c]);
      }
      if (!offsets.empty()) {
        const double offset = offsets[i / channels] * static_cast<double>(shapes_.step);
        values[i] = decode_value(coded.channels[0], decoded[i], offset);
      }
      to_r_g_b(&values[i + 1]);
    }
    return values;
  }

  // Rate and distortion.
  CodecPoint compare(const Coded& coded, const std::vector<float>& values) const {
    const auto channels = static_cast<size_t>(cloud_.channels);
    std::vector<double> squares(channels, 0.0);
    double luma = 0;
    for (size_t i = 0; i < values.size(); i += channels) {
      double errors[kCodedMaxChannels];
      for (size_t c = 0; c < channels; ++c) {
        float value = values[i + c];
        if (cloud_.eight_bits) value = std::clamp(std::nearbyint(value), 0.0f, 255.0f);
        errors[c] = static_cast<double>(value) - static_cast<double>(cloud_.values[i + c]);
        squares[c] += errors[c] * errors[c];
      }
      const double y = 0.2126 * errors[1] + 0.7152 * errors[2] + 0.0722 * errors[3];
      luma += y * y;
    }
    const auto psnr = [&](double square, float peak) {
      const double mean = square / static_cast<double>(tree_.point_count);
      return 10 * std::log10(std::pow(static_cast<double>(peak), 2) / std::max(mean, 1e-12));
    };
    CodecPoint point;
    for (const CodedChannel& channel : coded.channels) {
      point.steps.push_back(static_cast<double>(channel.step));
    }
    point.density_psnr_db = psnr(squares[0], cloud_.peaks[0]);
    point.y_psnr_db = psnr(luma, cloud_.peaks[1]);
    point.rgb_psnr_db = psnr((squares[1] + squares[2] + squares[3]) / 3, cloud_.peaks[1]);
    for (size_t c = 4; c < channels; ++c) {
      point.feature_psnr_db.push_back(psnr(squares[c], cloud_.peaks[c]));
    }
    point.density_bits_per_point =
        bits(coded.sections[0].size() + shapes_.offsets.size() * sizeof(ShapeOffset));
    point.rgb_bits_per_point = bits(coded.sections[1].size());
    for (size_t g = 2; g < coded.sections.size(); ++g) {
      point.feature_bits_per_point += bits(coded.sections[g].size());
    }
    point.total_bits_per_point = bench_.geometry_bits_per_point + point.density_bits_per_point +
                                 point.rgb_bits_per_point + point.feature_bits_per_point;
    return point;
  }

  // Moves every step by what its channel lacks or has too much until all are just above.
  Status search(const CodecTargets& targets) {
    const auto wanted = [&](int c) {
      if (c == 0) return targets.density_psnr_db;
      if (c < 4) return targets.y_psnr_db;
      if (targets.feature_psnr_db.empty()) return targets.density_psnr_db;
      const size_t last = targets.feature_psnr_db.size() - 1;
      return targets.feature_psnr_db[std::min(static_cast<size_t>(c - 4), last)];
    };
    std::vector<CodedChannel> channels = first_channels(16);
    for (int round = 0; round < kSearchRounds; ++round) {
      VOXPACK_TRY(check_interrupt());
      const bool adapts = round < kAdaptRounds + 1;
      const Coded coded = encode(channels, adapts);
      VOXPACK_ASSIGN(const std::vector<float> values, decode(coded, tree_));
      const CodecPoint point = compare(coded, values);
      bool done = !adapts;
      for (int c = 0; c < cloud_.channels; ++c) {
        const double reached = c == 0  ? point.density_psnr_db
                               : c < 4 ? point.y_psnr_db
                                       : point.feature_psnr_db[c - 4];
        const double excess = reached - wanted(c);
        if (excess >= 0 && excess <= kOvershoot) continue;
        done = false;
        const double change = std::clamp(excess - kOvershoot / 2, -6.0, 6.0);
        set_step(channels[c], static_cast<double>(channels[c].step) * std::pow(10.0, change / 20));
      }
      log_.progress({"bench", (round + 1.0) / kSearchRounds, -1,
                     std::to_string(point.total_bits_per_point) + " bits a point"});
      if (done) break;
    }
    return measure(channels);
  }

  // The operating point of these parameters, with its times.
  Status measure(std::vector<CodedChannel>& channels) {
    CodecPoint point;
    for (int i = 0; i < options_.repeats; ++i) {
      VOXPACK_TRY(check_interrupt());
      const double start = cpu_seconds();
      const Coded coded = encode(channels, false);
      const double middle = cpu_seconds();
      VOXPACK_ASSIGN(const std::vector<float> values, decode(coded, tree_));
      const double end = cpu_seconds();
      const double encoded = bench_.geometry_encode_seconds + shape_seconds_ + middle - start;
      const double decoded = bench_.geometry_decode_seconds + end - middle;
      if (i == 0) {
        point = compare(coded, values);
        point.encode_seconds = encoded;
        point.decode_seconds = decoded;
      }
      point.encode_seconds = std::min(point.encode_seconds, encoded);
      point.decode_seconds = std::min(point.decode_seconds, decoded);
    }
    bench_.points.push_back(std::move(point));
    return {};
  }

  const CodecCloud& cloud_;
  const CodecBenchOptions& options_;
  Log& log_;
  std::vector<float> numbers_;  // the values with colours as Y, Co, Cg
  std::vector<uint8_t> groups_;
  Tree tree_;
  std::vector<uint8_t> geometry_;
  ShapeFit shapes_;
  double shape_seconds_ = 0;
  CodecBench bench_;
};

}  // namespace

Result<CodecBench> run_codec_bench(const CodecCloud& cloud, const CodecBenchOptions& options,
                                   Log& log) {
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  for (const double scale : options.scales) {
    if (!within(scale, 1e-3, 1e4)) return {Errc::usage, "scales must be 0.001..10000"};
  }
  if (!within(options.lambda, 0, 10) || !within(options.chroma_scale, 0.1, 10) ||
      !within(options.repeats, 1, 100)) {
    return {Errc::usage, "lambda must be 0..10, chroma_scale 0.1..10 and repeats 1..100"};
  }
  if (cloud.channels < 4 || cloud.point_count() == 0) {
    return {Errc::usage, "bench codec needs points with density and colour"};
  }
  return CodecRun(cloud, options, log).run();
}

}  // namespace voxpack
