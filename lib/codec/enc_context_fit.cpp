// The least squares problem behind the context weights.
#include <algorithm>
#include <cmath>

#include "codec/enc_attributes.h"

namespace voxpack {
namespace {

constexpr int kN = kContextFeatures;

// What a weight of 1 in a package stands for.
constexpr std::array<double, kN> kUnits = {1.0 / 4096, 1.0 / 4096, 1.0 / 512, 1.0 / 256,
                                           1.0 / 256,  1.0 / 1024, 1.0 / 4096};

}  // namespace

void ContextFit::add(const float* features, float magnitude, float expected) {
  const float weight = 1.0f / std::max(expected, 1.0f / 64);
  size_t next = 0;
  for (int i = 0; i < kContextFeatures; ++i) {
    const float weighted = features[i] * weight;
    for (int j = 0; j <= i; ++j) square[next++] += static_cast<double>(weighted * features[j]);
    product[i] += static_cast<double>(weighted * magnitude);
  }
}

void ContextFit::solve(std::array<uint8_t, kN>& weights) const {
  if (!(square.back() > 0)) return;
  double matrix[kN][kN + 1];
  bool used[kN];
  for (bool& u : used) u = true;
  double solution[kN];
  // Weights that come out negative are left out, and the rest solved again.
  for (bool again = true; again;) {
    for (int i = 0; i < kN; ++i) {
      for (int j = 0; j < kN; ++j) {
        const int a = std::max(i, j), b = std::min(i, j);
        matrix[i][j] = used[i] && used[j] ? square[a * (a + 1) / 2 + b] : 0.0;
      }
      matrix[i][i] = used[i] ? matrix[i][i] * (1 + 1e-6) + 1e-6 : 1.0;
      matrix[i][kN] = used[i] ? product[i] : 0.0;
    }
    for (int i = 0; i < kN; ++i) {  // positive definite: no pivoting
      for (int r = i + 1; r < kN; ++r) {
        const double factor = matrix[r][i] / matrix[i][i];
        for (int c = i; c <= kN; ++c) matrix[r][c] -= factor * matrix[i][c];
      }
    }
    for (int i = kN - 1; i >= 0; --i) {
      double sum = matrix[i][kN];
      for (int c = i + 1; c < kN; ++c) sum -= matrix[i][c] * solution[c];
      solution[i] = sum / matrix[i][i];
    }
    again = false;
    for (int i = 0; i + 1 < kN; ++i) {
      if (used[i] && solution[i] < 0) {
        used[i] = false;
        again = true;
      }
    }
  }
  for (int i = 0; i < kN; ++i) {
    const double low = i + 1 < kN ? 0 : -128, high = i + 1 < kN ? 255 : 127;
    double value = solution[i] / kUnits[i];
    if (i + 1 == kN) value = std::copysign(std::sqrt(std::fabs(value)), value);
    value = std::clamp(std::nearbyint(value), low, high);
    weights[i] = static_cast<uint8_t>(static_cast<int>(value));
  }
}

}  // namespace voxpack
