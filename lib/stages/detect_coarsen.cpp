// The next coarser level of a pyramid: its blocks are made here, their numbers by the kernels.
#include "stages/detect_links.h"
#include "stages/detect_pyramid.h"

namespace voxpack {

Result<Coarsening> coarsen(const PyramidLevel& fine, std::span<const float> gains,
                           const CoarsenOptions& options, Kernels& kernels) {
  Coarsening out;
  PyramidLevel& coarse = out.coarse;
  coarse.level = fine.level + 1;
  coarse.channels = fine.channels;
  const CoarseLinks links = make_coarse_blocks(fine, coarse);
  CoarsenInput input;
  input.level = fine.level;
  input.channels = fine.channels;
  input.fine_blocks = fine.blocks;
  input.density = fine.density;
  input.features = fine.features;
  input.vis_sum = fine.vis_sum;
  input.gains = gains;
  input.coarse_blocks = coarse.blocks;
  input.links = &links;
  input.options = options;
  CoarsenOutput made;
  VOXPACK_TRY(kernels.coarsen(input, made));
  coarse.own = {std::move(made.density), std::move(made.features), std::move(made.vis_sum)};
  coarse.density = coarse.own.density;
  coarse.features = coarse.own.features;
  coarse.vis_sum = coarse.own.vis_sum;
  out.site_error = std::move(made.site_error);
  out.drop_cost = std::move(made.drop_cost);
  out.empty_error = std::move(made.empty_error);
  return out;
}

}  // namespace voxpack
