// The engine's arrangement of theta, and of everything laid out like it (gradient,
// moments): for each layer W in strips of receiving nodes and b, both padded with
// zeros.
#pragma once

#include <vector>

#include "fcnn/network.hpp"
#include "fcnn/propagate.hpp"

namespace fcnn {

template <class T>
class ParameterStrips {
 public:
  explicit ParameterStrips(const Network<T>& network);

  Index size() const { return size_; }  // a multiple of the strip's width

  // Between this arrangement and theta's.
  void pack(const T* theta, T* strips) const;
  void unpack(const T* strips, T* theta) const;

  // Layer l = 1 .. L of an array in this arrangement.
  Strips<T> weight(T* strips, Index l) const {
    const Layer& layer = layer_at(l);
    return {strips + layer.weight, layer.n_out, layer.n_in};
  }
  T* bias(T* strips, Index l) const {
    return has_bias(l) ? strips + layer_at(l).bias : nullptr;
  }
  bool has_bias(Index l) const { return layer_at(l).bias >= 0; }

  Index depth() const { return static_cast<Index>(layers_.size()); }

 private:
  struct Layer {
    Index n_in, n_out;
    Index weight, bias;              // in strips; bias -1: none
    Index theta_weight, theta_bias;  // in theta
  };
  const Layer& layer_at(Index l) const {
    return layers_[static_cast<std::size_t>(l - 1)];
  }
  std::vector<Layer> layers_;
  Index size_ = 0;
};

}  // namespace fcnn
