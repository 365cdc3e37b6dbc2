// The stages as commands run them: timed for the report, with the options and defaults that a verb
// and `compress` share. That both call these functions is why they give the same bytes.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "codec/coded_field.h"
#include "command.h"
#include "field/dataset.h"
#include "stages/bake.h"
#include "stages/quantize.h"
#include "stages/reduce.h"

namespace voxpack {

struct StepOptions {
  BakeOptions bake;
  ReduceOptions reduce;  // detect, prune and refine
  QuantizeOptions quantize;
  QuantizeFitOptions fit;
};

void add_bake_options(CLI::App* cmd, BakeOptions& options);
void add_fit_options(CLI::App* cmd, FitOptions& options);
void add_detect_options(CLI::App* cmd, DetectOptions& options);
void add_prune_options(CLI::App* cmd, ReduceOptions& options);
void add_quantize_options(CLI::App* cmd, QuantizeOptions& options, QuantizeFitOptions& fit);

// Where a bake resumes from and keeps its state; by default it does neither.
struct BakeContinuation {
  std::optional<BakeState> resume = {};
  BakeCheckpoints* checkpoints = nullptr;
};

// `views` may be null (no data set): then detect looks from virtual cameras, and prune refines
// against pictures of the field. Test views of the set are never used.
Result<Field> bake_step(const DataSet& views, const BakeOptions& options, Kernels& kernels,
                        Command& command, BakeContinuation continuation = {});
Result<DetailMap> detect_step(const Field& field, const DataSet* views,
                              const DetectOptions& options, Kernels& kernels, Command& command);
Result<Field> prune_step(Field field, DetailMap detail, const DataSet* views,
                         const ReduceOptions& options, Kernels& kernels, Command& command);
// What a field is quantised with; `views` may be null, then its steps come from the network alone.
struct QuantizeSetup {
  const DataSet* views = nullptr;
  const QuantizeFitOptions& fit;
  const QuantizeOptions& options;
};
Result<CodedField> quantize_step(Field field, const QuantizeSetup& setup, Kernels& kernels,
                                 Command& command);
Result<std::vector<uint8_t>> pack_step(const CodedField& codes, Command& command);

}  // namespace voxpack
