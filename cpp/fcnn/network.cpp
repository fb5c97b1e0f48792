#include "fcnn/network.hpp"

#include <algorithm>
#include <limits>

#include "fcnn/errors.hpp"

namespace fcnn {

namespace {

// a b + c, all >= 0, or InvalidArgument beyond what an array can hold.
Index checked(Index a, Index b, Index c) {
  constexpr Index most = std::numeric_limits<Index>::max() / 64;
  if (a != 0 && b > (most - c) / a)
    throw InvalidArgument("the sizes give more parameters than an array can hold");
  return a * b + c;
}

}  // namespace

template <class T>
Network<T>::Network(std::vector<Index> sizes,
                    const std::vector<std::string>& activations,
                    const std::vector<bool>& bias)
    : sizes_(std::move(sizes)), dropout_(sizes_.size() - 1) {
  for (std::size_t l = 1; l < sizes_.size(); ++l) {
    Layer layer;
    layer.n_in = sizes_[l - 1];
    layer.n_out = sizes_[l];
    layer.activation = find_activation<T>(activations[l - 1]);
    layer.weight = n_parameters_;
    n_parameters_ = checked(layer.n_in, layer.n_out, n_parameters_);
    if (bias[l - 1]) {
      layer.bias = n_parameters_;
      n_parameters_ = checked(layer.n_out, 1, n_parameters_);
    }
    layers_.push_back(layer);
  }
  theta_.setZero(n_parameters_ + Strips<T>::width);
}

template <class T>
void Network<T>::set_noise(std::vector<double> dropout, double input_noise) {
  dropout_ = std::move(dropout);
  input_noise_ = input_noise;
}

template <class T>
bool Network<T>::has_noise() const {
  return input_noise_ > 0 ||
         std::any_of(dropout_.begin(), dropout_.end(), [](double p) { return p > 0; });
}

template class Network<float>;
template class Network<double>;

}  // namespace fcnn
