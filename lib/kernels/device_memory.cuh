// Device buffers and checked CUDA calls. For .cu files only.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/status.h"

namespace voxpack {

inline Status cuda_status(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return {};
  return {Errc::device, std::string(what) + ": " + cudaGetErrorString(error)};
}

// The error of the launch just made, if any.
inline Status launched(const char* what) { return cuda_status(cudaGetLastError(), what); }

// A device array of trivially copyable elements; move only.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(DeviceArray&& other) noexcept { *this = std::move(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~DeviceArray() { cudaFree(data_); }

  // Lets go of what the array held first. Fails with `device` and the number of bytes that did not
  // fit; the array is empty then.
  Status allocate(size_t count) {
    cudaFree(data_);
    data_ = nullptr;
    count_ = 0;
    if (count == 0) return {};
    if (count > SIZE_MAX / sizeof(T))
      return {Errc::device, "out of device memory: " + std::to_string(count) + " elements of " +
                                std::to_string(sizeof(T)) + " bytes cannot be addressed"};
    const cudaError_t error = cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T));
    if (error != cudaSuccess) {
      data_ = nullptr;
      cudaGetLastError();
      if (error != cudaErrorMemoryAllocation) return cuda_status(error, "device memory");
      size_t free_bytes = 0, total_bytes = 0;
      cudaMemGetInfo(&free_bytes, &total_bytes);
      return {Errc::device, "out of device memory: " + std::to_string(count * sizeof(T)) +
                                " bytes needed, " + std::to_string(free_bytes) + " of " +
                                std::to_string(total_bytes) +
                                " free; use a lower resolution or a larger GPU"};
    }
    count_ = count;
    return {};
  }
  Status zero() {
    return cuda_status(cudaMemset(data_, 0, count_ * sizeof(T)), "clearing device memory");
  }
  Status upload(const T* from, size_t count) {
    VOXPACK_TRY(allocate(count));
    return cuda_status(cudaMemcpy(data_, from, count * sizeof(T), cudaMemcpyHostToDevice),
                       "upload");
  }
  Status upload(const std::vector<T>& from) { return upload(from.data(), from.size()); }
  Status download(T* to, size_t count) const {
    return cuda_status(cudaMemcpy(to, data_, count * sizeof(T), cudaMemcpyDeviceToHost),
                       "download");
  }

  T* get() const { return data_; }
  size_t size() const { return count_; }

 private:
  T* data_ = nullptr;
  size_t count_ = 0;
};

}  // namespace voxpack
