// What training adds to the activations, drawn anew in every step:
//
//     a~ = m * a,  m = 0 with probability p, else 1 / (1 - p)          dropout
//     x~ = x + s n,  n standard normal                                 input_noise
//
// N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: A
// Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014; inverted, so
// that a trained network is used as it is. Which numbers are drawn depends on the seed,
// the epoch, the layer and the sample's place in the epoch alone: not on threads.
#pragma once

#include <cstdint>
#include <vector>

#include "fcnn/strips.hpp"

namespace fcnn {

// Where the random numbers of a pass come from.
struct Draws {
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;  // or a number beyond all epochs: a step of fit_batch
  Index first = 0;          // the place in it of the first of the samples
};

// The 16 bits below which a number means 0, p of all; and what the others give: the
// inverse of their part, so that the mean of m is 1 exactly.
struct DropoutRate {
  explicit DropoutRate(double p);
  std::uint32_t zero_below;
  double scale;
};

// mask(i, j) = m and dropped(i, j) = m a(i, j), for columns first..last, of which
// column j is sample draws.first + j, and the features i of layer l. `mask` without
// data: not wanted; `dropped` may be `a`.
template <class T>
void drop_out(const Draws& draws, Index l, double p, const Strips<T>& a,
              const Strips<T>& mask, const Strips<T>& dropped, Index first, Index last);

// x(i, j) += s n.
template <class T>
void add_noise(const Draws& draws, double s, const Strips<T>& x, Index first,
               Index last);

// delta <- delta * m, for strip s.
template <class T>
inline void times_mask(const Strips<T>& mask, const Strips<T>& delta, Index s,
                       Index first, Index last) {
  const T* m = mask.column(s, first);
  T* to = delta.column(s, first);
  for (Index i = 0; i < (last - first) * Strips<T>::width; i += Pack<T>::size)
    (Pack<T>::load(to + i) * Pack<T>::load(m + i)).store(to + i);
}

// m of the n features of layer l, one draw for whole predictions.
std::vector<double> thinning_mask(std::uint64_t seed, std::uint32_t number, Index l,
                                  Index n, double p);

}  // namespace fcnn
