// Launches of the kernels of march, decode and rows (march_cuda.cu, decode_cuda.cu, rows_cuda.cu);
// host-callable, for .cu files only. All return the launch error.
#pragma once

#include "kernels/lattice_cuda.cuh"
#include "kernels/march_view.h"
#include "kernels/smoothness.h"

namespace voxpack {

// Features summed along each ray [ray][stride] (float 0: alpha), the sum of squared weights [ray],
// and the samples of all rays added to *sample_count; the last two may be null.
Status launch_forward(const LatticeView& lattice, const float* values, int stride,
                      const MarchRay* rays, int ray_stride_bytes, int ray_count, float stop,
                      float* sums, float* squares, unsigned long long* sample_count);

// Where launch_backward() adds, and what it takes along.
struct BackwardOutputs {
  float* row_gradients;    // [row][stride]
  uint8_t* touched_pages;  // [row / kRowsPerPage], marked
  float* view_gradients;   // [view][kViewParameters], motion only; null: not wanted
  float concentration;     // lambda times the gradient scale
  float centre;            // of the cube on each axis, fine cells
};

// Scatters d_sums [ray][stride] (float 0: gradient of alpha) to the rows; `sums` and `squares` as
// launch_forward() gave them.
Status launch_backward(const LatticeView& lattice, const float* values, int stride,
                       const TrainRay* rays, int ray_count, const float* sums, const float* squares,
                       const float* d_sums, const BackwardOutputs& out);

// One Adam step on the parameters of all views, [view][kViewParameters] each; clears the gradients
// and keeps the means at 0.
Status launch_fit_views(float* parameters, float* first, float* second, float* gradients,
                        int view_count, float pose_rate, float exposure_rate,
                        const AdamSettings& adam);

// Loss and its gradient for the accumulated features of every ray; for kind mlp also what
// launch_network_gradients() needs.
struct DecodeBuffers {
  float* inputs;          // [ray][net.inputs]
  float* hidden;          // [ray][net.hidden]
  float* d_hidden;        // [ray][net.hidden]
  float* d_outputs;       // [ray][3]
  double* squared_error;  // one number, added to
  float* view_gradients;  // [view][kViewParameters], gains only, added to; null: not wanted
};
Status launch_decode(const NetworkView& net, const TrainRay* rays, int ray_count, int stride,
                     const float* sums, const TrainSettings& settings, float* d_sums,
                     const DecodeBuffers& buffers);
Status launch_network_gradients(const NetworkView& net, int ray_count, const DecodeBuffers& buffers,
                                float* gradients_in, float* gradients_out);

// Premultiplied colour and alpha [ray][4] of accumulated features.
Status launch_colours(const NetworkView& net, const MarchRay* rays, int ray_count, int stride,
                      const float* sums, float* pixels);

// After the step the weights are multiplied by `keep`.
Status launch_adam_network(float* weights, float* first, float* second, const float* gradients,
                           int count, float rate, float keep, const AdamSettings& adam);
Status launch_empty_leaves(const LatticeView& lattice, LeafView* leaves, int leaf_count,
                           const float* values, int stride);
Status launch_scatter_hanging(const DeviceLattice& lattice, float* gradients, int stride,
                              uint8_t* touched_pages);

}  // namespace voxpack
