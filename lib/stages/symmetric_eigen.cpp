#include "stages/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace voxpack {
namespace {

constexpr int kSweeps = 30;

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> a, int n) {
  const auto at = [n](int row, int column) { return static_cast<size_t>(row) * n + column; };
  std::vector<double> v(a.size(), 0.0);  // rows are the vectors
  for (int i = 0; i < n; ++i) v[at(i, i)] = 1;
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool any = false;
    for (int p = 0; p < n; ++p) {
      for (int q = p + 1; q < n; ++q) {
        const double off = a[at(p, q)];
        if (std::fabs(off) <= 1e-15 * std::sqrt(std::fabs(a[at(p, p)] * a[at(q, q)]))) continue;
        any = true;
        const double theta = (a[at(q, q)] - a[at(p, p)]) / (2 * off);
        const double t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int k = 0; k < n; ++k) {
          const double kp = a[at(k, p)], kq = a[at(k, q)];
          a[at(k, p)] = c * kp - s * kq;
          a[at(k, q)] = s * kp + c * kq;
        }
        for (int k = 0; k < n; ++k) {
          const double pk = a[at(p, k)], qk = a[at(q, k)];
          a[at(p, k)] = c * pk - s * qk;
          a[at(q, k)] = s * pk + c * qk;
          const double vp = v[at(p, k)], vq = v[at(q, k)];
          v[at(p, k)] = c * vp - s * vq;
          v[at(q, k)] = s * vp + c * vq;
        }
      }
    }
    if (!any) break;
  }
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int i, int j) { return a[at(i, i)] > a[at(j, j)]; });
  SymmetricEigen out;
  for (const int i : order) {
    out.values.push_back(a[at(i, i)]);
    out.vectors.insert(out.vectors.end(), v.begin() + i * n, v.begin() + (i + 1) * n);
  }
  return out;
}

}  // namespace voxpack
