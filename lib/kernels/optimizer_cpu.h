// The optimiser on the CPU: rays in fixed lanes (OpenMP over lanes), sparse Adam over touched pages
// of rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/lattice.h"
#include "kernels/network.h"
#include "kernels/optimizer.h"
#include "kernels/optimizer_parts.h"
#include "kernels/training_rays.h"

namespace voxpack {

class OptimizerCpu : public Optimizer {
 public:
  static Result<std::unique_ptr<Optimizer>> make(const Field& field, std::span<const View> views,
                                                 const OptimizerOptions& options);

  Result<OptimizeStats> run(const OptimizeSettings& settings, int iterations) override;
  Result<Field> field() const override;
  Status set_values(const Field& field) override;
  Result<std::vector<float>> sensitivities(int iterations) override;
  Result<std::vector<uint64_t>> seen_sites(int pixel_stride, uint32_t threshold) override;
  Status regrid(const Field& topology, float density_scale) override;

 private:
  OptimizerCpu(const Field& field, Lattice lattice, std::span<const View> views, TrainingRays rays,
               const OptimizerOptions& options);
  void take_working_memory();
  void march(const OptimizeSettings& settings, bool is_probe);
  void merge_hanging();
  void smooth(const OptimizeSettings& settings);
  void fit_views(const OptimizeSettings& settings);
  void update(const OptimizeSettings& settings);
  void add_squares(float* sums);

  Status out_of_memory() const;

  Field field_;  // blocks and header; the values live in rows_
  Lattice lattice_;
  std::span<const View> views_;
  TrainingRays rays_;
  OptimizerOptions options_;
  Network network_;
  int stride_;
  uint64_t step_ = 0;        // of Adam
  uint64_t iterations_ = 0;  // all together, for the random numbers
  AlignedFloats rows_, first_, second_;
  ViewFit fit_;
  struct LaneMemory {
    AlignedFloats row_gradients, network_gradients, samples;
    std::vector<uint8_t> touched;
    std::vector<float> view_gradients;
  };
  std::vector<LaneMemory> memory_;
  uint64_t page_count_ = 0;       // of the last iteration
  std::vector<uint8_t> touched_;  // pages that the rays touched, all lanes
  std::vector<TrainLane> lanes_;  // empty: no working memory yet
};

}  // namespace voxpack
