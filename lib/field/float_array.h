// Numbers of points: owned, or borrowed from memory that something else keeps, such as a mapped
// file. Large fields are so used where they lie.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/large_vector.h"

namespace voxpack {

// Read like a constant vector; edit() is the only way to change values. A copy of a borrowed array
// borrows too. Reading is safe for any number of threads.
class FloatArray {
 public:
  using value_type = float;
  using iterator = const float*;
  using const_iterator = const float*;

  FloatArray() = default;
  FloatArray(LargeVector<float> values) : own_(std::move(values)) {}
  FloatArray(std::initializer_list<float> values) : own_(values) {}
  FloatArray(const std::vector<float>& values) : own_(values.begin(), values.end()) {}

  // An array over `values`, which stay where they are and do not change while `keeper`, not null,
  // or a copy of it lives.
  static FloatArray borrow(std::span<const float> values, std::shared_ptr<const void> keeper) {
    FloatArray array;
    array.borrowed_ = values;
    array.keeper_ = std::move(keeper);
    return array;
  }
  bool is_borrowed() const { return keeper_ != nullptr; }

  size_t size() const { return keeper_ ? borrowed_.size() : own_.size(); }
  bool empty() const { return size() == 0; }
  const float* data() const { return keeper_ ? borrowed_.data() : own_.data(); }
  const float* begin() const { return data(); }
  const float* end() const { return data() + size(); }
  float operator[](size_t i) const { return data()[i]; }
  float back() const { return data()[size() - 1]; }

  // The values, to be changed: owned from now on, borrowed ones are copied. Throws bad_alloc.
  LargeVector<float>& edit() {
    if (keeper_) {
      own_.assign(borrowed_.begin(), borrowed_.end());
      borrowed_ = {};
      keeper_ = nullptr;
    }
    return own_;
  }

  // The same numbers, whoever owns them.
  friend bool operator==(const FloatArray& a, const FloatArray& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  LargeVector<float> own_;  // empty while borrowed
  std::span<const float> borrowed_;
  std::shared_ptr<const void> keeper_;
};

}  // namespace voxpack
