#include "fcnn/batch.hpp"

namespace fcnn {

template <class T>
Batch<T>::Batch(const Network<T>& network, Index capacity, bool with_delta)
    : n_in_(network.n_in()) {
  x_.resize(n_in_ * capacity);
  for (const auto& from : network.layers()) {
    Layer layer;
    layer.n_out = from.n_out;
    layer.storage.setZero(Strips<T>::padded(from.n_out) * capacity *
                          (with_delta ? 3 : 2));
    if (with_delta) layer.delta.features = from.n_out;
    layers_.push_back(std::move(layer));
  }
  y_storage_.setZero(Strips<T>::padded(network.n_out()) * capacity);
  weight.resize(capacity);
  value.resize(capacity);
}

template <class T>
void Batch<T>::resize(Index samples) {
  if (samples == size_) return;
  size_ = samples;
  for (Layer& layer : layers_) {
    T* data = layer.storage.data();
    layer.z = {data, layer.n_out, samples};
    layer.a = {data + layer.z.size(), layer.n_out, samples};
    if (layer.delta.features > 0)
      layer.delta = {data + 2 * layer.z.size(), layer.n_out, samples};
  }
  y_storage_.setZero();  // its padding moves
  y_ = {y_storage_.data(), layers_.back().n_out, samples};
}

template <class T>
Features<T> Batch<T>::input() const {
  return {x_.data(), n_in_, n_in_};
}

template <class T>
void Batch<T>::gather(const Samples& samples, Index offset, Index first, Index last) {
  for (Index j = first; j < last; ++j)
    read_row(samples.x, samples.row(offset + j), x_.data() + j * n_in_);
  if (!samples.y.data) return;
  constexpr Index width = Strips<T>::width;
  Vector<T> target(y_.features);
  for (Index j = first; j < last; ++j) {
    const Index row = samples.row(offset + j);
    if (samples.labels) {
      double label = 0;
      read_row(samples.y, row, &label);
      target.setZero();
      target[static_cast<Index>(label)] = T(1);
    } else {
      read_row(samples.y, row, target.data());
    }
    for (Index k = 0; k < y_.features; ++k)
      y_.column(k / width, j)[k % width] = target[k];
  }
}

template class Batch<float>;
template class Batch<double>;

}  // namespace fcnn
