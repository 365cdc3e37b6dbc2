// One iteration: march the lanes, fold hanging rows into points, Adam on touched pages, Adam on the
// network.
#include "kernels/optimizer_cpu.h"

#include <algorithm>
#include <cmath>

#include "core/interrupt.h"
#include "kernels/adam.h"

namespace voxpack {
namespace {

// More lanes serve more threads but need a gradient buffer each.
constexpr int kLanes = 4;
constexpr int kEmptyLeafInterval = 16;  // iterations between updates of the empty-leaf flags

}  // namespace

Result<std::unique_ptr<Optimizer>> OptimizerCpu::make(const Field& field,
                                                      std::span<const View> views,
                                                      const OptimizerOptions& options) {
  if (options.rays_per_iteration < 64 || options.rays_per_iteration % 64 != 0) {
    return {Errc::usage, "rays per iteration " + std::to_string(options.rays_per_iteration) +
                             " is not a positive multiple of 64"};
  }
  VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
  std::unique_ptr<OptimizerCpu> made(new OptimizerCpu(field, std::move(lattice), views, options));
  if (made->rays_.empty())
    return {Errc::bad_data, "the views show nothing: all photos are transparent"};
  return std::unique_ptr<Optimizer>(std::move(made));
}

OptimizerCpu::OptimizerCpu(const Field& field, Lattice lattice, std::span<const View> views,
                           const OptimizerOptions& options)
    : lattice_(std::move(lattice)),
      rays_(views, options.seed),
      options_(options),
      network_(field.appearance),
      stride_(row_stride(field.channels())) {
  field_.cube = field.cube;
  field_.resolution = field.resolution;
  field_.appearance = field.appearance;
  field_.blocks = field.blocks;
  const size_t floats = lattice_.row_count() * stride_;
  rows_ = AlignedFloats(floats);
  const std::vector<float> start = make_rows(field, lattice_, stride_);
  std::copy(start.begin(), start.end(), rows_.data());
  first_ = AlignedFloats(floats);
  second_ = AlignedFloats(floats);
  const size_t pages = (lattice_.row_count() + kRowsPerPage - 1) / kRowsPerPage;
  memory_.resize(kLanes);
  for (LaneMemory& memory : memory_) {
    memory.row_gradients = AlignedFloats(floats);
    memory.network_gradients =
        AlignedFloats(network_.weights_in_count() + network_.weights_out_count() + 16);
    memory.samples = AlignedFloats(size_t(kMaxSamples) * kSampleBytes / sizeof(float));
    memory.touched.assign(pages, 0);
    TrainLane lane{};
    lane.row_gradients = memory.row_gradients.data();
    lane.touched_pages = memory.touched.data();
    lane.gradients_in = memory.network_gradients.data();
    lane.gradients_out = lane.gradients_in + network_.weights_in_count();
    lane.samples = memory.samples.data();
    lanes_.push_back(lane);
  }
}

Result<OptimizeStats> OptimizerCpu::run(const OptimizeSettings& settings, int iterations) {
  OptimizeStats stats;
  for (TrainLane& lane : lanes_) {
    lane.squared_error = 0;
    lane.sample_count = 0;
  }
  for (int i = 0; i < iterations; ++i) {
    VOXPACK_TRY(check_interrupt());
    if (step_ % kEmptyLeafInterval == 0) update_empty_leaves(lattice_, stride_, rows_.data());
    march(settings);
    merge_hanging();
    ++step_;
    update(settings);
    stats.ray_count += static_cast<uint64_t>(options_.rays_per_iteration);
  }
  for (const TrainLane& lane : lanes_) {
    stats.mse += lane.squared_error;
    stats.sample_count += lane.sample_count;
  }
  stats.mse /= 3.0 * static_cast<double>(std::max<uint64_t>(1, stats.ray_count));
  return stats;
}

void OptimizerCpu::march(const OptimizeSettings& settings) {
  const int tile_count = options_.rays_per_iteration / kRaysPerTile;
  const std::vector<uint64_t> tiles = rays_.next_tiles(tile_count);
  const MarchTable& table = best_march_table();
  const LatticeView view = lattice_.view();
  const NetworkView network = network_.view();
  const TrainSettings train{1.0f / static_cast<float>(options_.rays_per_iteration),
                            settings.concentration, settings.residual_penalty};
#pragma omp parallel for schedule(static, 1)
  for (int lane = 0; lane < kLanes; ++lane) {
    TrainRay rays[kRaysPerTile];
    for (int tile = lane; tile < tile_count; tile += kLanes) {
      rays_.make_rays(lattice_, tiles[tile], tile_seed(options_.seed, step_, tile), rays);
      table.train(view, rows_.data(), stride_, network, rays, kRaysPerTile, train, lanes_[lane]);
    }
  }
}

void OptimizerCpu::merge_hanging() {
  if (lattice_.hanging.empty()) return;
#pragma omp parallel for schedule(static, 1)
  for (int lane = 0; lane < kLanes; ++lane) {
    scatter_hanging(lattice_, stride_, lanes_[lane].row_gradients, lanes_[lane].touched_pages);
  }
}

void OptimizerCpu::update(const OptimizeSettings& settings) {
  const AdamSettings adam = make_adam(settings, step_);
  const MarchTable& table = best_march_table();
  const int64_t point_rows = static_cast<int64_t>(1 + lattice_.point_count);
  const int64_t pages = (point_rows + kRowsPerPage - 1) / kRowsPerPage;
#pragma omp parallel for schedule(dynamic, 256)
  for (int64_t page = 0; page < pages; ++page) {
    float* gradients[kLanes];
    int touched = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!memory_[lane].touched[page]) continue;
      memory_[lane].touched[page] = 0;
      gradients[touched++] = lanes_[lane].row_gradients + page * kRowsPerPage * stride_;
    }
    if (touched == 0) continue;
    if (page == 0) {  // row 0 stands for empty sites and stays zero
      for (int g = 0; g < touched; ++g) std::fill_n(gradients[g], stride_, 0.0f);
    }
    const int rows =
        static_cast<int>(std::min<int64_t>(kRowsPerPage, point_rows - page * kRowsPerPage));
    const int64_t at = page * kRowsPerPage * stride_;
    table.adam_page(rows_.data() + at, first_.data() + at, second_.data() + at, gradients, touched,
                    stride_, rows, adam);
  }
  network_.adam(lanes_, settings.network_rate, adam);
  resolve_hanging(lattice_, stride_, rows_.data());
}

Result<Field> OptimizerCpu::field() const {
  Field field = field_;
  field.appearance = network_.model();
  const int channels = field.channels();
  const size_t count = lattice_.point_count;
  field.density.resize(count);
  field.features.resize(count * channels);
  for (size_t i = 0; i < count; ++i) {
    const float* row = rows_.data() + (i + 1) * stride_;
    field.density[i] = row[0];
    std::copy_n(row + 1, channels, field.features.data() + i * channels);
  }
  return field;
}

}  // namespace voxpack
