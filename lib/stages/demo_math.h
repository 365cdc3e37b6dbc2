// Small single-precision vectors for the demo object, and distances that carry their own gradient.
#pragma once

#include <algorithm>
#include <cmath>

namespace voxpack {

struct Vec3f {
  float x = 0, y = 0, z = 0;
};

inline Vec3f operator+(Vec3f a, Vec3f b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3f operator-(Vec3f a, Vec3f b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3f operator*(Vec3f a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3f operator*(Vec3f a, Vec3f b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline Vec3f& operator+=(Vec3f& a, Vec3f b) { return a = a + b; }
inline float dot(Vec3f a, Vec3f b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3f cross(Vec3f a, Vec3f b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(Vec3f a) { return std::sqrt(dot(a, a)); }
// Unit length; the zero vector becomes +z.
inline Vec3f normalize(Vec3f a) {
  const float size = length(a);
  return size > 0 ? a * (1 / size) : Vec3f{0, 0, 1};
}
inline Vec3f mix(Vec3f a, Vec3f b, float t) { return a * (1 - t) + b * t; }
// The largest whole number <= v, for |v| < 2^31; the library's is a call on plain x86-64.
inline int whole_below(float v) {
  const int toward_zero = static_cast<int>(v);
  return toward_zero - (v < static_cast<float>(toward_zero));
}
inline float clamp01(float v) { return v < 0 ? 0 : v > 1 ? 1 : v; }
// 0 below lo, 1 above hi, smooth between; lo < hi.
inline float smooth_step(float lo, float hi, float v) {
  const float t = clamp01((v - lo) / (hi - lo));
  return t * t * (3 - 2 * t);
}

// A function value in the (radius, height) plane with its derivatives by radius and by height.
// The profile functions of the demo object are templates over float and ProfileDual.
struct ProfileDual {
  float value = 0, by_r = 0, by_z = 0;
};

inline float value_of(float a) { return a; }
inline float value_of(const ProfileDual& a) { return a.value; }
inline ProfileDual operator+(ProfileDual a, float b) { return {a.value + b, a.by_r, a.by_z}; }
inline ProfileDual operator-(ProfileDual a, float b) { return {a.value - b, a.by_r, a.by_z}; }
inline ProfileDual operator-(ProfileDual a) { return {-a.value, -a.by_r, -a.by_z}; }
inline ProfileDual operator-(ProfileDual a, ProfileDual b) {
  return {a.value - b.value, a.by_r - b.by_r, a.by_z - b.by_z};
}
inline ProfileDual operator*(ProfileDual a, float s) {
  return {a.value * s, a.by_r * s, a.by_z * s};
}
inline ProfileDual operator*(ProfileDual a, ProfileDual b) {
  return {a.value * b.value, a.by_r * b.value + a.value * b.by_r,
          a.by_z * b.value + a.value * b.by_z};
}
template <class T>
T smaller_of(T a, T b) {
  return value_of(b) < value_of(a) ? b : a;
}
template <class T>
T larger_of(T a, T b) {
  return value_of(b) > value_of(a) ? b : a;
}
template <class T>
T absolute(T a) {
  return value_of(a) < 0 ? -a : a;
}
inline float hypotenuse(float a, float b) { return std::sqrt(a * a + b * b); }
inline ProfileDual hypotenuse(ProfileDual a, ProfileDual b) {
  const float size = hypotenuse(a.value, b.value);
  if (!(size > 0)) return {};
  const float inverse = 1 / size;
  return {size, (a.value * a.by_r + b.value * b.by_r) * inverse,
          (a.value * a.by_z + b.value * b.by_z) * inverse};
}

}  // namespace voxpack
