#include "fcnn/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>

#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

constexpr Index kBlock = 96;

// Eigen's products cut their loops to the caches that they find; to fixed ones here, so
// that the bits do not depend on the machine's.
void fix_cache_sizes() {
  static const bool done = [] {
    constexpr Index kib = 1024;
    Eigen::setCpuCacheSizes(32 * kib, 256 * kib, 2048 * kib);
    return true;
  }();
  static_cast<void>(done);
}

// f(first, size) for the blocks of first..last, each by itself, whoever computes it.
template <class F>
void for_each_block(Index first, Index last, double multiply_adds, int n_threads,
                    Interrupt& interrupt, F f) {
  const Index blocks = (last - first + kBlock - 1) / kBlock;
  if (blocks <= 0) return;
  const int parts = static_cast<int>(
      std::min<Index>(blocks, threads_for_call(multiply_adds, n_threads)));
  ThreadTeam::run(parts, [&](int part) {
    for (Index b = part; b < blocks; b += parts) {
      const Index at = first + b * kBlock, size = std::min(kBlock, last - at);
      f(at, size);
      // in steps of a register: about 8 multiply-adds each
      interrupt.after(multiply_adds / 8 / static_cast<double>(blocks), part);
    }
  });
}

}  // namespace

bool cholesky(Matrix<double>& a, int n_threads, Interrupt& interrupt) {
  fix_cache_sizes();
  const Index n = a.rows();
  for (Index j = 0; j < n; j += kBlock) {
    const Index size = std::min(kBlock, n - j), next = j + size;
    // A_jj = L_jj L_jj^T
    Eigen::Ref<Matrix<double>> diagonal = a.block(j, j, size, size);
    if (Eigen::LLT<Eigen::Ref<Matrix<double>>>(diagonal).info() != Eigen::Success)
      return false;
    const auto rest = static_cast<double>(n - next), block = static_cast<double>(size);
    // L_ij = A_ij L_jj^-T
    for_each_block(next, n, rest * block * block / 2, n_threads, interrupt,
                   [&](Index i, Index rows) {
                     auto panel = a.block(i, j, rows, size);
                     diagonal.triangularView<Eigen::Lower>()
                         .transpose()
                         .solveInPlace<Eigen::OnTheRight>(panel);
                   });
    // A_ik <- A_ik - L_ij L_kj^T for i >= k > j
    for_each_block(next, n, rest * rest * block / 2, n_threads, interrupt,
                   [&](Index k, Index columns) {
                     a.block(k, k, n - k, columns).noalias() -=
                         a.block(k, j, n - k, size) *
                         a.block(k, j, columns, size).transpose();
                   });
  }
  return true;
}

void cholesky_solve(const Matrix<double>& l, Vector<double>& b) {
  l.triangularView<Eigen::Lower>().solveInPlace(b);
  l.triangularView<Eigen::Lower>().transpose().solveInPlace(b);
}

}  // namespace fcnn
