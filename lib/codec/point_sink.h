// Where a walk over the attributes leaves the numbers of the points.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace voxpack {

// Gets every point once, in field order, some hundred at a time.
class PointSink {
 public:
  virtual ~PointSink() = default;

  // Points first .. first + count - 1; point first + i has its numbers, in step / 256, from
  // rows[i * stride] on, one a channel of the walk.
  virtual void put(uint32_t first, uint32_t count, const int32_t* rows, int stride) = 0;
};

// Keeps all numbers, [point][channel].
class PointTable final : public PointSink {
 public:
  PointTable(std::span<int32_t> numbers, size_t channels)
      : numbers_(numbers), channels_(channels) {}

  void put(uint32_t first, uint32_t count, const int32_t* rows, int stride) override {
    int32_t* to = &numbers_[first * channels_];
    for (uint32_t i = 0; i < count; ++i, to += channels_, rows += stride) {
      std::memcpy(to, rows, channels_ * sizeof(int32_t));
    }
  }

 private:
  const std::span<int32_t> numbers_;
  const size_t channels_;
};

}  // namespace voxpack
