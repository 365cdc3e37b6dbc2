// Picks the build of the march code for this processor.
#include "kernels/march_view.h"

namespace voxpack {

const MarchTable& best_march_table() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    return march_table_avx512();
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return march_table_avx2();
  return march_table_baseline();
}

}  // namespace voxpack
