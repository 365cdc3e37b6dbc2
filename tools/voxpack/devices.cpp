// --device: which kernels a command computes with.

#include <omp.h>

#include "command.h"

namespace voxpack {

Result<std::unique_ptr<Kernels>> open_kernels(Command& command) {
  const std::string& device = command.common.device;
  Result<std::unique_ptr<Kernels>> made = make_kernels(device == "auto" ? "cuda" : device);
  // Only "there is no such device" means the CPU; a CUDA device that fails is an error.
  if (device == "auto" && !made.ok() && made.error().code() == Errc::unsupported) {
    made = make_kernels("cpu");
  }
  if (!made.ok()) return made;
  const std::string name(made.value()->name());
  command.report.set("device", std::string_view(name));
  command.console.info("device " + name + ", " + std::to_string(omp_get_max_threads()) +
                       " CPU threads");
  return made;
}

}  // namespace voxpack
