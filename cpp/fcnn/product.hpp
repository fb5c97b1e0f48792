// The matrix product, one strip of the result at a time:
//
//     out(:, j) = start + sum_p left(:, p) right(p, j)
//
// `left` gives whole vectors (a strip), `right` single numbers that are broadcast. A
// tile of the result, one strip by a few columns, stays in registers while p runs:
//
//   registers  strip        columns  in the tile  loads of a step   multiply-adds
//   16         two packs    6        12           2 + 6 broadcast   12
//   16         half, a pack 12       12           1 + 12 broadcast  12
//   32         one pack     16       16           1 + 16 broadcast  16
//
// A core makes two multiply-adds a cycle and loads two vectors (of 64 bytes: one or two
// each), and a multiply-add takes 4 cycles, so that 8 or more have to be under way: the
// multiply-adds bound all three. Columns are shared out evenly among tiles, for a tile
// of a few columns waits for its own additions. Of the last strip only the half that
// holds features is computed.
//
// Each number of the result is one chain of fma over p in order, whatever the tile: the
// bits do not depend on the number of columns, nor on how columns are shared out.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "fcnn/ahead.hpp"
#include "fcnn/strips.hpp"

namespace fcnn {

// Columns in a tile of columns of type C (Column or HalfColumn).
template <class C>
constexpr Index kColumnsInTile =
    Strips<typename C::Number>::packs == 1 ? 16 : 12 / C::packs;

template <class T>
constexpr Index kTileColumns = kColumnsInTile<Column<T>>;

template <class C, class Columns>
struct Tile;

template <class C, int... J>
struct Tile<C, std::integer_sequence<int, J...>> {
  using T = typename C::Number;
  using P = typename C::PackType;
  static constexpr Index width = Strips<T>::width;
  C column[sizeof...(J)];

  EIGEN_ALWAYS_INLINE void start_at(const T* start) {
    ((column[J] = C::load_or_zero(start)), ...);
  }
  // += left(:, p) right(p, j) for `count` steps of p; right(p, j) at right + p Step +
  // j Next.
  template <Index Step, Index Next>
  EIGEN_ALWAYS_INLINE void add(const T* left, Index left_step, const T* right,
                               Index count) {
    for (Index p = 0; p < count; ++p, left += left_step, right += Step) {
      const C l = C::load(left);
      (column[J].add_product(l, P(right[J * Next])), ...);
    }
  }
  EIGEN_ALWAYS_INLINE void add_what_is_at(const T* out) {
    (column[J].add(C::load(out + J * width)), ...);
  }
  EIGEN_ALWAYS_INLINE void store(T* out) const {
    (column[J].store(out + J * width), ...);
  }
};

// What a tile computes: out(:, j) = start + sum_p left(:, p) right(p, j), p < terms, or
// with `add` that much more.
template <class T>
struct TileProduct {
  const T* left;
  Index left_step;  // from p to p + 1
  const T* right;
  Index right_stride;  // from strip to strip of right
  Index terms;
  const T* start;  // null: zeros
  T* out;
  bool add;
  Ahead* ahead;  // null: nothing
};

// p runs over the features of right, j over its columns.
template <class C, int N, class T>
void tile_over_features(const TileProduct<T>& t) {
  constexpr Index width = Strips<T>::width;
  Tile<C, std::make_integer_sequence<int, N>> tile;
  tile.start_at(t.start);
  const T *left = t.left, *right = t.right;
  for (Index p = 0; p < t.terms; p += width) {
    tile.template add<1, width>(left, t.left_step, right, std::min(width, t.terms - p));
    if (t.ahead) t.ahead->some();
    left += width * t.left_step;
    right += t.right_stride;
  }
  tile.store(t.out);
}

// p runs over the columns of right, j over features of one strip.
template <class C, int N, class T>
void tile_over_columns(const TileProduct<T>& t) {
  Tile<C, std::make_integer_sequence<int, N>> tile;
  tile.start_at(nullptr);
  tile.template add<Strips<T>::width, 1>(t.left, t.left_step, t.right, t.terms);
  if (t.add) tile.add_what_is_at(t.out);
  tile.store(t.out);
}

// Which way p runs.
enum class Terms { features, columns };

template <class T>
using RunTile = void (*)(const TileProduct<T>&);

// The tiles of 1, 2 .. columns.
template <Terms terms, class C, int... J>
constexpr auto tiles(std::integer_sequence<int, J...>) {
  using T = typename C::Number;
  if constexpr (terms == Terms::features) {
    return std::array<RunTile<T>, sizeof...(J)>{tile_over_features<C, J + 1, T>...};
  } else {
    return std::array<RunTile<T>, sizeof...(J)>{tile_over_columns<C, J + 1, T>...};
  }
}

// The tile described by tile_at(j), for columns first..last in as few tiles as there
// can be, none more than one column larger than another.
template <Terms terms, class C, class F>
void run_tiles(Index first, Index last, F tile_at) {
  constexpr Index most = kColumnsInTile<C>;
  static constexpr auto run =
      tiles<terms, C>(std::make_integer_sequence<int, static_cast<int>(most)>());
  for (Index n_tiles = (last - first + most - 1) / most; n_tiles > 0; --n_tiles) {
    const Index n = (last - first + n_tiles - 1) / n_tiles;
    run[static_cast<std::size_t>(n - 1)](tile_at(first));
    first += n;
  }
}

// The same where a strip of so many features may not need whole columns.
template <Terms terms, class T, class F>
void run_tiles(Index features, Index first, Index last, F tile_at) {
  if (features <= Strips<T>::width / 2) {
    run_tiles<terms, HalfColumn<T>>(first, last, tile_at);
  } else {
    run_tiles<terms, Column<T>>(first, last, tile_at);
  }
}

// The tiles that all strips of so many features take for so many columns.
template <class T>
Index count_tiles(Index features, Index columns) {
  const auto of_strip = [&](Index most) { return (columns + most - 1) / most; };
  const Index rest = features % Strips<T>::width;
  const bool half = rest > 0 && rest <= Strips<T>::width / 2;
  return (Strips<T>::count(features) - half) * of_strip(kColumnsInTile<Column<T>>) +
         half * of_strip(kColumnsInTile<HalfColumn<T>>);
}

// One strip, of so many features, of z = W a + b, or of W^T delta, for columns
// (samples) first..last: out(:, j) = start + sum_p left(:, p) right(p, j), left(:, p)
// at left + p left_step. start: one strip's numbers, or null for zeros. `ahead` is
// called right.count() times a tile.
template <class T>
void product(const T* left, Index left_step, Index features, const Strips<T>& right,
             const T* start, T* out, Index first, Index last, Ahead* ahead = nullptr) {
  run_tiles<Terms::features, T>(features, first, last, [&](Index j) {
    return TileProduct<T>{
        left,           left_step, right.column(0, j),         right.stride,
        right.features, start,     out + j * Strips<T>::width, false,
        ahead};
  });
}

// z = W a + b, or W^T delta, for one sample alone: strips S = 0, 1 .. side by side,
// whose chains of additions run together where those of one strip would wait for each
// other. Strip s of W stands at left + s stride; `right` is contiguous.
template <class T, int... S>
inline void product_of_one(const T* left, Index stride, Index step, const T* right,
                           Index count, const T* start, T* out,
                           std::integer_sequence<int, S...>) {
  constexpr Index width = Strips<T>::width;
  Column<T> strip[sizeof...(S)];
  ((strip[S] = Column<T>::load_or_zero(start ? start + S * width : nullptr)), ...);
  for (Index p = 0; p < count; ++p, left += step) {
    const Pack<T> r(right[p]);
    (strip[S].add_product(Column<T>::load(left + S * stride), r), ...);
  }
  (strip[S].store(out + S * width), ...);
}

// The same for all `strips` strips.
template <class T>
void product_of_one(const T* left, Index stride, Index step, const T* right,
                    Index count, const T* start, T* out, Index strips) {
  constexpr Index width = Strips<T>::width;
  constexpr int most = 8 / Strips<T>::packs;
  Index s = 0;
  const auto run = [&](auto side_by_side) {
    product_of_one(left + s * stride, stride, step, right, count,
                   start ? start + s * width : nullptr, out + s * width, side_by_side);
    return static_cast<Index>(side_by_side.size());
  };
  while (strips - s >= most) s += run(std::make_integer_sequence<int, most>());
  while (strips - s >= 2) s += run(std::make_integer_sequence<int, 2>());
  if (s < strips) run(std::make_integer_sequence<int, 1>());
}

// One strip, of so many features, of dW = delta a^T for inputs (columns of dW)
// first..last, over all samples: out(:, i) = sum_s delta(:, s) a(i, s), or += for the
// later chunks of a batch.
template <class T>
void outer_product(const T* delta, Index features, const Strips<T>& a, bool add, T* out,
                   Index first, Index last) {
  constexpr Index width = Strips<T>::width;
  for (Index i = first; i < last;) {
    const Index end = std::min(last, (i / width + 1) * width);
    run_tiles<Terms::columns, T>(features, i, end, [&](Index k) {
      return TileProduct<T>{delta,           width,     a.strip(k / width) + k % width,
                            a.stride,        a.columns, nullptr,
                            out + k * width, add,       nullptr};
    });
    i = end;
  }
}

// out = sum of one strip's columns, each lane one chain as in outer_product; of a strip
// of so many features no more than the half that holds them, zeros beside.
template <class C, class T>
void column_sum(const T* strip, Index columns, bool add, T* out) {
  C sum(T(0));
  for (Index j = 0; j < columns; ++j) sum.add(C::load(strip + j * Strips<T>::width));
  if (add) sum.add(C::load(out));
  sum.store(out);
}

template <class T>
void column_sum(const T* strip, Index features, Index columns, bool add, T* out) {
  if (features <= Strips<T>::width / 2) {
    column_sum<HalfColumn<T>>(strip, columns, add, out);
  } else {
    column_sum<Column<T>>(strip, columns, add, out);
  }
}

}  // namespace fcnn
