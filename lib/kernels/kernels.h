// The arithmetic of every stage, behind one interface: renderer, optimiser, visibility and
// coarsening.
//
// Rendering and optimisation are of the tolerance kind (they decide no byte of a package);
// visibility and coarsening are exact. Results do not depend on the number of threads.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/large_vector.h"
#include "field/camera.h"
#include "field/field.h"
#include "kernels/coarsen.h"
#include "kernels/optimizer.h"

namespace voxpack {

// Colour and alpha of a picture, premultiplied with alpha, not clamped. [height][width][4]
struct PictureF {
  int width = 0;
  int height = 0;
  std::vector<float> pixels;
};

// Draws one field many times; holds what it needs of the field.
class Renderer {
 public:
  virtual ~Renderer() = default;
  virtual Status render(const Camera& camera, PictureF& picture) = 0;
};

// What the views see of each point, exact: integers that do not depend on order.
struct Visibility {
  LargeVector<uint64_t>
      sum;  // sum over rays of round(weight * 2^16), weight = transmittance x alpha x interpolation
  LargeVector<uint32_t> max;  // largest round(weight * 2^16) of one sample of a ray
};

class Kernels {
 public:
  virtual ~Kernels() = default;

  // "cpu" or "cuda"; goes into reports and test names.
  virtual std::string_view name() const = 0;

  virtual Result<std::unique_ptr<Renderer>> make_renderer(const Field& field) = 0;

  // Optimises a copy of `field` against `views`, which must outlive the optimiser. Fails with
  // `usage` if an option is out of range, with bad_data if the views show nothing, with `device` if
  // memory is short.
  virtual Result<std::unique_ptr<Optimizer>> make_optimizer(const Field& field,
                                                            std::span<const View> views,
                                                            const OptimizerOptions& options) = 0;

  // Marches the pixels (i * pixel_stride, j * pixel_stride) of every camera. `exact`.
  virtual Result<Visibility> visibility(const Field& field, std::span<const Camera> cameras,
                                        int pixel_stride) = 0;

  // The numbers of the next coarser level of a sparse lattice and what it would lose (coarsen.h).
  // Fails with `usage` if the arrays of `input` do not fit each other, with `device` if memory is
  // short or the device fails; `output` holds nothing useful then. `exact`.
  virtual Status coarsen(const CoarsenInput& input, CoarsenOutput& output) = 0;
};

// The kernels of `device`, "cpu" or "cuda". Fails with `unsupported` if this build or this machine
// has no such device; never falls back to another. (`auto` is resolved once, in tools/, and
// reported.)
Result<std::unique_ptr<Kernels>> make_kernels(std::string_view device);

}  // namespace voxpack
