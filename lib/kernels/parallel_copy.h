// Copies of large memory by several threads.
#pragma once

#include <cstddef>

namespace voxpack {

// `to` must not overlap `from`.
void copy_parallel(const void* from, size_t bytes, void* to);

}  // namespace voxpack
