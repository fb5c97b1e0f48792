// Walking over one sample's outputs, pack by pack, with the padding of the last strip
// masked out: for softmax and the losses, where padding would count.
#pragma once

#include "fcnn/strips.hpp"

namespace fcnn {

// f(offset, mask) for each pack of a column: its numbers stand at strips.column(0, j) +
// offset; lanes outside the mask are padding.
template <class T, class F>
inline void for_each_pack(const Strips<T>& strips, F f) {
  for (Index k = 0; k < strips.features; k += Pack<T>::size) {
    const Index offset = (k / Strips<T>::width) * strips.stride + k % Strips<T>::width;
    f(offset, first_lanes<T>(strips.features - k));
  }
}

}  // namespace fcnn
