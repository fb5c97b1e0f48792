#include "fcnn/random.hpp"

#include <cmath>
#include <utility>

namespace fcnn {

namespace {

std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t mask = 0xffffffffu;
  const std::uint64_t a0 = a & mask, a1 = a >> 32, b0 = b & mask, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + ((a0 * b0) >> 32);
  const std::uint64_t other = a0 * b1 + (middle & mask);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

// Philox's four numbers of 32 bits at N positions in a row, their low words without
// carry: `first` is a multiple of N. Kept in 64 bits, which is what a product has.
template <std::size_t N>
std::array<std::array<std::uint64_t, N>, 4> philox(std::uint64_t first,
                                                   std::uint32_t attempt,
                                                   std::uint32_t number,
                                                   std::uint32_t purpose,
                                                   std::uint64_t seed) {
  constexpr std::uint64_t low = 0xffffffffu;
  std::array<std::array<std::uint64_t, N>, 4> x;
  for (std::size_t i = 0; i < N; ++i) {
    x[0][i] = (first & low) + i;
    x[1][i] = first >> 32 | std::uint64_t{attempt} << 16;
    x[2][i] = number;
    x[3][i] = purpose;
  }
  std::uint64_t k0 = seed & low, k1 = seed >> 32;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t p0 = 0xD2511F53u * x[0][i], p1 = 0xCD9E8D57u * x[2][i];
      x[0][i] = p1 >> 32 ^ x[1][i] ^ k0;
      x[1][i] = p1 & low;
      x[2][i] = p0 >> 32 ^ x[3][i] ^ k1;
      x[3][i] = p0 & low;
    }
    k0 = (k0 + 0x9E3779B9u) & low;
    k1 = (k1 + 0xBB67AE85u) & low;
  }
  return x;
}

// log x, 0 < x < 1, to about an ulp: x = m 2^n, log m = 2 atanh s, s = (m - 1) / (m +
// 1).
double logarithm(double x) {
  int n = 0;
  double m = std::frexp(x, &n);  // exact
  if (m < 0.70710678118654752) {
    m *= 2;
    --n;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double series = 0;
  for (int k = 25; k >= 1; k -= 2) series = series * s2 + 2.0 / k;
  return n * 0.693147180559945286 + s * series;
}

}  // namespace

std::array<std::uint64_t, 2> Random::bits(std::uint64_t position,
                                          std::uint32_t attempt) const {
  const auto x = philox<1>(position, attempt, number_, purpose_, seed_);
  return {x[0][0] | x[1][0] << 32, x[2][0] | x[3][0] << 32};
}

Random::Words Random::many_bits(std::uint64_t first) const {
  const auto x = philox<kBlocks>(first, 0, number_, purpose_, seed_);
  Words words;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    words[2 * i] = x[0][i] | x[1][i] << 32;
    words[2 * i + 1] = x[2][i] | x[3][i] << 32;
  }
  return words;
}

double Random::normal(std::uint64_t position) const {
  for (std::uint32_t attempt = 0;; ++attempt) {
    const auto words = bits(position, attempt);
    const double u = 2 * fraction(words[0]) - 1, v = 2 * fraction(words[1]) - 1;
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * logarithm(s) / s);
  }
}

void shuffle(std::vector<std::int64_t>& items, const Random& random,
             Interrupt& interrupt) {
  // j uniform in 0 .. i, off by less than i / 2^64
  Random::Words words;
  for (std::size_t i = items.size(); i-- > 1;) {
    if ((i + 1) % words.size() == 0 || i + 1 == items.size())
      words = random.many_bits(i / words.size() * Random::kBlocks);
    interrupt.after(10, 0);  // of a swap far away
    const std::uint64_t j = high_product(words[i % words.size()], i + 1);
    std::swap(items[i], items[static_cast<std::size_t>(j)]);
  }
}

}  // namespace fcnn
