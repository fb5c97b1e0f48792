#include "fcnn/batch.hpp"

#include "fcnn/errors.hpp"

namespace fcnn {

template <class T>
void check_finite(const Samples& samples, Index last) {
  for (const auto& [table, name] : {std::pair(&samples.x, "X"), {&samples.y, "y"}}) {
    const Index row = first_row_not_finite<T>(*table, samples.rows, 0, last);
    if (row >= 0)
      throw InvalidArgument(std::string(name) + " must be finite, row " +
                            std::to_string(row) + " is not");
  }
}

template void check_finite<float>(const Samples&, Index);
template void check_finite<double>(const Samples&, Index);

template <class T>
Batch<T>::Batch(const Network<T>& network, Index capacity, bool with_delta)
    : n_in_(network.n_in()) {
  x_storage_.resize(Strips<T>::size_apart(n_in_, capacity));
  for (const auto& from : network.layers()) {
    Layer layer;
    layer.n_out = from.n_out;
    layer.storage.setZero(Strips<T>::size_apart(from.n_out, capacity) *
                          (with_delta ? 3 : 2));
    if (with_delta) layer.delta.features = from.n_out;
    layers_.push_back(std::move(layer));
  }
  y_storage_.resize(Strips<T>::size_apart(network.n_out(), capacity));
  weight.resize(capacity);
  value.resize(capacity);
}

template <class T>
void Batch<T>::resize(Index samples) {
  if (samples == size_) return;
  size_ = samples;
  for (Layer& layer : layers_) {
    T* data = layer.storage.data();
    layer.z = Strips<T>::apart(data, layer.n_out, samples);
    layer.a = Strips<T>::apart(data + layer.z.size(), layer.n_out, samples);
    if (layer.delta.features > 0)
      layer.delta = Strips<T>::apart(data + 2 * layer.z.size(), layer.n_out, samples);
  }
  x_ = Strips<T>::apart(x_storage_.data(), n_in_, samples);
  y_ = Strips<T>::apart(y_storage_.data(), layers_.back().n_out, samples);
}

template <class T>
void Batch<T>::gather(const Samples& samples, Index offset, Index first, Index last) {
  for (Index j = first; j < last; ++j)
    read_row(samples.x, samples.row(offset + j), x_, j);
  if (!samples.y.data) return;
  if (samples.labels) return gather_labels(samples, offset, first, last);
  for (Index j = first; j < last; ++j)
    read_row(samples.y, samples.row(offset + j), y_, j);
}

// One-hot: y_k = 1 for the label k, else 0.
template <class T>
void Batch<T>::gather_labels(const Samples& samples, Index offset, Index first,
                             Index last) {
  constexpr Index width = Strips<T>::width;
  for (Index s = 0; s < y_.count(); ++s)
    std::fill(y_.column(s, first), y_.column(s, last), T(0));
  for (Index j = first; j < last; ++j) {
    double label = 0;
    read_row(samples.y, samples.row(offset + j), &label);
    // checked before, but the caller may have written to it since
    if (!(label >= 0 && label < static_cast<double>(y_.features)))
      throw InvalidArgument("y changed during the call: row " +
                            std::to_string(samples.row(offset + j)) +
                            " no longer has a class label");
    const auto k = static_cast<Index>(label);
    y_.column(k / width, j)[k % width] = T(1);
  }
}

template class Batch<float>;
template class Batch<double>;

}  // namespace fcnn
