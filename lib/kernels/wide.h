// A row of floats as the vectors of one build's instruction set: a generic vector wider than the
// registers would be kept in memory. Internal linkage and no standard library, since builds for
// several instruction sets are linked together.
#pragma once

#include <cstring>

namespace voxpack {
namespace {

#if defined(__AVX512F__)
constexpr int kRegisterFloats = 16;
#elif defined(__AVX__)
constexpr int kRegisterFloats = 8;
#else
constexpr int kRegisterFloats = 4;
#endif

template <int S>
struct Wide {
  static constexpr int kFloats = S < kRegisterFloats ? S : kRegisterFloats;
  static constexpr int kParts = S / kFloats;
  typedef float Part __attribute__((vector_size(kFloats * 4)));
  Part parts[kParts];

  static Wide load(const float* from) {
    Wide wide;
    for (int p = 0; p < kParts; ++p) std::memcpy(&wide.parts[p], from + p * kFloats, sizeof(Part));
    return wide;
  }
  void store(float* to) const {
    for (int p = 0; p < kParts; ++p) std::memcpy(to + p * kFloats, &parts[p], sizeof(Part));
  }
  float first() const { return parts[0][0]; }
  void set_first(float value) { parts[0][0] = value; }

  // this += a * b
  void add_product(const Wide& a, const Wide& b) {
    for (int p = 0; p < kParts; ++p) parts[p] += a.parts[p] * b.parts[p];
  }
  void add_product(const Wide& a, float b) {
    for (int p = 0; p < kParts; ++p) parts[p] += a.parts[p] * b;
  }
  Wide& operator+=(const Wide& other) {
    for (int p = 0; p < kParts; ++p) parts[p] += other.parts[p];
    return *this;
  }
};

template <int S>
inline Wide<S> operator*(Wide<S> a, const Wide<S>& b) {
  for (int p = 0; p < Wide<S>::kParts; ++p) a.parts[p] *= b.parts[p];
  return a;
}

template <int S>
inline Wide<S> operator*(Wide<S> a, float b) {
  for (int p = 0; p < Wide<S>::kParts; ++p) a.parts[p] *= b;
  return a;
}

template <int S>
inline bool is_zero(const Wide<S>& wide) {
  bool any = false;
  for (const auto& part : wide.parts) {
    for (int k = 0; k < Wide<S>::kFloats; ++k) any |= part[k] != 0.0f;
  }
  return !any;
}

// Sum of the floats, by halves.
template <int S>
inline float sum_of(const Wide<S>& wide) {
  typedef float V4 __attribute__((vector_size(16)));
  auto sum = wide.parts[0];
  for (int p = 1; p < Wide<S>::kParts; ++p) sum += wide.parts[p];
  V4 quarter[Wide<S>::kFloats / 4];
  std::memcpy(quarter, &sum, sizeof(sum));
  for (int n = Wide<S>::kFloats / 8; n > 0; n /= 2) {
    for (int q = 0; q < n; ++q) quarter[q] += quarter[q + n];
  }
  const V4 s = quarter[0];
  return (s[0] + s[2]) + (s[1] + s[3]);
}

}  // namespace
}  // namespace voxpack
