// Float buffers aligned for the widest vectors.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace voxpack {

struct FreeDeleter {
  void operator()(void* p) const { std::free(p); }
};

// A zeroed float array aligned to 128 bytes. Throws bad_alloc.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(size_t count) : count_(count) {
    const size_t bytes = (count * sizeof(float) + 127) / 128 * 128;
    data_.reset(static_cast<float*>(std::aligned_alloc(128, bytes == 0 ? 128 : bytes)));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
  }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return count_; }

 private:
  std::unique_ptr<float, FreeDeleter> data_;
  size_t count_ = 0;
};

}  // namespace voxpack
