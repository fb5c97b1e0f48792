#include "fcnn/parameter_strips.hpp"

namespace fcnn {

template <class T>
ParameterStrips<T>::ParameterStrips(const Network<T>& network) {
  for (const auto& from : network.layers()) {
    Layer layer{from.n_in, from.n_out, size_, -1, from.weight, from.bias};
    size_ += Strips<T>::padded(from.n_out) * from.n_in;
    if (from.bias >= 0) {
      layer.bias = size_;
      size_ += Strips<T>::padded(from.n_out);
    }
    layers_.push_back(layer);
  }
}

template <class T>
void ParameterStrips<T>::pack(const T* theta, T* strips) const {
  for (const Layer& layer : layers_) {
    to_strips<T>(theta + layer.theta_weight, layer.n_out,
                 {strips + layer.weight, layer.n_out, layer.n_in});
    if (layer.bias >= 0)
      to_strips<T>(theta + layer.theta_bias, layer.n_out,
                   {strips + layer.bias, layer.n_out, 1});
  }
}

template <class T>
void ParameterStrips<T>::unpack(const T* strips, T* theta) const {
  auto* from = const_cast<T*>(strips);
  for (const Layer& layer : layers_) {
    from_strips<T>({from + layer.weight, layer.n_out, layer.n_in}, 0, layer.n_in,
                   theta + layer.theta_weight, layer.n_out);
    if (layer.bias >= 0)
      from_strips<T>({from + layer.bias, layer.n_out, 1}, 0, 1,
                     theta + layer.theta_bias, layer.n_out);
  }
}

template class ParameterStrips<float>;
template class ParameterStrips<double>;

}  // namespace fcnn
