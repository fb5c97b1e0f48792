// theta, or a vector laid out like it, as forward and backward read it: W in strips, b,
// and W^T. Const after load: any number of threads may read one.
#pragma once

#include <vector>

#include "fcnn/parameter_strips.hpp"

namespace fcnn {

template <class T>
class WeightStrips {
 public:
  explicit WeightStrips(const Network<T>& network);

  // Copies theta, or the like.
  void load(const T* theta);

  // Layer l = 1 .. L: W and b, and W^T in strips of emitting nodes.
  Weights<T> weights(Index l) const;
  Strips<T> transposed(Index l) const;

  const ParameterStrips<T>& layout() const { return layout_; }

 private:
  ParameterStrips<T> layout_;
  Vector<T> strips_;
  std::vector<Vector<T>> transposed_;  // [l - 1]
};

}  // namespace fcnn
