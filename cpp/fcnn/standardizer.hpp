// Standardization within the network: it sees x~ = (x - mean) / scale, and where its
// targets are standardized too, answers y = mean + scale a. In double whatever the
// network's type, so that a large mean costs no digits.
#pragma once

#include <vector>

#include "fcnn/table.hpp"

namespace fcnn {

// Of one array's columns; empty: the columns as they are.
struct Standardization {
  Standardization() = default;
  Standardization(std::vector<double> its_mean, std::vector<double> its_scale);
  bool any() const { return !mean.empty(); }
  std::vector<double> mean, scale, factor;  // factor: 1 / scale
};

struct Standardizer {
  Standardization inputs, targets;
};

// strips(i, j) = (table(row, i) - mean_i) / scale_i, converted; padding is set to zero.
template <class T>
void standardize_row(const Standardization& by, const Table& table, Index row,
                     const Strips<T>& strips, Index j);

// The same, or the row as it is.
template <class T>
inline void read_row(const Standardization& by, const Table& table, Index row,
                     const Strips<T>& strips, Index j) {
  by.any() ? standardize_row(by, table, row, strips, j)
           : read_row(table, row, strips, j);
}

// row <- mean + scale * row, row after row.
template <class T>
void undo_rows(const Standardization& by, T* rows, Index count);

template <class T>
inline void undo(const Standardization& by, T* rows, Index count) {
  if (by.any()) undo_rows(by, rows, count);
}

}  // namespace fcnn
