// Strips<T>: how the engine keeps a matrix of (features, columns), so that every
// product reads and writes contiguous memory and no vector is ever half full.
//
// The features are cut into strips of `width` (the height of the product's tile: two
// packs, or the one that fills a cache line); inside a strip a column's features are
// contiguous, and the columns follow each other: element (i, j) stands at [i /
// width][j][i % width]. The last strip is padded: with zeros in theta, W^T,
// the gradient and the moments; in z, a and delta with numbers that nobody reads.
// Columns are samples for z, a and delta, inputs for W and dW.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "fcnn/simd.hpp"

namespace fcnn {

template <class T>
struct Strips {
  static constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  static constexpr int packs = Pack<T>::size < line ? 2 : 1;
  static constexpr Index width = packs * Pack<T>::size;

  T* data = nullptr;
  Index features = 0;
  Index columns = 0;
  Index stride = 0;  // from strip to strip

  static Index count(Index features) { return (features + width - 1) / width; }
  static Index padded(Index features) { return count(features) * width; }

  Strips() = default;
  Strips(T* to, Index n_features, Index n_columns)
      : data(to), features(n_features), columns(n_columns), stride(width * n_columns) {}

  // The same with an odd number of places for columns: strips a large power of two
  // apart would fight for the same places of the cache when a few columns of all of
  // them are read. Needs room for `size_apart` numbers.
  static Strips apart(T* to, Index n_features, Index n_columns) {
    Strips strips(to, n_features, n_columns);
    strips.stride = width * odd(n_columns);
    return strips;
  }
  static Index size_apart(Index features, Index columns) {
    return padded(features) * odd(columns);
  }

  Index count() const { return count(features); }
  Index size() const { return count() * stride; }
  Index features_in(Index s) const { return std::min(width, features - s * width); }
  T* strip(Index s) const { return data + s * stride; }
  T* column(Index s, Index j) const { return strip(s) + j * width; }

  // n features from `first` on, a multiple of the width.
  Strips part(Index first, Index n) const {
    Strips some = *this;
    some.data = strip(first / width);
    some.features = n;
    return some;
  }

 private:
  static Index odd(Index n) { return n + 1 - n % 2; }
};

// One column of a strip in registers.
template <class T, class P = Pack<T>,
          class Packs = std::make_integer_sequence<int, Strips<T>::packs>>
struct Column;

template <class T, class P, int... K>
struct Column<T, P, std::integer_sequence<int, K...>> {
  using Number = T;
  using PackType = P;
  static constexpr int packs = sizeof...(K);
  static constexpr Index size = P::size;
  P pack[packs];

  Column() = default;
  EIGEN_ALWAYS_INLINE explicit Column(T x) { ((pack[K] = P(x)), ...); }
  EIGEN_ALWAYS_INLINE static Column load(const T* from) {
    Column column;
    ((column.pack[K] = P::load(from + K * size)), ...);
    return column;
  }
  EIGEN_ALWAYS_INLINE static Column load_or_zero(const T* from) {
    return from ? load(from) : Column(T(0));
  }
  // Of half a column, zeros beside it.
  EIGEN_ALWAYS_INLINE void store(T* to) const {
    (pack[K].store(to + K * size), ...);
    if constexpr (packs * size < Strips<T>::width) P(T(0)).store(to + packs * size);
  }
  // += left r
  EIGEN_ALWAYS_INLINE void add_product(const Column& left, P r) {
    ((pack[K] = fma(left.pack[K], r, pack[K])), ...);
  }
  EIGEN_ALWAYS_INLINE void add(const Column& other) {
    ((pack[K] = other.pack[K] + pack[K]), ...);
  }
};

// Its first half, enough for a strip of few features.
template <class T>
using HalfColumn =
    Column<T, std::conditional_t<Strips<T>::packs == 1, HalfPack<T>, Pack<T>>,
           std::make_integer_sequence<int, 1>>;

// All bits set in the first n lanes (all lanes if n >= the pack's size).
template <class T, class P = Pack<T>>
inline P first_lanes(Index n) {
  static constexpr auto lane = [] {
    std::array<T, P::size> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<T>(i);
    return numbers;
  }();
  return P::load(lane.data()) < P(static_cast<T>(std::min(n, P::size)));
}

// The first n numbers of a column (C: Column or HalfColumn), zeros for the others.
template <class C, class T>
inline void copy_first(const T* from, Index n, T* to) {
  C column = C::load(from);
  for (int k = 0; k < C::packs; ++k)
    column.pack[k] =
        first_lanes<T, typename C::PackType>(n - k * C::size) & column.pack[k];
  column.store(to);
}

// strips(i, j) = plain[i]; padding is set to zero. `readable` numbers may be read from
// plain[0] on, which makes the end of the row cheap where they fill its last strip.
template <class T>
void to_strips(const T* plain, const Strips<T>& strips, Index j, Index readable) {
  constexpr Index width = Strips<T>::width;
  Index s = 0;
  for (; (s + 1) * width <= strips.features; ++s)
    Column<T>::load(plain + s * width).store(strips.column(s, j));
  if (s == strips.count()) return;
  const Index n = strips.features - s * width;
  const T* from = plain + s * width;
  T* to = strips.column(s, j);
  if (n <= width / 2 && s * width + width / 2 <= readable) {
    copy_first<HalfColumn<T>>(from, n, to);
  } else if ((s + 1) * width <= readable) {
    copy_first<Column<T>>(from, n, to);
  } else {
    for (Index i = 0; i < n; ++i) to[i] = from[i];
    for (Index i = n; i < width; ++i) to[i] = T(0);
  }
}

// strips(i, j) = plain[j * column + i].
template <class T>
void to_strips(const T* plain, Index column, const Strips<T>& strips) {
  for (Index j = 0; j < strips.columns; ++j)
    to_strips(plain + j * column, strips, j, strips.features);
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

// Squares are transposed in registers of at most 32 bytes: of 64, a square has more
// numbers than the registers.
template <class T>
using SquarePacket = std::conditional_t<
    sizeof(Pack<T>) == 64,
    typename Eigen::internal::unpacket_traits<typename Pack<T>::Packet>::half,
    typename Pack<T>::Packet>;

template <class T>
constexpr Index kSquare = Eigen::internal::unpacket_traits<SquarePacket<T>>::size;

// to(j, i) = from(i, j) for such a square; columns of both stand `width` apart. Columns
// of `from` beyond n_from count as zero, of `to` beyond n_to are not written.
template <class T>
inline void transpose_square(const T* from, Index n_from, Index width, T* to,
                             Index n_to) {
  using namespace Eigen::internal;
  constexpr Index size = kSquare<T>;
  PacketBlock<SquarePacket<T>, size> block;
  for (Index j = 0; j < size; ++j)
    block.packet[j] = j < n_from ? ploadu<SquarePacket<T>>(from + j * width)
                                 : pset1<SquarePacket<T>>(T(0));
  ptranspose(block);
  for (Index i = 0; i < std::min(size, n_to); ++i)
    pstoreu(to + i * width, block.packet[i]);
}

// transposed(j, i) = strips(i, j), square by square, for the features of strip s and
// columns first..last, multiples of the width or the end.
template <class T>
void transpose(const Strips<T>& strips, const Strips<T>& transposed, Index s,
               Index first, Index last) {
  constexpr Index width = Strips<T>::width, size = kSquare<T>;
  const Index features = strips.features_in(s);
  for (Index t = first / width; t * width < last; ++t) {
    const Index columns = std::min(width, strips.columns - t * width);
    for (Index i = 0; i < features; i += size)
      for (Index j = 0; j < width; j += size)
        transpose_square(strips.column(s, t * width + j) + i, columns - j, width,
                         transposed.column(t, s * width + i) + j, features - i);
  }
}

}  // namespace fcnn
