// The matrix product, one strip of the result at a time:
//
//     out(:, j) = start + sum_p left(:, p) right(p, j)
//
// `left` gives whole vectors (a strip), `right` single numbers that are broadcast. A
// tile of the result, `width` features (two packs) by up to 6 columns, stays in 12 of
// 16 vector registers while p runs; two more hold left(:, p) and one the broadcast
// number. A step of p costs 8 loads for 12 multiply-adds, below the two loads a cycle
// that a core gives for two multiply-adds.
//
// Each number of the result is one chain of fma over p in order, whatever the tile: the
// bits do not depend on the number of columns, nor on how columns are shared out.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "fcnn/strips.hpp"

namespace fcnn {

constexpr Index kTileColumns = 6;

// f(0), f(1) .. f(N - 1), written out, so that the tile's arrays become registers.
template <int... J, class F>
inline void unrolled(std::integer_sequence<int, J...>, F f) {
  (f(J), ...);
}

template <int N, class F>
inline void unrolled(F f) {
  unrolled(std::make_integer_sequence<int, N>(), f);
}

template <class T, int N>
struct Tile {
  Pack<T> low[N], high[N];

  void start_at(const T* start) {
    unrolled<N>([&](int j) {
      low[j] = start ? Pack<T>::load(start) : Pack<T>(T(0));
      high[j] = start ? Pack<T>::load(start + Pack<T>::size) : Pack<T>(T(0));
    });
  }

  // += left(:, p) right(p, j) for `count` steps of p. Column: where right's next column
  // stands, when known at compile time, else 0 and `column` says it.
  template <Index Column>
  void add(const T* left, Index left_step, const T* right, Index right_step,
           Index column, Index count) {
    const Index next = Column ? Column : column;
    for (Index p = 0; p < count; ++p) {
      const Pack<T> l = Pack<T>::load(left), h = Pack<T>::load(left + Pack<T>::size);
      unrolled<N>([&](int j) {
        const Pack<T> r(right[j * next]);
        low[j] = fma(l, r, low[j]);
        high[j] = fma(h, r, high[j]);
      });
      left += left_step;
      right += right_step;
    }
  }

  void store(T* out) const {
    unrolled<N>([&](int j) {
      low[j].store(out + j * Strips<T>::width);
      high[j].store(out + j * Strips<T>::width + Pack<T>::size);
    });
  }

  void store_sum(T* out) {
    unrolled<N>([&](int j) {
      low[j] = Pack<T>::load(out + j * Strips<T>::width) + low[j];
      high[j] = Pack<T>::load(out + j * Strips<T>::width + Pack<T>::size) + high[j];
    });
    store(out);
  }
};

// f(first column, Tile<T, N>) over columns first..last in tiles of 6 and one smaller.
template <class T, class F>
inline void for_each_tile(Index first, Index last, F f) {
  Index j = first;
  for (; j + kTileColumns <= last; j += kTileColumns) f(j, Tile<T, 6>());
  switch (last - j) {
    case 5:
      return f(j, Tile<T, 5>());
    case 4:
      return f(j, Tile<T, 4>());
    case 3:
      return f(j, Tile<T, 3>());
    case 2:
      return f(j, Tile<T, 2>());
    case 1:
      return f(j, Tile<T, 1>());
    default:
      return;
  }
}

template <Index Column, class T>
void product_with_column(const T* left, Index left_step, const Features<T>& right,
                         const T* start, T* out, Index first, Index last) {
  for_each_tile<T>(first, last, [&](Index j, auto tile) {
    tile.start_at(start);
    const T* l = left;
    const T* r = right.data + j * right.column;
    for (Index p = 0; p < right.features; p += right.width) {
      const Index count = std::min(right.width, right.features - p);
      tile.template add<Column>(l, left_step, r, 1, right.column, count);
      l += right.width * left_step;
      r += right.stride;
    }
    tile.store(out + j * Strips<T>::width);
  });
}

// One strip of z = W a + b, or of W^T delta, for columns (samples) first..last:
// out(:, j) = start + sum_p left(:, p) right(p, j), left(:, p) at left + p left_step.
// start: one strip's numbers, or null for zeros.
template <class T>
void product(const T* left, Index left_step, const Features<T>& right, const T* start,
             T* out, Index first, Index last) {
  if (right.column == Strips<T>::width) {
    product_with_column<Strips<T>::width>(left, left_step, right, start, out, first,
                                          last);
  } else {
    product_with_column<0>(left, left_step, right, start, out, first, last);
  }
}

// z = W a + b for one sample alone: N strips at once, whose chains of additions run
// side by side where one strip's two would wait for each other. Strip s of W at left +
// s stride.
template <int N, class T>
inline void product_of_one(const T* left, Index stride, Index step, const T* right,
                           Index count, const T* start, T* out) {
  constexpr Index width = Strips<T>::width, size = Pack<T>::size;
  Pack<T> low[N], high[N];
  unrolled<N>([&](int s) {
    low[s] = start ? Pack<T>::load(start + s * width) : Pack<T>(T(0));
    high[s] = start ? Pack<T>::load(start + s * width + size) : Pack<T>(T(0));
  });
  for (Index p = 0; p < count; ++p, left += step) {
    const Pack<T> r(right[p]);
    unrolled<N>([&](int s) {
      low[s] = fma(Pack<T>::load(left + s * stride), r, low[s]);
      high[s] = fma(Pack<T>::load(left + s * stride + size), r, high[s]);
    });
  }
  unrolled<N>([&](int s) {
    low[s].store(out + s * width);
    high[s].store(out + s * width + size);
  });
}

// The same for all `strips` strips; `right` is contiguous.
template <class T>
void product_of_one(const T* left, Index stride, Index step, const T* right,
                    Index count, const T* start, T* out, Index strips) {
  constexpr Index width = Strips<T>::width;
  const auto run = [&](auto n, Index s) {
    product_of_one<n()>(left + s * stride, stride, step, right, count,
                        start ? start + s * width : nullptr, out + s * width);
  };
  Index s = 0;
  for (; s + 4 <= strips; s += 4) run(std::integral_constant<int, 4>(), s);
  if (strips - s >= 2) {
    run(std::integral_constant<int, 2>(), s);
    s += 2;
  }
  if (s < strips) run(std::integral_constant<int, 1>(), s);
}

// One strip of dW = delta a^T for inputs (columns of dW) first..last, over samples
// 0..samples: out(:, i) = sum_s delta(:, s) a(i, s), or += for the later chunks of a
// batch.
template <class T>
void outer_product(const T* delta, const Features<T>& a, Index samples, bool add,
                   T* out, Index first, Index last) {
  constexpr Index width = Strips<T>::width;
  for (Index i = first; i < last;) {
    const Index end = std::min(last, (i / a.width + 1) * a.width);
    for_each_tile<T>(i, end, [&](Index k, auto tile) {
      tile.start_at(nullptr);
      tile.template add<1>(delta, width, a.at(k, 0), a.column, 1, samples);
      add ? tile.store_sum(out + k * width) : tile.store(out + k * width);
    });
    i = end;
  }
}

// out = sum of one strip's columns 0..samples, each lane one chain as in outer_product.
template <class T>
void column_sum(const T* strip, Index samples, bool add, T* out) {
  Tile<T, 1> sum;
  sum.start_at(nullptr);
  const T one = 1;
  sum.template add<1>(strip, Strips<T>::width, &one, 0, 1, samples);
  add ? sum.store_sum(out) : sum.store(out);
}

}  // namespace fcnn
