#include "kernels/parallel_copy.h"

#include <algorithm>
#include <cstring>

namespace voxpack {

void copy_parallel(const void* from, size_t bytes, void* to) {
  constexpr size_t kPart = size_t{1} << 20;
  const size_t parts = (bytes + kPart - 1) / kPart;
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < parts; ++i) {
    const size_t first = i * kPart;
    std::memcpy(static_cast<char*>(to) + first, static_cast<const char*>(from) + first,
                std::min(kPart, bytes - first));
  }
}

void clear_parallel(void* to, size_t bytes) {
  constexpr size_t kPart = size_t{2} << 20;
  const size_t parts = (bytes + kPart - 1) / kPart;
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < parts; ++i) {
    std::memset(static_cast<char*>(to) + i * kPart, 0, std::min(kPart, bytes - i * kPart));
  }
}

}  // namespace voxpack
