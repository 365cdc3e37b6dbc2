// Eigenvectors of small symmetric matrices, by plain arithmetic so that every compiler gets the
// same.
#pragma once

#include <vector>

namespace voxpack {

struct SymmetricEigen {
  std::vector<double> values;   // [n], descending
  std::vector<double> vectors;  // [n][n], row i belongs to value i; orthonormal
};

// Of the symmetric `matrix` [n][n], by cyclic Jacobi rotations (Golub & Van Loan, "Matrix
// Computations", 8.5).
SymmetricEigen symmetric_eigen(std::vector<double> matrix, int n);

}  // namespace voxpack
