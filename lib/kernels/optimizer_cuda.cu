// One iteration: rays of the tiles, forward march, decode with loss, network gradients, backward
// march, smoothness, Adam.
#include <algorithm>
#include <cmath>
#include <new>

#include "core/interrupt.h"
#include "kernels/adam.h"
#include "kernels/march_cuda.cuh"
#include "kernels/network.h"
#include "kernels/optimizer_cuda.cuh"
#include "kernels/optimizer_parts.h"
#include "kernels/pages_cuda.cuh"
#include "kernels/rays_cuda.cuh"
#include "kernels/regrid_cuda.cuh"
#include "kernels/training_rays.h"

namespace voxpack {
namespace {

constexpr int kEmptyLeafInterval = 16;

class OptimizerCuda : public Optimizer {
 public:
  OptimizerCuda(const Field& field, TrainingRays rays, const OptimizerOptions& options)
      : field_(topology_of(field)),
        rays_(std::move(rays)),
        options_(options),
        network_(field.appearance),
        stride_(row_stride(field.channels())) {}

  Status start(const Field& field, std::span<const View> views) {
    VOXPACK_ASSIGN(const Lattice lattice, make_lattice(field));
    VOXPACK_TRY(lattice_.upload(lattice));
    VOXPACK_TRY(blocks_.upload(field_.blocks));
    VOXPACK_TRY(values_.upload(make_rows(field, lattice, stride_)));
    VOXPACK_TRY(views_.upload(views));
    return make_batch_buffers();
  }

  Result<OptimizeStats> run(const OptimizeSettings& settings, int iterations) override {
    if (first_.size() == 0) VOXPACK_TRY(take_working_memory());
    if (fits_views(settings) && view_parameters_.size() == 0) VOXPACK_TRY(start_fit());
    const int tile_count = options_.rays_per_iteration / kRaysPerTile;
    std::vector<uint64_t> tiles = rays_.next_tiles(tile_count * iterations);
    VOXPACK_TRY(tiles_.upload(tiles));
    VOXPACK_TRY(squared_error_.zero());
    VOXPACK_TRY(sample_count_.zero());
    for (int i = 0; i < iterations; ++i) {
      VOXPACK_TRY(check_interrupt());
      VOXPACK_TRY(
          iterate(settings, tiles_.get() + static_cast<size_t>(i) * tile_count, tile_count));
    }
    OptimizeStats stats;
    VOXPACK_TRY(squared_error_.download(&stats.mse, 1));
    unsigned long long sample_count = 0;
    VOXPACK_TRY(sample_count_.download(&sample_count, 1));
    stats.sample_count = sample_count;
    uint32_t page_count = 0;
    if (iterations > 0) VOXPACK_TRY(pages_.count.download(&page_count, 1));
    stats.page_count = page_count;
    stats.ray_count = static_cast<uint64_t>(options_.rays_per_iteration) * iterations;
    stats.mse /= 3.0 * static_cast<double>(std::max<uint64_t>(1, stats.ray_count));
    return stats;
  }

  Result<Field> field() const override {
    Field field = field_;
    std::vector<float> rows(values_.size());
    VOXPACK_TRY(values_.download(rows.data(), rows.size()));
    std::vector<float> weights(network_values_.size());
    if (!weights.empty()) VOXPACK_TRY(network_values_.download(weights.data(), weights.size()));
    field.appearance = network_.model_of(weights);
    read_rows(rows.data(), stride_, field);
    return field;
  }

  Status set_values(const Field& field) override {
    VOXPACK_TRY(check_same_points(field_, field));
    VOXPACK_TRY(values_.upload(rows_of_points(field, stride_, lattice_.row_count)));
    VOXPACK_TRY(launch_resolve_hanging(lattice_, values_.get(), stride_));
    if (network_.view().kind != 3) return {};
    return network_values_.upload(Network(field.appearance).padded_weights());
  }

  Result<std::vector<float>> sensitivities(int iterations) override {
    if (first_.size() == 0) VOXPACK_TRY(take_working_memory());
    const int tile_count = options_.rays_per_iteration / kRaysPerTile;
    VOXPACK_TRY(tiles_.upload(rays_.next_tiles(tile_count * iterations)));
    DeviceArray<float> sums;
    VOXPACK_TRY(sums.allocate(values_.size()));
    VOXPACK_TRY(sums.zero());
    VOXPACK_TRY(find_empty_leaves());
    TrainSettings train{};
    train.is_probe = true;
    for (int i = 0; i < iterations; ++i, ++iterations_) {
      VOXPACK_TRY(check_interrupt());
      VOXPACK_TRY(
          march(train, tiles_.get() + static_cast<size_t>(i) * tile_count, tile_count, false));
      VOXPACK_TRY(
          launch_add_squares(sums.get(), gradients_.get(), pages_, lattice_.row_count, stride_));
    }
    std::vector<float> rows(sums.size());
    VOXPACK_TRY(sums.download(rows.data(), rows.size()));
    return read_sensitivities(rows.data(), stride_, field_, iterations);
  }

  Result<std::vector<uint64_t>> seen_sites(int pixel_stride, uint32_t threshold) override {
    if (pixel_stride < 1) return {Errc::usage, "pixel stride must be at least 1"};
    std::vector<uint64_t> masks;
    VOXPACK_TRY(find_seen_sites_cuda(lattice_, blocks_, values_.get(), stride_,
                                     {views_.cameras(), pixel_stride, threshold}, masks));
    return masks;
  }

  Status regrid(const Field& topology, float density_scale) override {
    VOXPACK_TRY(check_regrid(field_, topology));
    try {
      return move_to(topology, density_scale);
    } catch (const std::bad_alloc&) {
      return {Errc::device, "not enough host memory for a lattice of " +
                                std::to_string(point_count(topology.blocks)) +
                                " points; free memory or use a lower resolution"};
    }
  }

 private:
  Status move_to(const Field& topology, float density_scale) {
    // First goes what is not needed to make the new values.
    for (DeviceArray<float>* array : {&first_, &second_, &gradients_})
      VOXPACK_TRY(array->allocate(0));
    VOXPACK_TRY(pages_.clear());
    VOXPACK_ASSIGN(const Lattice lattice, make_lattice(topology));
    DeviceLattice next;
    DeviceArray<float> values;
    VOXPACK_TRY(next.upload(lattice));
    VOXPACK_TRY(blocks_.upload(topology.blocks));
    VOXPACK_TRY(values.allocate(next.row_count * static_cast<size_t>(stride_)));
    VOXPACK_TRY(values.zero());
    VOXPACK_TRY(launch_regrid(lattice_, values_.get(), blocks_,
                              {topology.resolution / field_.resolution, stride_, density_scale},
                              values.get()));
    VOXPACK_TRY(cuda_status(cudaDeviceSynchronize(), "new points"));
    values_ = std::move(values);
    lattice_ = std::move(next);
    field_.resolution = topology.resolution;
    field_.blocks = topology.blocks;
    for (DeviceArray<float>* array : {&network_first_, &network_second_})
      VOXPACK_TRY(array->zero());
    step_ = 0;
    return {};
  }

  Status take_working_memory() {
    VOXPACK_TRY(pages_.start(blocks_, lattice_));
    for (DeviceArray<float>* array : {&gradients_, &second_, &first_}) {
      VOXPACK_TRY(array->allocate(values_.size()));
      VOXPACK_TRY(array->zero());
    }
    return {};
  }

  Status make_batch_buffers() {
    const size_t rays = static_cast<size_t>(options_.rays_per_iteration);
    VOXPACK_TRY(batch_.allocate(rays));
    VOXPACK_TRY(sums_.allocate(rays * stride_));
    VOXPACK_TRY(d_sums_.allocate(rays * stride_));
    VOXPACK_TRY(squares_.allocate(rays));
    VOXPACK_TRY(squared_error_.allocate(1));
    VOXPACK_TRY(sample_count_.allocate(1));
    const NetworkView net = network_.view();
    if (net.kind != 3) return {};
    VOXPACK_TRY(inputs_.allocate(rays * net.inputs));
    VOXPACK_TRY(hidden_.allocate(rays * net.hidden));
    VOXPACK_TRY(d_hidden_.allocate(rays * net.hidden));
    VOXPACK_TRY(d_outputs_.allocate(rays * 3));
    const std::vector<float> weights = network_.padded_weights();
    VOXPACK_TRY(network_values_.upload(weights));
    for (DeviceArray<float>* array : {&network_first_, &network_second_, &network_gradients_}) {
      VOXPACK_TRY(array->allocate(weights.size()));
      VOXPACK_TRY(array->zero());
    }
    return {};
  }

  NetworkView network_view() const {
    NetworkView net = network_.view();
    net.weights_in = network_values_.get();
    net.weights_out = network_values_.get() + network_.weights_in_count();
    return net;
  }

  DecodeBuffers decode_buffers(bool fits) {
    return {inputs_.get(),    hidden_.get(),        d_hidden_.get(),
            d_outputs_.get(), squared_error_.get(), fits ? view_gradients_.get() : nullptr};
  }

  // Gradients of the rows for the rays of `tiles`, and the list of their pages.
  Status march(const TrainSettings& train, const uint64_t* tiles, int tile_count, bool fits) {
    const int rays = tile_count * kRaysPerTile;
    VOXPACK_TRY(views_.launch_rays({tiles, tile_count, rays_.has_masks(), train.is_probe,
                                    options_.seed, iterations_, view_parameters_.get()},
                                   lattice_.frame, lattice_.centre, batch_.get()));
    VOXPACK_TRY(launch_forward(lattice_.view, values_.get(), stride_, &batch_.get()->ray,
                               sizeof(TrainRay), rays, 1e-3f, sums_.get(), squares_.get(),
                               sample_count_.get()));
    const DecodeBuffers buffers = decode_buffers(fits);
    VOXPACK_TRY(launch_decode(network_view(), batch_.get(), rays, stride_, sums_.get(), train,
                              d_sums_.get(), buffers));
    VOXPACK_TRY(launch_backward(lattice_.view, values_.get(), stride_, batch_.get(), rays,
                                sums_.get(), squares_.get(), d_sums_.get(),
                                {gradients_.get(), pages_.flags.get(), buffers.view_gradients,
                                 train.concentration * train.gradient_scale, lattice_.centre}));
    VOXPACK_TRY(launch_scatter_hanging(lattice_, gradients_.get(), stride_, pages_.flags.get()));
    return launch_list_pages(pages_);
  }

  Status find_empty_leaves() {
    return launch_empty_leaves(lattice_.view, lattice_.leaves.get(),
                               static_cast<int>(lattice_.leaves.size()), values_.get(), stride_);
  }

  Status iterate(const OptimizeSettings& settings, const uint64_t* tiles, int tile_count) {
    const int rays = tile_count * kRaysPerTile;
    if (step_ % kEmptyLeafInterval == 0) VOXPACK_TRY(find_empty_leaves());
    const TrainSettings train{1.0f / static_cast<float>(rays), settings.concentration,
                              settings.residual_penalty};
    const bool fits = fits_views(settings);
    VOXPACK_TRY(march(train, tiles, tile_count, fits));
    if (is_smoothed(settings)) {
      VOXPACK_TRY(launch_smoothness(
          lattice_.view,
          make_smoothness(settings, step_, field_.blocks.size(), lattice_.point_count),
          values_.get(), stride_, pages_, gradients_.get()));
    }
    ++step_;
    ++iterations_;
    const AdamSettings adam = make_adam(settings, step_);
    VOXPACK_TRY(launch_adam_rows(values_.get(), first_.get(), second_.get(), gradients_.get(),
                                 pages_, 1 + lattice_.point_count, stride_, adam));
    const NetworkView net = network_view();
    if (net.kind == 3) {
      float* gradients = network_gradients_.get();
      VOXPACK_TRY(launch_network_gradients(net, rays, decode_buffers(fits), gradients,
                                           gradients + network_.weights_in_count()));
      VOXPACK_TRY(launch_adam_network(network_values_.get(), network_first_.get(),
                                      network_second_.get(), gradients,
                                      static_cast<int>(network_values_.size()),
                                      settings.network_rate, network_keep(settings), adam));
    }
    if (fits) VOXPACK_TRY(fit_views(settings));
    return launch_resolve_hanging(lattice_, values_.get(), stride_);
  }

  Status start_fit() {
    const size_t count = views_.cameras().size() * kViewParameters;
    for (DeviceArray<float>* array :
         {&view_parameters_, &view_first_, &view_second_, &view_gradients_}) {
      VOXPACK_TRY(array->allocate(count));
      VOXPACK_TRY(array->zero());
    }
    return {};
  }

  Status fit_views(const OptimizeSettings& settings) {
    return launch_fit_views(view_parameters_.get(), view_first_.get(), view_second_.get(),
                            view_gradients_.get(), static_cast<int>(views_.cameras().size()),
                            settings.pose_rate, settings.exposure_rate,
                            make_adam(settings, ++fit_step_));
  }

  Field field_;  // blocks and header; the values live on the device
  TrainingRays rays_;
  OptimizerOptions options_;
  Network network_;
  int stride_;
  uint64_t step_ = 0;        // of Adam
  uint64_t iterations_ = 0;  // all together, for the random numbers
  uint64_t fit_step_ = 0;    // of Adam for the views
  DeviceLattice lattice_;
  // The corrections of the views, empty until they are fitted.
  DeviceArray<float> view_parameters_, view_first_, view_second_, view_gradients_;
  DeviceArray<Block> blocks_;
  DeviceArray<float> values_;
  DeviceArray<float> first_, second_, gradients_;  // first_ empty: no working memory yet
  TouchedPages pages_;
  DeviceViews views_;
  DeviceArray<uint64_t> tiles_;
  DeviceArray<TrainRay> batch_;
  DeviceArray<float> sums_, d_sums_, squares_, inputs_, hidden_, d_hidden_, d_outputs_;
  DeviceArray<double> squared_error_;
  DeviceArray<unsigned long long> sample_count_;
  DeviceArray<float> network_values_, network_first_, network_second_, network_gradients_;
};

}  // namespace

Result<std::unique_ptr<Optimizer>> make_optimizer_cuda(const Field& field,
                                                       std::span<const View> views,
                                                       const OptimizerOptions& options) {
  VOXPACK_ASSIGN(TrainingRays rays, make_training_rays(views, options));
  auto made = std::make_unique<OptimizerCuda>(field, std::move(rays), options);
  VOXPACK_TRY(made->start(field, views));
  return std::unique_ptr<Optimizer>(std::move(made));
}

}  // namespace voxpack
