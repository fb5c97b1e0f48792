#include "fcnn/batch.hpp"

#include "fcnn/errors.hpp"

namespace fcnn {

template <class T>
void check_finite(const Samples& samples, const Standardizer& standardizer,
                  Index last) {
  const auto check = [&](const Table& table, const Standardization& by,
                         const char* name) {
    const Index row = by.any()
                          ? first_row_not_finite<double>(table, samples.rows, 0, last)
                          : first_row_not_finite<T>(table, samples.rows, 0, last);
    if (row >= 0)
      throw InvalidArgument(std::string(name) + " must be finite, row " +
                            std::to_string(row) + " is not");
  };
  check(samples.x, standardizer.inputs, "X");
  check(samples.y, standardizer.targets, "y");
}

template void check_finite<float>(const Samples&, const Standardizer&, Index);
template void check_finite<double>(const Samples&, const Standardizer&, Index);

template <class T>
Batch<T>::Batch(const Network<T>& network, Index capacity, bool with_delta)
    : network_(network), n_in_(network.n_in()) {
  x_storage_.resize(Strips<T>::size_apart(n_in_, capacity));
  for (Index l = 1; l <= network.depth(); ++l) {
    Layer layer;
    layer.n_out = network.layer(l).n_out;
    if (with_delta && l < network.depth()) layer.dropout = network.dropout(l);
    const Index strips = (with_delta ? 3 : 2) + (layer.dropout > 0 ? 2 : 0);
    layer.storage.setZero(Strips<T>::size_apart(layer.n_out, capacity) * strips);
    if (with_delta) layer.delta.features = layer.n_out;
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
    if (layer.dropout > 0) {
      layer.mask = Strips<T>::apart(data + 3 * layer.z.size(), layer.n_out, samples);
      layer.dropped = Strips<T>::apart(data + 4 * layer.z.size(), layer.n_out, samples);
    }
  }
  x_ = Strips<T>::apart(x_storage_.data(), n_in_, samples);
  y_ = Strips<T>::apart(y_storage_.data(), layers_.back().n_out, samples);
}

template <class T>
void Batch<T>::gather(const Samples& samples, Index offset, Index first, Index last) {
  const Standardizer& standardizer = network_.standardizer();
  for (Index j = first; j < last; ++j)
    read_row(standardizer.inputs, samples.x, samples.row(offset + j), x_, j);
  if (!samples.y.data) return;
  if (samples.labels) {
    gather_labels(samples, offset, first, last);
  } else {
    for (Index j = first; j < last; ++j)
      read_row(standardizer.targets, samples.y, samples.row(offset + j), y_, j);
  }
  if (samples.keep_target != 1) smooth_targets(samples, first, last);
}

// y <- (1 - s) y + s / K, or s / 2 for independent outputs.
template <class T>
void Batch<T>::smooth_targets(const Samples& samples, Index first, Index last) {
  const Pack<T> keep(static_cast<T>(samples.keep_target));
  const Pack<T> add(static_cast<T>(samples.add_target));
  for (Index s = 0; s < y_.count(); ++s) {
    T* y = y_.column(s, first);
    for (Index i = 0; i < (last - first) * Strips<T>::width; i += Pack<T>::size)
      fma(keep, Pack<T>::load(y + i), add).store(y + i);
  }
}

template <class T>
void Batch<T>::disturb_inputs(const Draws& draws, Index first, Index last) {
  if (network_.input_noise() > 0)
    add_noise(draws, network_.input_noise(), x_, first, last);
  if (network_.dropout(0) > 0)
    drop_out<T>(draws, 0, network_.dropout(0), x_, {}, x_, first, last);
}

template <class T>
void Batch<T>::drop_out_layer(const Draws& draws, Index l, Index first, Index last) {
  const Layer& layer = layers_[at(l)];
  if (layer.dropout > 0)
    drop_out(draws, l, layer.dropout, layer.a, layer.mask, layer.dropped, first, last);
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

template <class T>
void set_weights(const Samples& samples, Index offset, double sum_weight,
                 Batch<T>& batch) {
  for (Index j = 0; j < batch.size(); ++j)
    batch.weight[j] = static_cast<T>(samples.weight_at(offset + j) / sum_weight);
}

template void set_weights(const Samples&, Index, double, Batch<float>&);
template void set_weights(const Samples&, Index, double, Batch<double>&);
template class Batch<float>;
template class Batch<double>;

}  // namespace fcnn
