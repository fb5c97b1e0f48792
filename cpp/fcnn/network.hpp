// The network: its shape, its activations and theta, the one flat vector of all
// parameters: for each layer W (n_out, n_in), column-major, then b.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fcnn/activation_table.hpp"
#include "fcnn/standardizer.hpp"
#include "fcnn/strips.hpp"

namespace fcnn {

template <class T>
class Network {
 public:
  // sizes n_0 .. n_L; activations and bias flags of layers 1 .. L. Parameters are zero.
  // InvalidArgument where names are unknown or the number of parameters overflows.
  Network(std::vector<Index> sizes, const std::vector<std::string>& activations,
          const std::vector<bool>& bias);

  // The same network in another precision, without noise.
  template <class U>
  explicit Network(const Network<U>& other)
      : sizes_(other.sizes()), dropout_(sizes_.size() - 1) {
    set_standardizer(other.standardizer());
    for (const auto& from : other.layers()) {
      Layer layer{from.n_in, from.n_out, from.weight, from.bias,
                  find_activation<T>(from.activation.name)};
      layer.activation.parameter = static_cast<T>(from.activation.parameter);
      layers_.push_back(layer);
    }
    n_parameters_ = other.n_parameters();
    theta_.setZero(n_parameters_ + Strips<T>::width);
    for (Index p = 0; p < n_parameters_; ++p)
      theta_[p] = static_cast<T>(other.theta()[p]);
  }

  Index depth() const { return static_cast<Index>(layers_.size()); }  // L
  const std::vector<Index>& sizes() const { return sizes_; }
  Index n_in() const { return sizes_.front(); }
  Index n_out() const { return sizes_.back(); }
  Index n_parameters() const { return n_parameters_; }
  T* theta() { return theta_.data(); }
  const T* theta() const { return theta_.data(); }

  // Layer l = 1 .. L.
  struct Layer {
    Index n_in = 0, n_out = 0;
    Index weight = 0, bias = -1;  // where W and b stand in theta; -1: no bias
    Activation<T> activation;
  };
  const Layer& layer(Index l) const { return layers_[static_cast<std::size_t>(l - 1)]; }
  const std::vector<Layer>& layers() const { return layers_; }
  // What is drawn while it trains: p of the activations of layer l = 0 .. L-1, and the
  // standard deviation of what is added to its inputs.
  double dropout(Index l) const { return dropout_[static_cast<std::size_t>(l)]; }
  double input_noise() const { return input_noise_; }
  void set_noise(std::vector<double> dropout, double input_noise);
  bool has_noise() const;

  const Standardizer& standardizer() const { return standardizer_; }
  void set_standardizer(Standardizer standardizer) {
    standardizer_ = std::move(standardizer);
  }

  const std::string& output() const { return layers_.back().activation.name; }

  Eigen::Map<Matrix<T>> weight(Index l) {
    return {theta() + layer(l).weight, layer(l).n_out, layer(l).n_in};
  }

 private:
  std::vector<Index> sizes_;
  std::vector<Layer> layers_;
  std::vector<double> dropout_;
  double input_noise_ = 0;
  Standardizer standardizer_;
  Index n_parameters_ = 0;
  Vector<T> theta_;  // with room behind it for a whole strip to be read at its end
};

}  // namespace fcnn
