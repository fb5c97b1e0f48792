// Softmax: a_k = e^(z_k - m) / sum_i e^(z_i - m), m = max_i z_i, over the outputs of
// one sample, and the product of its Jacobian with a vector.
#pragma once

#include "fcnn/elementary.hpp"
#include "fcnn/output_lanes.hpp"

namespace fcnn {

// m = max_k z_k and s = sum_k e^(z_k - m), so that log sum_k e^z_k = m + log s.
template <class T>
struct LogSumExp {
  T maximum;
  T sum;

  LogSumExp(const Strips<T>& z, Index j) {
    const Pack<T> least(-std::numeric_limits<T>::infinity());
    const T* column = z.column(0, j);
    Pack<T> greatest = least;
    for_each_pack(z, [&](Index at, Pack<T> mask) {
      const Pack<T> x = select(mask, Pack<T>::load(column + at), least);
      greatest = select(x > greatest, x, greatest);
    });
    maximum = fcnn::max(greatest);
    Pack<T> total(T(0));
    for_each_pack(z, [&](Index at, Pack<T> mask) {
      total = total +
              (mask & exp_of_negative(Pack<T>::load(column + at) - Pack<T>(maximum)));
    });
    sum = fcnn::sum(total, z.features);
  }
};

// a = softmax(z) for samples first..last; padding is set to zero.
template <class T>
void softmax(const Strips<T>& z, const Strips<T>& a, Index first, Index last) {
  for (Index j = first; j < last; ++j) {
    const LogSumExp<T> lse(z, j);
    const Pack<T> m(lse.maximum), total(lse.sum);
    for_each_pack(z, [&](Index at, Pack<T> mask) {
      const Pack<T> e = exp_of_negative(Pack<T>::load(z.column(0, j) + at) - m);
      (mask & (e / total)).store(a.column(0, j) + at);
    });
  }
}

// delta_k <- a_k (delta_k - sum_i a_i delta_i): delta times the Jacobian of softmax.
template <class T>
void times_softmax_derivative(const Strips<T>& a, const Strips<T>& delta, Index first,
                              Index last) {
  for (Index j = first; j < last; ++j) {
    const T* aj = a.column(0, j);
    T* dj = delta.column(0, j);
    Pack<T> products(T(0));
    for_each_pack(a, [&](Index at, Pack<T> mask) {
      products = products + (mask & (Pack<T>::load(aj + at) * Pack<T>::load(dj + at)));
    });
    const Pack<T> mean(fcnn::sum(products, a.features));
    for_each_pack(a, [&](Index at, Pack<T> mask) {
      const Pack<T> d = Pack<T>::load(aj + at) * (Pack<T>::load(dj + at) - mean);
      (mask & d).store(dj + at);
    });
  }
}

// The same with its derivative along R z, of which r_a = R a: with m = sum_i a_i
// delta_i
//   r_delta_k <- r_a_k (delta_k - m) + a_k (r_delta_k - R m),
//   R m = sum_i (r_a_i delta_i + a_i r_delta_i), then delta as above.
template <class T>
void times_softmax_derivatives(const Strips<T>& a, const Strips<T>& r_a,
                               const Strips<T>& delta, const Strips<T>& r_delta,
                               Index first, Index last) {
  for (Index j = first; j < last; ++j) {
    const T *aj = a.column(0, j), *r_aj = r_a.column(0, j);
    T *dj = delta.column(0, j), *r_dj = r_delta.column(0, j);
    Pack<T> products(T(0)), r_products(T(0));
    for_each_pack(a, [&](Index at, Pack<T> mask) {
      const Pack<T> ak = Pack<T>::load(aj + at), r_ak = Pack<T>::load(r_aj + at);
      const Pack<T> dk = Pack<T>::load(dj + at), r_dk = Pack<T>::load(r_dj + at);
      products = products + (mask & (ak * dk));
      r_products = r_products + (mask & (r_ak * dk + ak * r_dk));
    });
    const Pack<T> m(fcnn::sum(products, a.features));
    const Pack<T> r_m(fcnn::sum(r_products, a.features));
    for_each_pack(a, [&](Index at, Pack<T> mask) {
      const Pack<T> ak = Pack<T>::load(aj + at), r_ak = Pack<T>::load(r_aj + at);
      const Pack<T> dk = Pack<T>::load(dj + at), r_dk = Pack<T>::load(r_dj + at);
      (mask & (r_ak * (dk - m) + ak * (r_dk - r_m))).store(r_dj + at);
      (mask & (ak * (dk - m))).store(dj + at);
    });
  }
}

}  // namespace fcnn
