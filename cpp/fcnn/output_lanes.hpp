// Walking over one sample's outputs, pack by pack, with the padding of the last strip
// masked out: for softmax and the losses, where padding would count.
#pragma once

#include <array>

#include "fcnn/strips.hpp"

namespace fcnn {

// All bits set in the first n lanes (all lanes if n >= the pack's size).
template <class T>
inline Pack<T> first_lanes(Index n) {
  std::array<T, static_cast<std::size_t>(Pack<T>::size)> lane{};
  for (std::size_t i = 0; i < lane.size(); ++i) lane[i] = static_cast<T>(i);
  return Pack<T>::load(lane.data()) <
         Pack<T>(static_cast<T>(std::min(n, Pack<T>::size)));
}

// f(offset, mask) for each pack of a column: its numbers stand at strips.column(0, j) +
// offset; lanes outside the mask are padding.
template <class T, class F>
inline void for_each_pack(const Strips<T>& strips, F f) {
  for (Index k = 0; k < strips.features; k += Pack<T>::size) {
    const Index offset =
        (k / Strips<T>::width) * strips.stride + k % Strips<T>::width;
    f(offset, first_lanes<T>(strips.features - k));
  }
}

}  // namespace fcnn
