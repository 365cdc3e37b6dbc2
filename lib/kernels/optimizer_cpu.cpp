// One iteration: march the lanes, fold hanging rows into points, smoothness, Adam on touched pages,
// Adam on the network.
#include "kernels/optimizer_cpu.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <new>

#include "core/interrupt.h"
#include "kernels/adam.h"
#include "kernels/optimizer_parts.h"
#include "kernels/regrid_math.h"
#include "kernels/smoothness.h"
#include "kernels/visibility.h"

namespace voxpack {
namespace {

// More lanes serve more threads but need a gradient buffer each.
constexpr int kLanes = 4;
constexpr int kEmptyLeafInterval = 16;  // iterations between updates of the empty-leaf flags

}  // namespace

Result<std::unique_ptr<Optimizer>> OptimizerCpu::make(const Field& field,
                                                      std::span<const View> views,
                                                      const OptimizerOptions& options) {
  VOXPACK_ASSIGN(TrainingRays rays, make_training_rays(views, options));
  VOXPACK_ASSIGN(Lattice lattice, make_lattice(field));
  return std::unique_ptr<Optimizer>(
      new OptimizerCpu(field, std::move(lattice), views, std::move(rays), options));
}

OptimizerCpu::OptimizerCpu(const Field& field, Lattice lattice, std::span<const View> views,
                           TrainingRays rays, const OptimizerOptions& options)
    : field_(topology_of(field)),
      lattice_(std::move(lattice)),
      views_(views),
      rays_(std::move(rays)),
      options_(options),
      network_(field.appearance),
      stride_(row_stride(field.channels())) {
  const std::vector<float> start = make_rows(field, lattice_, stride_);
  rows_ = AlignedFloats(start.size());
  std::copy(start.begin(), start.end(), rows_.data());
}

void OptimizerCpu::take_working_memory() {
  const size_t floats = lattice_.row_count() * stride_;
  first_ = AlignedFloats(floats);
  second_ = AlignedFloats(floats);
  const size_t pages = (lattice_.row_count() + kRowsPerPage - 1) / kRowsPerPage;
  touched_.assign(pages, 0);
  memory_.resize(kLanes);
  std::vector<TrainLane> lanes;
  for (LaneMemory& memory : memory_) {
    memory.row_gradients = AlignedFloats(floats);
    memory.network_gradients =
        AlignedFloats(network_.weights_in_count() + network_.weights_out_count() + 16);
    memory.samples = AlignedFloats(size_t(kSampleSpace) * kSampleBytes / sizeof(float));
    memory.touched.assign(pages, 0);
    TrainLane lane{};
    lane.row_gradients = memory.row_gradients.data();
    lane.touched_pages = memory.touched.data();
    lane.gradients_in = memory.network_gradients.data();
    lane.gradients_out = lane.gradients_in + network_.weights_in_count();
    lane.samples = memory.samples.data();
    lanes.push_back(lane);
  }
  lanes_ = std::move(lanes);
}

Status OptimizerCpu::out_of_memory() const {
  return {Errc::device, "not enough memory for the optimiser of a field of " +
                            std::to_string(point_count(field_.blocks)) +
                            " points; free memory or use a lower resolution"};
}

Result<OptimizeStats> OptimizerCpu::run(const OptimizeSettings& settings, int iterations) {
  OptimizeStats stats;
  try {
    if (lanes_.empty()) take_working_memory();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
  for (TrainLane& lane : lanes_) {
    lane.squared_error = 0;
    lane.sample_count = 0;
  }
  for (int i = 0; i < iterations; ++i) {
    VOXPACK_TRY(check_interrupt());
    if (step_ % kEmptyLeafInterval == 0) update_empty_leaves(lattice_, stride_, rows_.data());
    march(settings, false);
    merge_hanging();
    if (is_smoothed(settings)) smooth(settings);
    ++step_;
    ++iterations_;
    update(settings);
    stats.ray_count += static_cast<uint64_t>(options_.rays_per_iteration);
  }
  for (const TrainLane& lane : lanes_) {
    stats.mse += lane.squared_error;
    stats.sample_count += lane.sample_count;
  }
  stats.page_count = page_count_;
  stats.mse /= 3.0 * static_cast<double>(std::max<uint64_t>(1, stats.ray_count));
  return stats;
}

void OptimizerCpu::march(const OptimizeSettings& settings, bool is_probe) {
  const int tile_count = options_.rays_per_iteration / kRaysPerTile;
  const std::vector<uint64_t> tiles = rays_.next_tiles(tile_count);
  const MarchTable& table = best_march_table();
  const LatticeView view = lattice_.view();
  const NetworkView network = network_.view();
  const TrainSettings train{1.0f / static_cast<float>(options_.rays_per_iteration),
                            settings.concentration, settings.residual_penalty, centre_of(lattice_),
                            is_probe};
  if (fits_views(settings) && !fit_.is_active()) fit_.start(views_.size());
  for (int lane = 0; lane < kLanes; ++lane) {
    memory_[lane].view_gradients.resize(fit_.parameters.size());
    lanes_[lane].view_gradients =
        fits_views(settings) ? memory_[lane].view_gradients.data() : nullptr;
  }
#pragma omp parallel for schedule(static, 1)
  for (int lane = 0; lane < kLanes; ++lane) {
    TrainRay rays[kRaysPerTile] = {};
    for (int tile = lane; tile < tile_count; tile += kLanes) {
      const uint64_t seed = tile_seed(options_.seed, iterations_, tile);
      rays_.make_rays(lattice_, tiles[tile], seed, rays);
      for (int i = 0; is_probe && i < kRaysPerTile; ++i) make_probe(seed + i, rays[i]);
      if (fit_.is_active()) {
        const auto view = static_cast<uint32_t>(tiles[tile] >> 32);
        const float* parameters = fit_.parameters.data() + size_t{view} * kViewParameters;
        for (TrainRay& ray : rays) correct_ray(parameters, train.centre, view, ray);
      }
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

void OptimizerCpu::smooth(const OptimizeSettings& settings) {
  const SmoothnessPass pass =
      make_smoothness(settings, step_, field_.blocks.size(), lattice_.point_count);
#pragma omp parallel for schedule(static)
  for (size_t page = 0; page < touched_.size(); ++page) {
    uint8_t any = 0;
    for (const LaneMemory& memory : memory_) any |= memory.touched[page];
    touched_[page] = any;
  }
#pragma omp parallel for schedule(static, 1)
  for (int lane = 0; lane < kLanes; ++lane) {
    add_smoothness(lattice_, pass, rows_.data(), stride_, touched_.data(), lane, kLanes,
                   lanes_[lane]);
  }
}

void OptimizerCpu::update(const OptimizeSettings& settings) {
  const AdamSettings adam = make_adam(settings, step_);
  const MarchTable& table = best_march_table();
  const int64_t point_rows = static_cast<int64_t>(1 + lattice_.point_count);
  const int64_t pages = (point_rows + kRowsPerPage - 1) / kRowsPerPage;
  uint64_t page_count = 0;
#pragma omp parallel for schedule(dynamic, 256) reduction(+ : page_count)
  for (int64_t page = 0; page < pages; ++page) {
    float* gradients[kLanes];
    int touched = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!memory_[lane].touched[page]) continue;
      memory_[lane].touched[page] = 0;
      gradients[touched++] = lanes_[lane].row_gradients + page * kRowsPerPage * stride_;
    }
    if (touched == 0) continue;
    ++page_count;
    if (page == 0) {  // row 0 stands for empty sites and stays zero
      for (int g = 0; g < touched; ++g) std::fill_n(gradients[g], stride_, 0.0f);
    }
    const int rows =
        static_cast<int>(std::min<int64_t>(kRowsPerPage, point_rows - page * kRowsPerPage));
    const int64_t at = page * kRowsPerPage * stride_;
    table.adam_page(rows_.data() + at, first_.data() + at, second_.data() + at, gradients, touched,
                    stride_, rows, adam);
  }
  page_count_ = page_count;
  network_.adam(lanes_, settings.network_rate, network_keep(settings), adam);
  if (fits_views(settings)) fit_views(settings);
  resolve_hanging(lattice_, stride_, rows_.data());
}

void OptimizerCpu::fit_views(const OptimizeSettings& settings) {
  const AdamSettings adam = make_adam(settings, ++fit_.step);
  const size_t count = fit_.parameters.size();
  for (size_t i = 0; i < count; ++i) {
    float gradient = 0;
    for (LaneMemory& memory : memory_) {
      gradient += memory.view_gradients[i];
      memory.view_gradients[i] = 0;
    }
    const float rate =
        i % kViewParameters < kViewGain ? settings.pose_rate : settings.exposure_rate;
    view_step(fit_.parameters[i], fit_.first[i], fit_.second[i], gradient, rate, adam);
  }
  for (size_t k = 0; k < kViewParameters; ++k) {
    float mean = 0;
    for (size_t i = k; i < count; i += kViewParameters) mean += fit_.parameters[i];
    mean /= static_cast<float>(views_.size());
    for (size_t i = k; i < count; i += kViewParameters) fit_.parameters[i] -= mean;
  }
}

Result<Field> OptimizerCpu::field() const {
  try {
    Field field = field_;
    field.appearance = network_.model();
    read_rows(rows_.data(), stride_, field);
    return field;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Status OptimizerCpu::set_values(const Field& field) {
  VOXPACK_TRY(check_same_points(field_, field));
  const std::vector<float> rows = rows_of_points(field, stride_, lattice_.row_count());
  std::copy(rows.begin(), rows.end(), rows_.data());
  resolve_hanging(lattice_, stride_, rows_.data());
  network_.set_weights(field.appearance);
  return {};
}

// Adds the squares of the gradients of one march to `sums` [row][stride] and clears them.
void OptimizerCpu::add_squares(float* sums) {
  const int64_t pages = static_cast<int64_t>(touched_.size());
  const int64_t floats = static_cast<int64_t>(lattice_.row_count()) * stride_;
#pragma omp parallel for schedule(dynamic, 256)
  for (int64_t page = 0; page < pages; ++page) {
    const int64_t first = page * kRowsPerPage * stride_;
    const int64_t last = std::min<int64_t>(floats, first + kRowsPerPage * stride_);
    bool any = false;
    for (LaneMemory& memory : memory_) {
      any |= memory.touched[page] != 0;
      memory.touched[page] = 0;
    }
    for (int64_t i = first; any && i < last; ++i) {
      float sum = 0;
      for (TrainLane& lane : lanes_) {
        sum += lane.row_gradients[i];
        lane.row_gradients[i] = 0;
      }
      sums[i] += sum * sum;
    }
  }
}

Result<std::vector<float>> OptimizerCpu::sensitivities(int iterations) {
  try {
    if (lanes_.empty()) take_working_memory();
    AlignedFloats sums(lattice_.row_count() * stride_);
    OptimizeSettings settings;
    settings.concentration = settings.residual_penalty = 0;
    update_empty_leaves(lattice_, stride_, rows_.data());
    for (int i = 0; i < iterations; ++i, ++iterations_) {
      VOXPACK_TRY(check_interrupt());
      march(settings, true);
      merge_hanging();
      add_squares(sums.data());
    }
    for (LaneMemory& memory : memory_) {
      std::fill_n(memory.network_gradients.data(), memory.network_gradients.size(), 0.0f);
    }
    return read_sensitivities(sums.data(), stride_, field_, iterations);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<std::vector<uint64_t>> OptimizerCpu::seen_sites(int pixel_stride, uint32_t threshold) {
  std::vector<Camera> cameras;
  for (const View& view : views_) cameras.push_back(view.camera);
  return find_seen_sites(field_.blocks, lattice_, rows_.data(), stride_, cameras, pixel_stride,
                         threshold);
}

Status OptimizerCpu::regrid(const Field& topology, float density_scale) {
  VOXPACK_TRY(check_regrid(field_, topology));
  try {
    lanes_.clear();  // first what is not needed to make the new values
    memory_.clear();
    touched_.clear();
    first_ = {};
    second_ = {};
    VOXPACK_ASSIGN(Lattice next, make_lattice(topology));
    AlignedFloats rows(next.row_count() * stride_);
    const int factor = topology.resolution / field_.resolution;
    const LatticeView old = lattice_.view();
#pragma omp parallel for schedule(static)
    for (const Block& block : topology.blocks) {
      float* row = rows.data() + (size_t{1} + block.first_point) * stride_;
      for (uint64_t left = block.mask; left != 0; left &= left - 1, row += stride_) {
        int site[3];
        site_of_bit(std::countr_zero(left), site);
        for (int a = 0; a < 3; ++a)
          site[a] += kBlockCells * (a == 0 ? block.x : (a == 1 ? block.y : block.z));
        const SiteTaps taps = site_taps(old, site, factor);
        for (int k = 0; k < stride_; ++k)
          row[k] = regrid_one(taps, rows_.data(), stride_, k, density_scale);
      }
    }
    field_.resolution = topology.resolution;
    field_.blocks = topology.blocks;
    lattice_ = std::move(next);
    rows_ = std::move(rows);
    network_.restart();
    step_ = 0;
    return {};
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace voxpack
