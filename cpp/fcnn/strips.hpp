// Strips<T>: how the engine keeps a matrix of (features, columns), so that every
// product reads and writes contiguous memory and no vector is ever half full.
//
// The features are cut into strips of `width` (two packs, the height of the product's
// tile); inside a strip a column's features are contiguous, and the columns follow each
// other: element (i, j) stands at [i / width][j][i % width]. The last strip is padded;
// padded lanes hold numbers that nobody reads. Columns are samples for z, a and delta,
// inputs for W and dW.
#pragma once

#include <algorithm>

#include "fcnn/simd.hpp"

namespace fcnn {

template <class T>
struct Strips {
  static constexpr Index width = 2 * Pack<T>::size;

  T* data = nullptr;
  Index features = 0;
  Index columns = 0;

  static Index count(Index features) { return (features + width - 1) / width; }
  static Index padded(Index features) { return count(features) * width; }

  Index count() const { return count(features); }
  Index size() const { return padded(features) * columns; }
  Index stride() const { return width * columns; }  // from strip to strip
  T* strip(Index s) const { return data + s * stride(); }
  T* column(Index s, Index j) const { return strip(s) + j * width; }
};

// A feature p of a column j for reading number by number, in strips or in a plain array
// (column after column, as the caller's X or theta), which is one strip as wide as a
// column.
template <class T>
struct Features {
  const T* data = nullptr;
  Index features = 0;
  Index width = 0;   // features side by side
  Index stride = 0;  // from one run of `width` features to the next
  Index column = 0;  // from column to column

  Features() = default;
  Features(const Strips<T>& s)
      : data(s.data),
        features(s.features),
        width(Strips<T>::width),
        stride(s.stride()),
        column(Strips<T>::width) {}
  Features(const T* plain, Index n_features, Index column_step)
      : data(plain), features(n_features), width(n_features), column(column_step) {}

  const T* at(Index p, Index j) const {
    return data + (p / width) * stride + (p % width) + j * column;
  }
};

// strips(i, j) = plain[j * column + i], plain[0] standing for column `first`, for
// columns first <= j < last; padding is set to zero.
template <class T>
void to_strips(const T* plain, Index column, const Strips<T>& strips, Index first,
               Index last) {
  constexpr Index width = Strips<T>::width;
  for (Index s = 0; s < strips.count(); ++s) {
    const Index n = std::min(width, strips.features - s * width);
    for (Index j = first; j < last; ++j) {
      T* to = strips.column(s, j);
      const T* from = plain + (j - first) * column + s * width;
      for (Index i = 0; i < n; ++i) to[i] = from[i];
      for (Index i = n; i < width; ++i) to[i] = T(0);
    }
  }
}

// plain[j * column + i] = strips(i, j) for columns first <= j < last.
template <class T>
void from_strips(const Strips<T>& strips, Index first, Index last, T* plain,
                 Index column) {
  constexpr Index width = Strips<T>::width;
  for (Index s = 0; s < strips.count(); ++s) {
    const Index n = std::min(width, strips.features - s * width);
    for (Index j = first; j < last; ++j) {
      const T* from = strips.column(s, j);
      T* to = plain + j * column + s * width;
      for (Index i = 0; i < n; ++i) to[i] = from[i];
    }
  }
}

// to(j, i) = from(i, j) for a square of Pack<T>::size; columns of both stand `width`
// apart. Columns of `from` beyond n_from count as zero, of `to` beyond n_to are not
// written.
template <class T>
inline void transpose_square(const T* from, Index n_from, Index width, T* to,
                             Index n_to) {
  constexpr Index size = Pack<T>::size;
  Eigen::internal::PacketBlock<typename Pack<T>::Packet, size> block;
  for (Index j = 0; j < size; ++j)
    block.packet[j] = (j < n_from ? Pack<T>::load(from + j * width) : Pack<T>(T(0))).v;
  Eigen::internal::ptranspose(block);
  for (Index i = 0; i < std::min(size, n_to); ++i)
    Eigen::internal::pstoreu(to + i * width, block.packet[i]);
}

// transposed(j, i) = strips(i, j), square by square of one pack's size in registers.
template <class T>
void transpose(const Strips<T>& strips, const Strips<T>& transposed) {
  constexpr Index width = Strips<T>::width, size = Pack<T>::size;
  for (Index t = 0; t < transposed.count(); ++t) {
    const Index columns = std::min(width, strips.columns - t * width);
    for (Index s = 0; s < strips.count(); ++s) {
      const Index features = std::min(width, strips.features - s * width);
      for (Index i = 0; i < features; i += size)
        for (Index j = 0; j < width; j += size)
          transpose_square(strips.column(s, t * width + j) + i, columns - j, width,
                           transposed.column(t, s * width + i) + j, features - i);
    }
  }
}

}  // namespace fcnn
