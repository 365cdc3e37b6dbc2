// Search for the colour step whose package just fits the budget; each try is a whole encoding.
#include "stages/quantize_search.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "codec/enc_attributes.h"
#include "codec/enc_geometry.h"
#include "core/interrupt.h"
#include "package/enc_package.h"
#include "stages/quantize_prepare.h"

namespace voxpack {
namespace {

constexpr double kMaxColourStep = 64.0;  // everything but the mean is gone
constexpr double kMaxSteps = 60'000;     // a number in steps; decoders know no larger ones
constexpr int kMaxTries = 16;
constexpr int kAdaptTries = 2;       // the first tries that adapt biases, gains and contexts
constexpr double kGoodFill = 0.990;  // of the budget: the search stops there
constexpr double kAimedFill = 0.995;
constexpr int kSecantTries = 9;  // from then on the bracket is halved

// One encoding at a colour step.
struct Try {
  double colour_step = 0;
  uint64_t size_bytes = 0;
  std::vector<CodedChannel> channels;
};

class StepSearch {
 public:
  StepSearch(const Field& field, const CodingWeights& weights, const QuantizeOptions& options,
             Log& log)
      : options_(options),
        log_(log),
        codes_(prepare_codes(field, weights.metric, options)),
        numbers_(companded_numbers(field, options)),
        importance_(field.importance),
        density_importance_(companded_importance(field, weights.density_importance)) {}

  Result<CodedField> run() {
    VOXPACK_TRY(prepare());
    if (overhead_bytes_ > options_.target_size_bytes) return too_small();
    VOXPACK_TRY(search());
    if (!has_best_) return too_small();
    for (size_t c = 0; c < codes_.channels.size(); ++c)
      codes_.channels[c] = std::move(best_.channels[c]);
    log_.info("quantize: colour step " + std::to_string(best_.colour_step) + ", package of " +
              std::to_string(best_.size_bytes) + " bytes, " + std::to_string(overhead_bytes_) +
              " of them not attributes");
    return std::move(codes_);
  }

 private:
  Status prepare() {
    const TreeShape shape = shape_of(codes_.resolution, codes_.blocks);
    VOXPACK_ASSIGN(tree_, build_tree(shape, codes_.blocks));
    weights_ = node_weights(tree_, codes_.level_weight_shift);
    codes_.layer_starts = usual_layers(tree_);
    ShapeFit shapes = fit_shapes(tree_, numbers_, codes_.channels.size(), density_importance_);
    codes_.shape_step = shapes.step;
    codes_.shape_offsets = std::move(shapes.offsets);
    quantizer_ = std::make_unique<AttributeQuantizer>(tree_, weights_, numbers_, importance_,
                                                      static_cast<int>(codes_.channels.size()));
    for (size_t i = 0; i < numbers_.size(); i += codes_.channels.size())
      densities_.push_back(numbers_[i]);
    density_quantizer_ =
        std::make_unique<AttributeQuantizer>(tree_, weights_, densities_, density_importance_, 1);
    EncodedAttributes no_attributes;
    no_attributes.sections.resize(codes_.group_sizes.size() * codes_.layer_starts.size());
    no_attributes.ranges.resize(codes_.channels.size());
    VOXPACK_ASSIGN(
        const std::vector<uint8_t> bytes,
        assemble_package(codes_, tree_.point_count, encode_geometry(tree_), no_attributes));
    overhead_bytes_ = bytes.size();
    statistics_.resize(codes_.channels.size());
    largest_.resize(codes_.channels.size());
    for (size_t i = 0; i < numbers_.size(); ++i) {
      double& largest = largest_[i % largest_.size()];
      largest = std::max(largest, std::fabs(static_cast<double>(numbers_[i])));
    }
    return {};
  }

  // Encodes at `colour_step`. Groups depend on nothing but their channels, and share the way
  // through the tree: each thread takes a run of them.
  Try encode(double colour_step, bool adapts) {
    Try made;
    made.colour_step = colour_step;
    made.channels = codes_.channels;
    for (size_t c = 0; c < made.channels.size(); ++c) {
      const double step = static_cast<double>(made.channels[c].step) * colour_step;
      const double least = std::max(1e-9, largest_[c] / kMaxSteps);
      made.channels[c].step = static_cast<float>(std::clamp(step, least, 1e6));
    }
    const std::vector<GroupRun> runs = group_runs();
    std::vector<size_t> bytes(runs.size(), 0);
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < runs.size(); ++i) {
      const GroupRun& run = runs[i];
      const AttributeQuantizer& quantizer = i == 0 ? *density_quantizer_ : *quantizer_;
      std::vector<AttributeQuantizer::ChannelStatistics> statistics;
      const auto sections = quantizer.quantize(
          {&made.channels[run.first_channel], run.channel_count},
          {{&codes_.group_sizes[run.first_group], run.group_count}, codes_.layer_starts},
          static_cast<int>(run.first_channel), options_.lambda, adapts ? &statistics : nullptr);
      for (const auto& section : sections) bytes[i] += section.size();
      for (size_t c = 0; c < statistics.size(); ++c)
        statistics_[run.first_channel + c] = std::move(statistics[c]);
    }
    made.size_bytes = overhead_bytes_;
    for (const size_t size : bytes) made.size_bytes += size;
    return made;
  }

  // Consecutive groups.
  struct GroupRun {
    size_t first_group = 0, group_count = 0;
    size_t first_channel = 0, channel_count = 0;
  };

  // The density, which is the first group, alone; then the others in runs of about as many
  // channels, one for each thread.
  std::vector<GroupRun> group_runs() const {
    const size_t channels = codes_.channels.size() - 1;
    const auto threads = static_cast<size_t>(std::max(1, omp_get_max_threads()));
    std::vector<GroupRun> runs = {{0, 1, 0, 1}};
    for (size_t g = 1; g < codes_.group_sizes.size(); ++g) {
      const GroupRun& last = runs.back();
      if (runs.size() == 1 || last.channel_count * threads >= channels) {
        runs.push_back({g, 0, last.first_channel + last.channel_count, 0});
      }
      ++runs.back().group_count;
      runs.back().channel_count += codes_.group_sizes[g];
    }
    return runs;
  }

  // Parameters that would have been best for the last encoding.
  void adapt() {
    for (size_t c = 0; c < codes_.channels.size(); ++c) {
      AttributeQuantizer::adapt(codes_.channels[c], statistics_[c]);
    }
  }

  void keep_if_better(Try&& made) {
    if (made.size_bytes > options_.target_size_bytes) return;
    if (has_best_ && made.size_bytes <= best_.size_bytes) return;
    best_ = std::move(made);
    has_best_ = true;
  }

  // Secant steps on log(attribute bytes) over log(step), inside a bracket.
  Status search() {
    const double target = static_cast<double>(options_.target_size_bytes);
    const double finest = std::log2(static_cast<double>(options_.min_colour_step));
    const double coarsest = std::log2(kMaxColourStep);
    double low = finest, high = coarsest;  // tried and too large; tried and fits; or the ends
    bool low_tried = false, high_tried = false;
    double at = std::clamp(-5.0, low, high);
    double last_at = 0, last_size = 0;
    double slope = -0.7;  // log2 bytes per log2 step
    for (int i = 0; i < kMaxTries; ++i) {
      VOXPACK_TRY(check_interrupt());
      Try made = encode(std::exp2(at), i < kAdaptTries);
      const auto size = static_cast<double>(made.size_bytes);
      log_.progress({"quantize", std::min(0.95, (i + 1) / 8.0), -1,
                     "step " + std::to_string(made.colour_step) + ", " +
                         std::to_string(made.size_bytes) + " bytes"});
      const bool fits = size <= target;
      keep_if_better(std::move(made));
      if (i < kAdaptTries) {
        adapt();  // the sizes seen so far are only a hint
      } else {
        (fits ? high : low) = at;
        (fits ? high_tried : low_tried) = true;
        if (fits && (at <= finest || size >= kGoodFill * target)) break;
        if (!fits && at >= coarsest) break;
        if (high - low < 1e-4) break;
      }
      const double attribute_size = std::max(1.0, size - static_cast<double>(overhead_bytes_));
      if (last_size > 0 && std::fabs(at - last_at) > 1e-3) {
        const double measured = std::log2(attribute_size / last_size) / (at - last_at);
        if (measured < -0.02 && measured > -4) slope = measured;
      }
      last_at = at;
      last_size = attribute_size;
      const double wanted =
          std::max(1.0, kAimedFill * target - static_cast<double>(overhead_bytes_));
      at += std::log2(wanted / attribute_size) / slope;
      const double middle = (low + high) / 2;
      if (low_tried && high_tried && (at <= low || at >= high || i > kSecantTries)) at = middle;
      if (at <= low) at = low_tried ? middle : low;
      if (at >= high) at = high_tried ? middle : high;
    }
    return {};
  }

  Status too_small() {
    const Try smallest = encode(kMaxColourStep, false);
    return {Errc::usage, "the target size of " + std::to_string(options_.target_size_bytes) +
                             " bytes is too small for " + std::to_string(tree_.point_count) +
                             " points: at least " + std::to_string(smallest.size_bytes) +
                             " bytes are needed; prune to fewer points or raise the target"};
  }

  const QuantizeOptions options_;
  Log& log_;
  CodedField codes_;
  std::vector<float> numbers_;    // the densities without what their shapes explain
  std::vector<float> densities_;  // of numbers_
  const FloatArray& importance_;
  const std::vector<float> density_importance_;
  Tree tree_;
  NodeWeights weights_;
  std::unique_ptr<AttributeQuantizer> density_quantizer_, quantizer_;
  std::vector<AttributeQuantizer::ChannelStatistics> statistics_;
  std::vector<double> largest_;  // magnitude of a channel's numbers
  uint64_t overhead_bytes_ = 0;
  Try best_;
  bool has_best_ = false;
};

}  // namespace

Result<CodedField> search_codes(const Field& field, const CodingWeights& weights,
                                const QuantizeOptions& options, Log& log) {
  return StepSearch(field, weights, options, log).run();
}

}  // namespace voxpack
