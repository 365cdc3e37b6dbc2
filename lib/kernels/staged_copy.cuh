// Copies between ordinary host memory and the device through pinned buffers. The driver's own
// copies from and to such memory are several times slower than the bus. For .cu files only.
#pragma once

#include <algorithm>

#include "kernels/device_memory.cuh"
#include "kernels/parallel_copy.h"

namespace voxpack {

// Not for several threads at once. Copies are ordered with kernels on the default stream.
class StagedCopy {
 public:
  StagedCopy() = default;
  StagedCopy(const StagedCopy&) = delete;
  StagedCopy& operator=(const StagedCopy&) = delete;
  ~StagedCopy() {
    cudaDeviceSynchronize();  // a copy may still read the buffers
    for (int i = 0; i < 2; ++i) {
      if (free_[i] != nullptr) cudaEventDestroy(free_[i]);
      cudaFreeHost(buffers_[i]);
    }
  }

  // Lets go of what `to` held and fills it; the host array may be changed on return, the device has
  // it before its next kernel. Fails with `device`.
  template <class From, class T>
  Status upload(const From& from, DeviceArray<T>& to) {
    VOXPACK_TRY(to.allocate(from.size()));
    return upload(from.data(), from.size() * sizeof(T), to.get());
  }

  // Waits for the kernels launched before; the bytes are at `to` on return. Fails with `device`.
  Status download(const void* from, size_t bytes, void* to) {
    VOXPACK_TRY(open(bytes));
    size_t fetched = 0;  // bytes that the device has been asked for
    for (size_t done = 0; done < bytes;) {
      // One part is on the way while the one before is copied out.
      while (fetched < bytes && fetched < done + 2 * bytes_) {
        const size_t part = bytes - fetched < bytes_ ? bytes - fetched : bytes_;
        const size_t buffer = fetched / bytes_ % 2;
        VOXPACK_TRY(
            cuda_status(cudaMemcpyAsync(buffers_[buffer], static_cast<const char*>(from) + fetched,
                                        part, cudaMemcpyDeviceToHost),
                        "download"));
        VOXPACK_TRY(cuda_status(cudaEventRecord(free_[buffer]), "download"));
        fetched += part;
      }
      const size_t buffer = done / bytes_ % 2;
      const size_t part = bytes - done < bytes_ ? bytes - done : bytes_;
      VOXPACK_TRY(cuda_status(cudaEventSynchronize(free_[buffer]), "download"));
      copy_parallel(buffers_[buffer], part, static_cast<char*>(to) + done);
      done += part;
    }
    return {};
  }

 private:
  Status upload(const void* from, size_t bytes, void* to) {
    VOXPACK_TRY(open(bytes));
    for (size_t done = 0; done < bytes; done += bytes_, turn_ ^= 1) {
      const size_t part = bytes - done < bytes_ ? bytes - done : bytes_;
      VOXPACK_TRY(cuda_status(cudaEventSynchronize(free_[turn_]), "upload"));
      copy_parallel(static_cast<const char*>(from) + done, part, buffers_[turn_]);
      VOXPACK_TRY(cuda_status(cudaMemcpyAsync(static_cast<char*>(to) + done, buffers_[turn_], part,
                                              cudaMemcpyHostToDevice),
                              "upload"));
      VOXPACK_TRY(cuda_status(cudaEventRecord(free_[turn_]), "upload"));
    }
    return {};
  }

  // Buffers for copies of `bytes`; larger ones go in parts.
  Status open(size_t bytes) {
    bytes = std::min(bytes, size_t{32} << 20);
    if (bytes <= bytes_) return {};
    VOXPACK_TRY(cuda_status(cudaDeviceSynchronize(), "copies"));
    for (int i = 0; i < 2; ++i) {
      cudaFreeHost(buffers_[i]);
      buffers_[i] = nullptr;
      bytes_ = 0;
      VOXPACK_TRY(cuda_status(cudaMallocHost(&buffers_[i], bytes), "pinned memory"));
      if (free_[i] != nullptr) continue;
      VOXPACK_TRY(
          cuda_status(cudaEventCreateWithFlags(&free_[i], cudaEventDisableTiming), "an event"));
    }
    bytes_ = bytes;
    return {};
  }

  size_t bytes_ = 0;  // of a buffer
  void* buffers_[2] = {};
  cudaEvent_t free_[2] = {};  // the last copy from or to the buffer is done
  int turn_ = 0;
};

}  // namespace voxpack
