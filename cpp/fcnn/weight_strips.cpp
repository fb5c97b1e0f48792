#include "fcnn/weight_strips.hpp"

namespace fcnn {

template <class T>
WeightStrips<T>::WeightStrips(const Network<T>& network)
    : layout_(network), strips_(layout_.size()) {
  for (const auto& layer : network.layers())
    transposed_.emplace_back(Strips<T>::padded(layer.n_in) * layer.n_out);
}

template <class T>
void WeightStrips<T>::load(const T* theta) {
  layout_.pack(theta, strips_.data());
  for (Index l = 1; l <= layout_.depth(); ++l) {
    const Strips<T> w = layout_.weight(strips_.data(), l);
    for (Index s = 0; s < w.count(); ++s) transpose(w, transposed(l), s, 0, w.columns);
  }
}

template <class T>
Weights<T> WeightStrips<T>::weights(Index l) const {
  auto* strips = const_cast<T*>(strips_.data());  // of which nothing is written
  const Strips<T> w = layout_.weight(strips, l);
  return {w.data, layout_.bias(strips, l), w.features, w.stride, Strips<T>::width};
}

template <class T>
Strips<T> WeightStrips<T>::transposed(Index l) const {
  const Strips<T> w = layout_.weight(const_cast<T*>(strips_.data()), l);
  const Vector<T>& transposed = transposed_[static_cast<std::size_t>(l - 1)];
  return {const_cast<T*>(transposed.data()), w.columns, w.features};
}

template class WeightStrips<float>;
template class WeightStrips<double>;

}  // namespace fcnn
