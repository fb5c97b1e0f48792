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
  std::array<std::uint32_t, 4> x{
      static_cast<std::uint32_t>(position),
      static_cast<std::uint32_t>(position >> 32) | attempt << 16, number_, purpose_};
  auto k0 = static_cast<std::uint32_t>(seed_);
  auto k1 = static_cast<std::uint32_t>(seed_ >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * x[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * x[2];
    x = {static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ k0,
         static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ k1,
         static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {std::uint64_t{x[0]} | std::uint64_t{x[1]} << 32,
          std::uint64_t{x[2]} | std::uint64_t{x[3]} << 32};
}

double Random::normal(std::uint64_t position) const {
  for (std::uint32_t attempt = 0;; ++attempt) {
    const auto words = bits(position, attempt);
    const double u = 2 * fraction(words[0]) - 1, v = 2 * fraction(words[1]) - 1;
    const double s = u * u + v * v;
    if (s > 0 && s < 1) return u * std::sqrt(-2 * logarithm(s) / s);
  }
}

void shuffle(std::vector<std::int64_t>& items, const Random& random) {
  // j uniform in 0 .. i, off by less than i / 2^64; a block of bits gives two of them
  std::array<std::uint64_t, 2> words{};
  for (std::size_t i = items.size(); i-- > 1;) {
    if (i % 2 == 1 || i + 1 == items.size()) words = random.bits(i / 2);
    const std::uint64_t j = high_product(words[i % 2], i + 1);
    std::swap(items[i], items[static_cast<std::size_t>(j)]);
  }
}

}  // namespace fcnn
