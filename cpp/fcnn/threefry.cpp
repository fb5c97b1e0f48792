#include "fcnn/threefry.hpp"

namespace fcnn {

namespace {

using Word = std::uint32_t;

inline Word rotate(Word x, int bits) { return x << bits | x >> (32 - bits); }

// Two rounds of the cipher, the second with the pairs crossed.
template <int R0, int R1, int R2, int R3>
inline void two_rounds(Word& a, Word& b, Word& c, Word& d) {
  a += b, b = rotate(b, R0) ^ a;
  c += d, d = rotate(d, R1) ^ c;
  a += d, d = rotate(d, R2) ^ a;
  c += b, b = rotate(b, R3) ^ c;
}

}  // namespace

ThreefryPage threefry(const std::array<std::uint32_t, 4>& key, std::uint64_t page,
                      std::uint32_t c2) {
  const Word k0 = key[0], k1 = key[1], k2 = key[2], k3 = key[3];
  const Word k4 = 0x1BD11BDAu ^ k0 ^ k1 ^ k2 ^ k3;
  const std::uint64_t first = page * ThreefryPage::blocks;
  const auto low = static_cast<Word>(first), high = static_cast<Word>(first >> 32);
  ThreefryPage out;
  for (std::size_t i = 0; i < ThreefryPage::blocks; ++i) {
    Word a = low + static_cast<Word>(i) + k0, b = high + k1, c = c2 + k2, d = k3;
    two_rounds<10, 26, 11, 21>(a, b, c, d);
    two_rounds<13, 27, 23, 5>(a, b, c, d);
    a += k1, b += k2, c += k3, d += k4 + 1;
    two_rounds<6, 20, 17, 11>(a, b, c, d);
    two_rounds<25, 10, 18, 20>(a, b, c, d);
    a += k2, b += k3, c += k4, d += k0 + 2;
    two_rounds<10, 26, 11, 21>(a, b, c, d);
    two_rounds<13, 27, 23, 5>(a, b, c, d);
    a += k3, b += k4, c += k0, d += k1 + 3;
    // the thirteenth
    a += b, b = rotate(b, 6) ^ a;
    c += d, d = rotate(d, 20) ^ c;
    out.word[0][i] = a;
    out.word[1][i] = b;
    out.word[2][i] = c;
    out.word[3][i] = d;
  }
  return out;
}

}  // namespace fcnn
