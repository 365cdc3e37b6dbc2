#include "stages/quantize.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "stages/level_runner.h"
#include "stages/pack.h"
#include "stages/quantize_basis.h"
#include "stages/quantize_search.h"

namespace voxpack {
namespace {

Status check_options(const QuantizeOptions& options) {
  const auto wrong = [](const std::string& what) {
    return Status(Errc::usage, "quantize: " + what);
  };
  if (!(options.min_density < 0 && options.min_density >= -1e4f && options.max_density > 0 &&
        options.max_density <= 1e4f)) {
    return wrong("the density range must hold 0 and lie within +-10000");
  }
  if (!(options.density_sensitivity >= 1e-3f && options.density_sensitivity <= 1e3f)) {
    return wrong("density_sensitivity must be 0.001..1000");
  }
  if (!(options.min_colour_step >= 1e-6f && options.min_colour_step <= 1.0f)) {
    return wrong("min_colour_step must be 1e-6..1");
  }
  if (!(options.lambda >= 0 && options.lambda <= 10.0f)) return wrong("lambda must be 0..10");
  if (options.level_weight_shift < 0 || options.level_weight_shift > 3) {
    return wrong("level_weight_shift must be 0..3");
  }
  if (options.network_bits < 2 || options.network_bits > 16)
    return wrong("network_bits must be 2..16");
  return {};
}

Status check_fit_options(const QuantizeFitOptions& fit) {
  if (fit.rounds.value_or(0) < 0 || fit.iterations_per_round < 1 || fit.calibration_batches < 1) {
    return {Errc::usage,
            "quantize: rounds must be 0 and up, iterations of a round and batches 1 and up"};
  }
  if (!(fit.first_rate > 0 && fit.last_rate > 0)) {
    return {Errc::usage, "quantize: the learning rates must be above 0"};
  }
  return {};
}

// Adds the change from `before` to `after` to the points of `field`, and takes the network.
void follow(const Field& before, const Field& after, Field& field) {
  const auto add = [](const FloatArray& from, const FloatArray& to, FloatArray& array) {
    LargeVector<float>& out = array.edit();
    const auto count = static_cast<int64_t>(out.size());
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < count; ++i) {
      const auto k = static_cast<size_t>(i);
      out[k] += to[k] - from[k];
    }
  };
  add(before.density, after.density, field.density);
  add(before.features, after.features, field.features);
  field.appearance = after.appearance;
}

OptimizeSettings settings_of(const QuantizeFitOptions& fit, int round, int rounds) {
  const double done = rounds == 1 ? 0.0 : static_cast<double>(round) / (rounds - 1);
  const double first = static_cast<double>(fit.first_rate);
  const auto factor =
      static_cast<float>(first * std::pow(static_cast<double>(fit.last_rate) / first, done));
  OptimizeSettings settings;
  settings.density_rate *= factor;
  settings.feature_rate *= factor;
  settings.network_rate *= factor;
  return settings;
}

}  // namespace

Result<CodedField> run_quantize(const Field& field, const QuantizeOptions& options, Log& log) {
  VOXPACK_TRY(check_options(options));
  VOXPACK_TRY(validate(field));
  Field turned = field;
  CodingWeights weights;
  weights.metric = find_channel_metric(field, {});
  turn_into_coding_basis(turned, weights.metric);
  return search_codes(turned, weights, options, log);
}

Result<CodedField> run_quantize(Field field, std::span<const View> views,
                                const QuantizeFitOptions& fit, const QuantizeOptions& options,
                                Kernels& kernels, Log& log) {
  VOXPACK_TRY(check_options(options));
  VOXPACK_TRY(check_fit_options(fit));
  VOXPACK_TRY(validate(field));
  if (field.point_count() == 0) return run_quantize(field, options, log);
  OptimizerOptions optimizer_options;
  optimizer_options.seed = fit.seed;
  VOXPACK_ASSIGN(const std::unique_ptr<Optimizer> optimizer,
                 kernels.make_optimizer(field, views, optimizer_options));
  CodingWeights weights;
  {
    VOXPACK_ASSIGN(const std::vector<float> sensitivities,
                   optimizer->sensitivities(fit.calibration_batches));
    Calibration calibration = make_calibration(sensitivities, field.point_count());
    weights.metric = find_channel_metric(field, calibration);
    weights.density_importance = std::move(calibration.density_importance);
  }
  turn_into_coding_basis(field, weights.metric);
  const int rounds = fit.rounds.value_or(field.resolution <= 256 ? 0 : 8);
  for (int round = 0; round < rounds; ++round) {
    VOXPACK_ASSIGN(const CodedField codes, search_codes(field, weights, options, log));
    VOXPACK_ASSIGN(const std::vector<uint8_t> package, run_pack(codes));
    VOXPACK_ASSIGN(const Field before, run_unpack(package));
    VOXPACK_TRY(optimizer->set_values(before));
    VOXPACK_ASSIGN(const OptimizeStats stats,
                   optimizer->run(settings_of(fit, round, rounds), fit.iterations_per_round));
    log.info("quantize: round " + std::to_string(round + 1) + " of " + std::to_string(rounds) +
             ", " + std::to_string(psnr_of(stats.mse)) + " dB on the photos");
    VOXPACK_ASSIGN(const Field after, optimizer->field());
    follow(before, after, field);
  }
  return search_codes(field, weights, options, log);
}

}  // namespace voxpack
