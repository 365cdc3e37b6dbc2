// Coarsening on the GPU: one block of threads per coarse block, the passes one launch each. The
// numbers stay on the device between the passes.
#include <new>

#include "kernels/coarsen_block.h"
#include "kernels/coarsen_cuda.cuh"
#include "kernels/staged_copy.cuh"

namespace voxpack {
namespace {

constexpr int kThreads = 256;

struct BlockTeam {
  template <class Work>
  VOXPACK_HOST_DEVICE void each(int count, const Work& work) const {
#ifdef __CUDA_ARCH__
    for (int i = static_cast<int>(threadIdx.x); i < count; i += kThreads) work(i);
    __syncthreads();
#endif
  }
};

__global__ void __launch_bounds__(kThreads)
    average_kernel(const CoarsenView view, const CoarsenArrays arrays) {
  __shared__ BlockScratch scratch;
  average_block(view, arrays, blockIdx.x, BlockTeam{}, scratch);
}

__global__ void __launch_bounds__(kThreads)
    correct_kernel(const CoarsenView view, const CoarsenArrays arrays) {
  __shared__ BlockScratch scratch;
  correct_block(view, arrays, blockIdx.x, BlockTeam{}, scratch);
}

__global__ void __launch_bounds__(kThreads)
    measure_kernel(const CoarsenView view, const CoarsenArrays arrays) {
  __shared__ BlockScratch scratch;
  measure_block(view, arrays, blockIdx.x, BlockTeam{}, scratch);
}

class CoarsenerCuda {
 public:
  Status upload(const CoarsenInput& input) {
    const CoarseLinks& links = *input.links;
    view_ = view_of(input);
    VOXPACK_TRY(copy_.upload(input.fine_blocks, fine_blocks_));
    VOXPACK_TRY(copy_.upload(input.density, density_));
    VOXPACK_TRY(copy_.upload(input.features, features_));
    VOXPACK_TRY(copy_.upload(input.vis_sum, vis_sum_));
    VOXPACK_TRY(copy_.upload(input.gains, gains_));
    VOXPACK_TRY(copy_.upload(input.coarse_blocks, coarse_blocks_));
    VOXPACK_TRY(copy_.upload(
        std::span(links.neighbours.front().data(), links.neighbours.size() * 27), neighbours_));
    VOXPACK_TRY(copy_.upload(std::span(links.first_child), first_child_));
    VOXPACK_TRY(copy_.upload(std::span(links.child_masks), child_masks_));
    view_.fine_blocks = fine_blocks_.get();
    view_.fine = {input.channels, density_.get(), features_.get()};
    view_.vis_sum = vis_sum_.get();
    view_.coarse_blocks = coarse_blocks_.get();
    view_.links = {neighbours_.get(), first_child_.get(), child_masks_.get()};
    const size_t sites = site_count(input.coarse_blocks);
    const size_t features = sites * static_cast<size_t>(input.channels);
    for (Numbers* numbers : {&now_, &next_}) {
      VOXPACK_TRY(numbers->density.allocate(sites));
      VOXPACK_TRY(numbers->features.allocate(features));
    }
    VOXPACK_TRY(coarse_vis_sum_.allocate(sites));
    VOXPACK_TRY(weight_sums_.allocate(sites));
    VOXPACK_TRY(is_seen_.allocate(input.coarse_blocks.size()));
    VOXPACK_TRY(site_error_.allocate(input.density.size()));
    VOXPACK_TRY(drop_cost_.allocate(input.density.size()));
    VOXPACK_TRY(empty_error_.allocate(input.coarse_blocks.size()));
    VOXPACK_TRY(site_error_.zero());
    VOXPACK_TRY(drop_cost_.zero());
    return empty_error_.zero();
  }

  // Starts all passes; they may still run on return.
  Status launch() {
    average_kernel<<<view_.coarse_count, kThreads>>>(view_, arrays());
    VOXPACK_TRY(launched("weighted means of the coarser level"));
    for (int i = 0; i < kCorrections; ++i) {
      std::swap(now_, next_);
      correct_kernel<<<view_.coarse_count, kThreads>>>(view_, arrays());
      VOXPACK_TRY(launched("fit of the coarser level"));
    }
    std::swap(now_, next_);
    measure_kernel<<<view_.coarse_count, kThreads>>>(view_, arrays());
    return launched("errors of the coarser level");
  }

  // The arrays of `output` have their sizes already.
  Status download(CoarsenOutput& output) {
    VOXPACK_TRY(get(now_.density, output.density));
    VOXPACK_TRY(get(now_.features, output.features));
    VOXPACK_TRY(get(coarse_vis_sum_, output.vis_sum));
    VOXPACK_TRY(get(site_error_, output.site_error));
    VOXPACK_TRY(get(drop_cost_, output.drop_cost));
    return get(empty_error_, output.empty_error);
  }

 private:
  struct Numbers {
    DeviceArray<float> density, features;
  };

  Status get(const DeviceArray<float>& from, LargeVector<float>& to) {
    return copy_.download(from.get(), to.size() * sizeof(float), to.data());
  }

  CoarsenArrays arrays() const {
    CoarsenArrays arrays;
    arrays.now_density = now_.density.get();
    arrays.now_features = now_.features.get();
    arrays.next_density = next_.density.get();
    arrays.next_features = next_.features.get();
    arrays.vis_sum = coarse_vis_sum_.get();
    arrays.weight_sums = weight_sums_.get();
    arrays.is_seen = is_seen_.get();
    arrays.gains = gains_.get();
    arrays.site_error = site_error_.get();
    arrays.drop_cost = drop_cost_.get();
    arrays.empty_error = empty_error_.get();
    return arrays;
  }

  StagedCopy copy_;
  CoarsenView view_;
  DeviceArray<PyramidBlock> fine_blocks_, coarse_blocks_;
  DeviceArray<float> density_, features_, vis_sum_, gains_;
  DeviceArray<uint32_t> neighbours_, first_child_;
  DeviceArray<uint8_t> child_masks_;
  Numbers now_, next_;
  DeviceArray<float> coarse_vis_sum_, site_error_, drop_cost_, empty_error_;
  DeviceArray<WeightSums> weight_sums_;
  DeviceArray<bool> is_seen_;
};

// What is fetched fills them; the copies touch the fresh memory with all threads.
void size_output(const CoarsenInput& input, CoarsenOutput& output) {
  const size_t sites = site_count(input.coarse_blocks);
  output.density.resize(sites);
  output.features.resize(sites * static_cast<size_t>(input.channels));
  output.vis_sum.resize(sites);
  output.site_error.resize(input.density.size());
  output.drop_cost.resize(input.density.size());
  output.empty_error.resize(input.coarse_blocks.size());
}

}  // namespace

Status coarsen_cuda(const CoarsenInput& input, CoarsenOutput& output) {
  try {
    if (input.coarse_blocks.empty()) {
      output = {};
      output.site_error = make_zeros<float>(input.density.size());
      output.drop_cost = make_zeros<float>(input.density.size());
      return {};
    }
    CoarsenerCuda coarsener;
    VOXPACK_TRY(coarsener.upload(input));
    VOXPACK_TRY(coarsener.launch());
    size_output(input, output);
    return coarsener.download(output);
  } catch (const std::bad_alloc&) {
    return {Errc::device, "not enough memory for the coarser level of " +
                              std::to_string(input.density.size()) +
                              " points; free memory or use fewer points"};
  }
}

}  // namespace voxpack
