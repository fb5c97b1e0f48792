// Pack<T>: one SIMD register of T, on Eigen's packets, with the operators that let a
// formula read as a formula. Width and instructions come from the compiler's flags for
// the CPU level; nothing here or above asks for an instruction set. Every number is
// computed in a whole pack (arrays are padded), never by a scalar remainder, so that
// where a sample stands in its batch cannot change a bit of its result.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "fcnn/types.hpp"

namespace fcnn {

template <class T, class P = typename Eigen::internal::packet_traits<T>::type>
struct Pack {
  using Packet = P;
  static constexpr Index size = Eigen::internal::unpacket_traits<Packet>::size;

  Packet v;

  Pack() = default;
  Pack(T x) : v(Eigen::internal::pset1<Packet>(x)) {}  // the same number in each lane

  static Pack raw(const Packet& packet) {
    Pack result;
    result.v = packet;
    return result;
  }
  static Pack load(const T* from) { return raw(Eigen::internal::ploadu<Packet>(from)); }
  void store(T* to) const { Eigen::internal::pstoreu(to, v); }

  Pack operator-() const { return raw(Eigen::internal::pnegate(v)); }
  friend Pack operator+(Pack a, Pack b) { return raw(Eigen::internal::padd(a.v, b.v)); }
  friend Pack operator-(Pack a, Pack b) { return raw(Eigen::internal::psub(a.v, b.v)); }
  friend Pack operator*(Pack a, Pack b) { return raw(Eigen::internal::pmul(a.v, b.v)); }
  friend Pack operator/(Pack a, Pack b) { return raw(Eigen::internal::pdiv(a.v, b.v)); }
  // Comparisons give masks: all bits of a lane set, or none.
  friend Pack operator<(Pack a, Pack b) {
    return raw(Eigen::internal::pcmp_lt(a.v, b.v));
  }
  friend Pack operator<=(Pack a, Pack b) {
    return raw(Eigen::internal::pcmp_le(a.v, b.v));
  }
  friend Pack operator>(Pack a, Pack b) { return b < a; }
  friend Pack operator>=(Pack a, Pack b) { return b <= a; }
  friend Pack operator==(Pack a, Pack b) {
    return raw(Eigen::internal::pcmp_eq(a.v, b.v));
  }
  friend Pack operator&(Pack a, Pack b) { return raw(Eigen::internal::pand(a.v, b.v)); }
  friend Pack operator|(Pack a, Pack b) { return raw(Eigen::internal::por(a.v, b.v)); }
};

// Half a register, the lower one.
template <class T>
using HalfPack =
    Pack<T, typename Eigen::internal::unpacket_traits<typename Pack<T>::Packet>::half>;

// a b + c: one rounding where the CPU level has FMA, two where it has not.
template <class T, class P>
inline Pack<T, P> fma(Pack<T, P> a, Pack<T, P> b, Pack<T, P> c) {
  return Pack<T, P>::raw(Eigen::internal::pmadd(a.v, b.v, c.v));
}

template <class T>
inline Pack<T> select(Pack<T> mask, Pack<T> yes, Pack<T> no) {
  return Pack<T>::raw(Eigen::internal::pselect(mask.v, yes.v, no.v));
}

template <class T>
inline Pack<T> abs(Pack<T> x) {
  return Pack<T>::raw(Eigen::internal::pabs(x.v));
}

template <class T>
inline Pack<T> sqrt(Pack<T> x) {
  return Pack<T>::raw(Eigen::internal::psqrt(x.v));
}

// The larger and the smaller of both; the NaN of x (Eigen's pmax and pmin give it as
// std::max and std::min do, for their first argument).
template <class T>
inline Pack<T> at_least(Pack<T> x, Pack<T> low) {
  return Pack<T>::raw(Eigen::internal::pmax(x.v, low.v));
}

template <class T>
inline Pack<T> at_most(Pack<T> x, Pack<T> high) {
  return Pack<T>::raw(Eigen::internal::pmin(x.v, high.v));
}

// |magnitude| with the sign of `sign`.
template <class T>
inline Pack<T> copysign(Pack<T> magnitude, Pack<T> sign) {
  return abs(magnitude) | (sign & Pack<T>(T(-0.0)));
}

// The nearest whole number, |x| < 2^(digits - 2): adding 1.5 2^(digits - 1) leaves no
// bits for a fraction.
template <class T>
inline Pack<T> round(Pack<T> x) {
  constexpr T magic =
      T(1.5) * T(std::size_t{1} << (std::numeric_limits<T>::digits - 1));
  return (x + Pack<T>(magic)) - Pack<T>(magic);
}

// x 2^n for a whole n.
template <class T>
inline Pack<T> ldexp(Pack<T> x, Pack<T> n) {
  return Pack<T>::raw(Eigen::internal::pldexp(x.v, n.v));
}

// 2^n for a whole n, -127 <= n <= 127 (in double down to -1023), with zero for the
// lowest. For floats by the bits: n + 1.5 2^23 ends in those of n, which the shift
// takes to the exponent's place.
inline Pack<float> power_of_two(Pack<float> n) {
  using Eigen::internal::plogical_shift_left;
  using Packet = Pack<float>::Packet;
  using Integers = Eigen::internal::unpacket_traits<Packet>::integer_packet;
  const Pack<float> biased = n + Pack<float>(1.5f * 8388608.0f + 127.0f);
  const Integers bits = Eigen::internal::preinterpret<Integers>(biased.v);
  return Pack<float>::raw(
      Eigen::internal::preinterpret<Packet>(plogical_shift_left<23>(bits)));
}

inline Pack<double> power_of_two(Pack<double> n) { return ldexp(Pack<double>(1.0), n); }

// x = m 2^n with m in [1/2, 1).
template <class T>
inline Pack<T> frexp(Pack<T> x, Pack<T>& n) {
  return Pack<T>::raw(Eigen::internal::pfrexp(x.v, n.v));
}

template <class T>
inline T first(Pack<T> x) {
  return Eigen::internal::pfirst(x.v);
}

// The sum of the first n lanes (of all, if there are not so many), in order.
template <class T>
inline T sum(Pack<T> x, Index n = Pack<T>::size) {
  T lanes[Pack<T>::size];
  x.store(lanes);
  T total = lanes[0];
  for (Index i = 1; i < std::min(n, Pack<T>::size); ++i) total += lanes[i];
  return total;
}

// The largest lane.
template <class T>
inline T max(Pack<T> x) {
  return Eigen::internal::predux_max(x.v);
}

// sum_k c[k] x^k by Horner's rule.
template <class T, std::size_t N>
inline Pack<T> polynomial(Pack<T> x, const T (&c)[N]) {
  Pack<T> result(c[N - 1]);
  for (std::size_t k = N - 1; k-- > 0;) result = fma(result, x, Pack<T>(c[k]));
  return result;
}

}  // namespace fcnn
