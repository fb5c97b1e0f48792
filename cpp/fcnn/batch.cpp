#include "fcnn/batch.hpp"

#include "fcnn/errors.hpp"

namespace fcnn {

namespace {

// From this many samples on X is gathered into strips: dW = delta a^T takes a few
// inputs of every sample at a time, and in rows of a few kilobytes these stand so far
// apart that they fight for the same places of the cache.
constexpr Index kSamplesWorthStrips = 64;

}  // namespace

template <class T>
Batch<T>::Batch(const Network<T>& network, Index capacity, bool with_delta)
    : n_in_(network.n_in()) {
  x_.resize((capacity < kSamplesWorthStrips ? n_in_ : Strips<T>::padded(n_in_)) *
            capacity);
  for (const auto& from : network.layers()) {
    Layer layer;
    layer.n_out = from.n_out;
    layer.storage.setZero(Strips<T>::padded(from.n_out) * capacity *
                          (with_delta ? 3 : 2));
    if (with_delta) layer.delta.features = from.n_out;
    layers_.push_back(std::move(layer));
  }
  y_storage_.setZero(Strips<T>::padded(network.n_out()) * capacity);
  if (Strips<T>::count(network.n_out()) > 1)
    plain_y_.resize(network.n_out() * capacity);
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
  x_strips_ = {x_.data(), n_in_, samples};
  y_storage_.setZero();  // its padding moves
  y_ = {y_storage_.data(), layers_.back().n_out, samples};
}

template <class T>
Features<T> Batch<T>::input() const {
  if (size_ < kSamplesWorthStrips) return {x_.data(), n_in_, n_in_};
  return x_strips_;
}

template <class T>
void Batch<T>::gather_inputs(const Samples& samples, Index offset, Index first,
                             Index last) {
  const bool strips = size_ >= kSamplesWorthStrips;
  Vector<T> row(strips ? n_in_ : 0);
  for (Index j = first; j < last; ++j) {
    const Index next = offset + j + (last - first);  // about when it will be wanted
    if (samples.rows && next < samples.count)
      prefetch_row(samples.x, samples.row(next));
    T* to = strips ? row.data() : x_.data() + j * n_in_;
    read_row(samples.x, samples.row(offset + j), to);
    if (strips) to_strips(to, n_in_, x_strips_, j, j + 1);
  }
}

template <class T>
void Batch<T>::gather(const Samples& samples, Index offset, Index first, Index last) {
  gather_inputs(samples, offset, first, last);
  if (!samples.y.data) return;
  const std::int64_t* rows = samples.rows ? samples.rows + offset + first : nullptr;
  const Index count = last - first;
  if (samples.labels) {
    gather_labels(samples, offset, first, last);
  } else if (y_.count() == 1) {  // its one strip is plain columns
    read_rows(samples.y, rows, offset + first, count, y_.column(0, first),
              Strips<T>::width);
  } else {
    T* plain = plain_y_.data() + first * y_.features;
    read_rows(samples.y, rows, offset + first, count, plain, y_.features);
    to_strips(plain, y_.features, y_, first, last);
  }
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
