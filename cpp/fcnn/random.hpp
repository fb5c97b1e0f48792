// Random numbers by counter: the i-th number of a stream is a function of (seed,
// stream, i) alone, so that it is the same on every platform, for every number of
// threads and after a resumed run. Philox4x32-10 of Salmon, Moraes, Dror, Shaw,
// Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011. Only exactly rounded
// operations, no libm.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fcnn/interrupt.hpp"
#include "fcnn/types.hpp"

namespace fcnn {

// What the streams are for; the low bits of a stream number them (layer, epoch).
enum class Stream : std::uint32_t {
  initial_weights = 1,
  shuffle = 2,
  split = 3,
  dropout = 4,
  input_noise = 5,
  thinning = 6,
};

class Random {
 public:
  Random(std::uint64_t seed, Stream purpose, std::uint32_t number)
      : seed_(seed), purpose_(static_cast<std::uint32_t>(purpose)), number_(number) {}

  // The block of 128 bits at this position (below 2^48), as two words; `attempt` (below
  // 2^16) where one position may need several.
  std::array<std::uint64_t, 2> bits(std::uint64_t position,
                                    std::uint32_t attempt = 0) const;

  // Those of kBlocks positions in a row, the first a multiple of kBlocks: side by side,
  // in a fraction of the time.
  static constexpr std::size_t kBlocks = 16;
  using Words = std::array<std::uint64_t, 2 * kBlocks>;
  Words many_bits(std::uint64_t first) const;

  // Uniform in [0, 1), 53 bits.
  double uniform(std::uint64_t position) const { return fraction(bits(position)[0]); }

  // Standard normal (Marsaglia's polar method, one of its two numbers).
  double normal(std::uint64_t position) const;

 private:
  static double fraction(std::uint64_t bits) {
    return static_cast<double>(bits >> 11) * 0x1p-53;
  }
  std::uint64_t seed_;
  std::uint32_t purpose_, number_;
};

// Fisher and Yates's shuffle.
void shuffle(std::vector<std::int64_t>& items, const Random& random,
             Interrupt& interrupt);

}  // namespace fcnn
