#include "fcnn/standardizer.hpp"

#include <array>

namespace fcnn {

Standardization::Standardization(std::vector<double> its_mean,
                                 std::vector<double> its_scale)
    : mean(std::move(its_mean)), scale(std::move(its_scale)) {
  for (const double s : scale) factor.push_back(1 / s);
}

namespace {

// Rows that need no memory but the stack.
constexpr std::size_t kShortRow = 64;

// `standardized` has room for whole strips, so that their ends are cheap.
template <class T>
void standardize(const Standardization& by, const Table& table, Index row, double* x,
                 T* standardized, const Strips<T>& strips, Index j) {
  const double *mean = by.mean.data(), *factor = by.factor.data();
  read_row(table, row, x);
  const std::size_t n = by.mean.size();
  for (std::size_t i = 0; i < n; ++i)
    standardized[i] = static_cast<T>((x[i] - mean[i]) * factor[i]);
  to_strips(standardized, strips, j, Strips<T>::padded(strips.features));
}

}  // namespace

template <class T>
void standardize_row(const Standardization& by, const Table& table, Index row,
                     const Strips<T>& strips, Index j) {
  const std::size_t n = by.mean.size();
  std::array<double, kShortRow> x;
  std::array<T, kShortRow> standardized;
  if (n <= kShortRow)
    return standardize(by, table, row, x.data(), standardized.data(), strips, j);
  thread_local std::vector<double> long_x;
  thread_local std::vector<T> long_standardized;
  if (long_x.size() < n) long_x.resize(n);
  const auto padded = static_cast<std::size_t>(Strips<T>::padded(strips.features));
  if (long_standardized.size() < padded) long_standardized.resize(padded);
  standardize(by, table, row, long_x.data(), long_standardized.data(), strips, j);
}

template <class T>
void undo_rows(const Standardization& by, T* rows, Index count) {
  const std::size_t n = by.mean.size();
  for (Index i = 0; i < count; ++i, rows += n)
    for (std::size_t k = 0; k < n; ++k)
      rows[k] = static_cast<T>(by.mean[k] + by.scale[k] * static_cast<double>(rows[k]));
}

template void standardize_row(const Standardization&, const Table&, Index,
                              const Strips<float>&, Index);
template void standardize_row(const Standardization&, const Table&, Index,
                              const Strips<double>&, Index);
template void undo_rows(const Standardization&, float*, Index);
template void undo_rows(const Standardization&, double*, Index);

}  // namespace fcnn
