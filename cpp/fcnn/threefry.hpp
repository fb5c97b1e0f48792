// Threefry4x32-13 of Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1,
// 2, 3, SC 2011: additions, rotations and exclusive ors of 32 bits alone, which every
// CPU level does many of at once; a quarter of Philox's time. For what a training step
// draws; random.hpp is for what is drawn once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fcnn {

// 16 blocks in a row; word[k][i] is word k of block i.
struct ThreefryPage {
  static constexpr std::size_t blocks = 16;
  alignas(64) std::array<std::array<std::uint32_t, blocks>, 4> word;
};

// The blocks at counters (low and high half of 16 page + i, c2, 0).
ThreefryPage threefry(const std::array<std::uint32_t, 4>& key, std::uint64_t page,
                      std::uint32_t c2);

}  // namespace fcnn
