// Large memory copied, cleared and moved by several threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/large_vector.h"

namespace voxpack {

// `to` must not overlap `from`.
void copy_parallel(const void* from, size_t bytes, void* to);

// Fills memory with zero bytes; fresh pages are then made by all threads at once.
void clear_parallel(void* to, size_t bytes);

// A vector of `count` numbers, all zero bytes.
template <class T>
LargeVector<T> make_zeros(size_t count) {
  LargeVector<T> zeros(count);
  clear_parallel(zeros.data(), count * sizeof(T));
  return zeros;
}

// Keeps numbers 1 .. `count` of `values`, which must have them, at the places one lower.
template <class T>
void drop_first(LargeVector<T>& values, size_t count) {
  constexpr size_t kPart = (size_t{1} << 20) / sizeof(T);
  T* data = values.data();
  const auto end_of = [count](size_t part) { return std::min(count, (part + 1) * kPart); };
  LargeVector<T> next((count + kPart - 1) / kPart);  // the value behind each part, which may go
  for (size_t i = 0; i < next.size(); ++i) next[i] = data[end_of(i)];
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < next.size(); ++i) {
    std::copy(data + i * kPart + 1, data + end_of(i), data + i * kPart);
    data[end_of(i) - 1] = next[i];
  }
  values.resize(count);
}

}  // namespace voxpack
