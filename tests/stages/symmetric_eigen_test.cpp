#include "stages/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace voxpack {
namespace {

TEST(SymmetricEigen, KnownMatrix) {
  const SymmetricEigen found = symmetric_eigen({2, 1, 1, 2}, 2);
  EXPECT_NEAR(found.values[0], 3, 1e-12);
  EXPECT_NEAR(found.values[1], 1, 1e-12);
  EXPECT_NEAR(std::fabs(found.vectors[0] * found.vectors[1]), 0.5, 1e-12);
}

TEST(SymmetricEigen, VectorsAreOrthonormalAndGiveTheMatrixBack) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const int n : {1, 3, 12, 28}) {
    std::vector<double> matrix(static_cast<size_t>(n) * n);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j <= i; ++j) matrix[i * n + j] = matrix[j * n + i] = uniform(random);
    }
    const SymmetricEigen found = symmetric_eigen(matrix, n);
    for (int i = 0; i + 1 < n; ++i) EXPECT_GE(found.values[i], found.values[i + 1]);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        double dot = 0, back = 0;
        for (int k = 0; k < n; ++k) {
          dot += found.vectors[i * n + k] * found.vectors[j * n + k];
          back += found.values[k] * found.vectors[k * n + i] * found.vectors[k * n + j];
        }
        EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-10);
        EXPECT_NEAR(back, matrix[i * n + j], 1e-10);
      }
    }
  }
}

TEST(SymmetricEigen, ZeroMatrix) {
  const SymmetricEigen found = symmetric_eigen(std::vector<double>(9, 0.0), 3);
  for (const double value : found.values) EXPECT_EQ(value, 0);
  EXPECT_EQ(found.vectors, (std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

}  // namespace
}  // namespace voxpack
