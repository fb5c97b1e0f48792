#include "fcnn/noise.hpp"

#include <array>
#include <cmath>
#include <cstring>

#include "fcnn/elementary.hpp"
#include "fcnn/random.hpp"
#include "fcnn/threefry.hpp"

namespace fcnn {

namespace {

// A sample has whole groups of so many features, whatever the CPU's registers.
constexpr Index kGroup = 16;
static_assert(ThreefryPage::blocks == kGroup, "a group's numbers are side by side");

Index count_groups(Index features) { return (features + kGroup - 1) / kGroup; }

// Random numbers of `bits` bits, 16 or 32, for the features of a layer, group after
// group of sample after sample. Number i of a group is of word k of block i of a page,
// k and the half of it by the group's place in the page.
template <int bits>
class Numbers {
 public:
  Numbers(const Draws& draws, Stream purpose, Index l, Index features)
      : key_{static_cast<std::uint32_t>(draws.seed),
             static_cast<std::uint32_t>(draws.seed >> 32), draws.epoch,
             static_cast<std::uint32_t>(purpose)},
        l_(static_cast<std::uint32_t>(l)),
        groups_(static_cast<std::uint64_t>(count_groups(features))) {}

  // to(i, number) for the features g kGroup + i.
  template <class F>
  void for_group(Index sample, Index g, F to) {
    const std::uint64_t group =
        static_cast<std::uint64_t>(sample) * groups_ + static_cast<std::uint64_t>(g);
    constexpr std::uint64_t in_word = 32 / bits, in_page = 4 * in_word;
    if (group / in_page != page_) {
      page_ = group / in_page;
      numbers_ = threefry(key_, page_, l_);
    }
    const auto& word = numbers_.word[group % in_page / in_word];
    const int shift = static_cast<int>(group % in_word) * bits;
    constexpr std::uint32_t mask = bits == 16 ? 0xffff : 0xffffffff;
    for (std::size_t i = 0; i < word.size(); ++i) to(i, word[i] >> shift & mask);
  }

 private:
  std::array<std::uint32_t, 4> key_;
  std::uint32_t l_;
  std::uint64_t groups_, page_ = ~std::uint64_t{0};
  ThreefryPage numbers_;
};

// f(strip s, lane offset in the group) for the strips that a group of features covers.
template <class T, class F>
void for_each_strip(const Strips<T>& strips, Index g, F f) {
  constexpr Index width = Strips<T>::width;
  for (Index offset = 0; offset < kGroup; offset += width) {
    const Index s = (g * kGroup + offset) / width;
    if (s < strips.count()) f(s, offset);
  }
}

// The inverse of the normal distribution function at 1/2 + q, |q| < 1/2 - 2^-26.
// M. J. Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution,
// Applied Statistics 37, 1988.
template <class T>
Pack<T> normal_quantile(Pack<T> q) {
  static constexpr T a[] = {T(3.3871328727963666080e0), T(1.3314166789178437745e2),
                            T(1.9715909503065514427e3), T(1.3731693765509461125e4),
                            T(4.5921953931549871457e4), T(6.7265770927008700853e4),
                            T(3.3430575583588128105e4), T(2.5090809287301226727e3)};
  static constexpr T b[] = {T(1),
                            T(4.2313330701600911252e1),
                            T(6.8718700749205790830e2),
                            T(5.3941960214247511077e3),
                            T(2.1213794301586595867e4),
                            T(3.9307895800092710610e4),
                            T(2.8729085735721942674e4),
                            T(5.2264952788528545610e3)};
  static constexpr T c[] = {T(1.42343711074968357734e0),  T(4.63033784615654529590e0),
                            T(5.76949722146069140550e0),  T(3.64784832476320460504e0),
                            T(1.27045825245236838258e0),  T(2.41780725177450611770e-1),
                            T(2.27238449892691845833e-2), T(7.74545014278341407640e-4)};
  static constexpr T d[] = {T(1),
                            T(2.05319162663775882187e0),
                            T(1.67638483018380384940e0),
                            T(6.89767334985100004550e-1),
                            T(1.48103976427480074590e-1),
                            T(1.51986665636164571966e-2),
                            T(5.47593808499534494600e-4),
                            T(1.05075007164441684324e-9)};
  const Pack<T> r = Pack<T>(T(0.180625)) - q * q;
  const Pack<T> central = q * polynomial(r, a) / polynomial(r, b);
  // beyond |q| = 0.425; log of what is left of the half
  const Pack<T> t = sqrt(-log(Pack<T>(T(0.5)) - abs(q))) - Pack<T>(T(1.6));
  const Pack<T> tail = copysign(polynomial(t, c) / polynomial(t, d), q);
  return select(abs(q) <= Pack<T>(T(0.425)), central, tail);
}

}  // namespace

DropoutRate::DropoutRate(double p) {
  const double bits = std::floor(p * 65536 + 0.5);
  zero_below = static_cast<std::uint32_t>(bits < 65535 ? bits : 65535);
  scale = 65536 / static_cast<double>(65536 - zero_below);
}

template <class T>
void drop_out(const Draws& draws, Index l, double p, const Strips<T>& a,
              const Strips<T>& mask, const Strips<T>& dropped, Index first,
              Index last) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const DropoutRate rate(p);
  const auto scale = Eigen::numext::bit_cast<Bits>(static_cast<T>(rate.scale));
  const std::uint32_t zero_below = rate.zero_below;
  const Index groups = count_groups(a.features);
  Numbers<16> numbers(draws, Stream::dropout, l, a.features);
  alignas(64) std::array<Bits, kGroup> bits;
  alignas(64) std::array<T, kGroup> m;
  for (Index j = first; j < last; ++j) {
    for (Index g = 0; g < groups; ++g) {
      // m = number < zero_below ? 0 : scale, by its bits
      numbers.for_group(draws.first + j, g, [&](std::size_t i, std::uint32_t number) {
        bits[i] = scale & (Bits{0} - Bits{number >= zero_below});
      });
      std::memcpy(m.data(), bits.data(), sizeof m);
      for_each_strip(a, g, [&](Index s, Index offset) {
        for (Index i = 0; i < Strips<T>::width; i += Pack<T>::size) {
          const Pack<T> factor = Pack<T>::load(m.data() + offset + i);
          if (mask.data) factor.store(mask.column(s, j) + i);
          (factor * Pack<T>::load(a.column(s, j) + i)).store(dropped.column(s, j) + i);
        }
      });
    }
  }
}

template <class T>
void add_noise(const Draws& draws, double s, const Strips<T>& x, Index first,
               Index last) {
  constexpr Index width = Strips<T>::width;
  const Pack<T> deviation(static_cast<T>(s));
  Numbers<32> numbers(draws, Stream::input_noise, 0, x.features);
  alignas(64) std::array<T, kGroup> q;
  for (Index j = first; j < last; ++j) {
    for (Index g = 0; g < count_groups(x.features); ++g) {
      // 24 bits of it, uniform in -1/2 .. 1/2 and exact at either dtype
      numbers.for_group(draws.first + j, g, [&](std::size_t i, std::uint32_t number) {
        const auto whole = static_cast<std::int32_t>(number >> 8) - (1 << 23);
        q[i] = (static_cast<T>(whole) + T(0.5)) * T(0x1p-24);
      });
      for_each_strip(x, g, [&](Index strip, Index offset) {
        T* to = x.column(strip, j);
        for (Index i = 0; i < width; i += Pack<T>::size) {
          const Pack<T> n = normal_quantile(Pack<T>::load(q.data() + offset + i));
          // nothing in padding, which is zero
          const Index left = x.features_in(strip) - i;
          const Pack<T> noise =
              left > 0 ? first_lanes<T>(left) & (deviation * n) : Pack<T>(T(0));
          (Pack<T>::load(to + i) + noise).store(to + i);
        }
      });
    }
  }
}

std::vector<double> thinning_mask(std::uint64_t seed, std::uint32_t number, Index l,
                                  Index n, double p) {
  const DropoutRate rate(p);
  Numbers<16> numbers({seed, number, 0}, Stream::thinning, l, n);
  std::vector<double> mask(static_cast<std::size_t>(count_groups(n) * kGroup));
  for (Index g = 0; g < count_groups(n); ++g)
    numbers.for_group(0, g, [&](std::size_t i, std::uint32_t bits) {
      mask[static_cast<std::size_t>(g * kGroup) + i] =
          bits < rate.zero_below ? 0 : rate.scale;
    });
  mask.resize(static_cast<std::size_t>(n));
  return mask;
}

template void drop_out(const Draws&, Index, double, const Strips<float>&,
                       const Strips<float>&, const Strips<float>&, Index, Index);
template void drop_out(const Draws&, Index, double, const Strips<double>&,
                       const Strips<double>&, const Strips<double>&, Index, Index);
template void add_noise(const Draws&, double, const Strips<float>&, Index, Index);
template void add_noise(const Draws&, double, const Strips<double>&, Index, Index);

}  // namespace fcnn
