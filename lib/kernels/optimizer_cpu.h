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
#include "kernels/training_rays.h"

namespace voxpack {

class OptimizerCpu : public Optimizer {
 public:
  static Result<std::unique_ptr<Optimizer>> make(const Field& field, std::span<const View> views,
                                                 const OptimizerOptions& options);

  Result<OptimizeStats> run(const OptimizeSettings& settings, int iterations) override;
  Result<Field> field() const override;

 private:
  OptimizerCpu(const Field& field, Lattice lattice, std::span<const View> views,
               const OptimizerOptions& options);
  void march(const OptimizeSettings& settings);
  void merge_hanging();
  void update(const OptimizeSettings& settings);

  Field field_;  // blocks and header; the values live in rows_
  Lattice lattice_;
  TrainingRays rays_;
  OptimizerOptions options_;
  Network network_;
  int stride_;
  uint64_t step_ = 0;
  AlignedFloats rows_, first_, second_;
  struct LaneMemory {
    AlignedFloats row_gradients, network_gradients, samples;
    std::vector<uint8_t> touched;
  };
  std::vector<LaneMemory> memory_;
  std::vector<TrainLane> lanes_;
};

}  // namespace voxpack
