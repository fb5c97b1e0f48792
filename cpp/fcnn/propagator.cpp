#include "fcnn/propagator.hpp"

namespace fcnn {

template <class T>
Propagator<T>::Propagator(const Network<T>& network)
    : network_(network), parameters_(network) {
  load(network.theta());
  for (const auto& layer : network.layers())
    multiply_adds_ += static_cast<double>(Strips<T>::padded(layer.n_out)) *
                      static_cast<double>(layer.n_in);
}

template <class T>
void Propagator<T>::forward(const Samples& samples, Index offset, Batch<T>& batch,
                            const Share& share) const {
  constexpr Index rows = 64;  // then Ctrl-C may be asked about
  for (Index first = share.first; first < share.last; first += rows) {
    const Index last = std::min(first + rows, share.last);
    batch.gather(samples, offset, first, last);
    share.done(last - first, network_.n_in());
  }
  for (Index l = 1; l <= network_.depth(); ++l)
    fcnn::forward(parameters_.weights(l), network_.layer(l).activation,
                  batch.a_before(l), batch.z(l), batch.a(l), share);
}

template <class T>
void Propagator<T>::output_deltas(Index k, const Batch<T>& batch,
                                  const Share& share) const {
  const Index depth = network_.depth();
  // delta[L] = e_k * sigma'(z[L])
  set_unit(batch.delta(depth), k, share);
  times_derivative(network_.layer(depth).activation, batch.z(depth), batch.a(depth),
                   batch.delta(depth), share);
  hidden_deltas(batch, share);
}

template <class T>
void Propagator<T>::input_tangents(Index j, const Batch<T>& batch,
                                   const Strips<T>& unit, const Share& share) const {
  set_unit(unit, j, share);
  for (Index l = 1; l <= network_.depth(); ++l) {
    const Strips<T>& tangent = batch.delta(l);
    Weights<T> w = parameters_.weights(l);
    w.bias = nullptr;
    // dz = W da_before,  da = sigma'(z) * dz
    fcnn::forward(w, identity_, l == 1 ? unit : batch.delta(l - 1), tangent, tangent,
                  share);
    times_derivative(network_.layer(l).activation, batch.z(l), batch.a(l), tangent,
                     share);
  }
}

template <class T>
void Propagator<T>::loss_deltas(const Loss<T>& loss, Batch<T>& batch,
                                const Share& share) const {
  const Index depth = network_.depth();
  output_delta(loss, network_.layer(depth).activation, loss_batch(batch, depth, share),
               share);
  hidden_deltas(batch, share);
}

template <class T>
void Propagator<T>::hidden_deltas(const Batch<T>& batch, const Share& share) const {
  for (Index l = network_.depth() - 1; l >= 1; --l)
    backward(parameters_.transposed(l + 1), batch.delta(l + 1),
             network_.layer(l).activation, batch.z(l), batch.a(l), batch.delta(l),
             share);
}

template <class T>
void Propagator<T>::to_input(const Batch<T>& batch, const Strips<T>& of,
                             const Share& share) const {
  // W^T delta: the input is an activation without a sigma
  backward(parameters_.transposed(1), batch.delta(1), identity_, of, of, of, share);
}

template <class T>
void Propagator<T>::parameter_row(const Batch<T>& batch, Index j, T* row,
                                  const Share& share) const {
  constexpr Index width = Strips<T>::width;
  for (Index l = 1; l <= network_.depth(); ++l) {
    const auto& layer = network_.layer(l);
    const Strips<T>&a = batch.a_before(l), &delta = batch.delta(l);
    const auto delta_times = [&](T factor, T* to) {
      for (Index s = 0; s < delta.count(); ++s)
        for (Index k = 0; k < delta.features_in(s); ++k)
          to[s * width + k] = delta.column(s, j)[k] * factor;
      share.done(delta.count(), 1);
    };
    // dW_ki = delta_k a_i, column after column
    for (Index i = 0; i < layer.n_in; ++i)
      delta_times(a.column(i / width, j)[i % width],
                  row + layer.weight + i * layer.n_out);
    // db = delta
    if (layer.bias >= 0) delta_times(T(1), row + layer.bias);
  }
}

template <class T>
void set_unit(const Strips<T>& delta, Index k, const Share& share) {
  constexpr Index width = Strips<T>::width;
  for (Index s = 0; s < delta.count(); ++s)
    std::fill(delta.column(s, share.first), delta.column(s, share.last), T(0));
  for (Index j = share.first; j < share.last; ++j)
    delta.column(k / width, j)[k % width] = T(1);
}

template <class T>
LossBatch<T> loss_batch(Batch<T>& batch, Index depth, const Share& share) {
  LossBatch<T> outputs;
  outputs.z = batch.z(depth);
  outputs.a = batch.a(depth);
  outputs.y = batch.y();
  outputs.delta = batch.delta(depth);
  outputs.weight = batch.weight.data();
  outputs.value = batch.value.data();
  outputs.first = share.first;
  outputs.last = share.last;
  return outputs;
}

template class Propagator<float>;
template class Propagator<double>;
template void set_unit(const Strips<float>&, Index, const Share&);
template void set_unit(const Strips<double>&, Index, const Share&);
template LossBatch<float> loss_batch(Batch<float>&, Index, const Share&);
template LossBatch<double> loss_batch(Batch<double>&, Index, const Share&);

}  // namespace fcnn
