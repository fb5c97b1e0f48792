// Forward and backward passes over a chunk of samples from any start at the output, for
// those who want more than training does: Jacobians, the input's gradient, J^T J.
//
//     propagator.forward(samples, offset, batch, share);   gather x (and y); z, a
//     propagator.output_deltas(k, batch, share);           delta of output k
//     propagator.loss_deltas(loss, batch, share);          or delta of C
//     propagator.to_input(...), .parameter_row(...)        what follows from the deltas
//
// A Propagator has its own copy of theta, const after load(): any number of threads may
// share one, each with samples (columns) of its own of one batch, or with its own
// batch. The numbers of a sample do not depend, in any bit, on the other samples.
#pragma once

#include "fcnn/batch.hpp"
#include "fcnn/weight_strips.hpp"

namespace fcnn {

template <class T>
class Propagator {
 public:
  // Loads the network's theta; the network must outlive it.
  explicit Propagator(const Network<T>& network);
  void load(const T* theta) { parameters_.load(theta); }

  // Reads samples offset + (share.first .. share.last) of X, and of y where there is
  // one, into those columns of the batch, and computes their z[l] and a[l]. The batch
  // has been resized and has deltas.
  void forward(const Samples& samples, Index offset, Batch<T>& batch,
               const Share& share) const;

  // After forward, and as often as wanted: batch.delta(l) = d a[L]_k / d z[l] for
  // l = 1 .. L, of output k = 0 .. n_out - 1. So d a[L]_k / d W[l] = delta[l] a[l-1]^T
  // for each sample by itself; z and a stay.
  void output_deltas(Index k, const Batch<T>& batch, const Share& share) const;

  // The other way round, for few inputs and many outputs: batch.delta(l) becomes
  // d a[l] / d x_j, for l = 1 .. L. `unit`: room for (n_in, samples).
  void input_tangents(Index j, const Batch<T>& batch, const Strips<T>& unit,
                      const Share& share) const;

  // The same as output_deltas for C: batch.delta(l) = dC/dz[l] of the whole batch's C,
  // with batch.weight, which the caller has set; batch.value becomes C of each sample.
  void loss_deltas(const Loss<T>& loss, Batch<T>& batch, const Share& share) const;

  // After deltas: of (n_in, samples) = W[1]^T delta[1], the derivatives by the inputs.
  void to_input(const Batch<T>& batch, const Strips<T>& of, const Share& share) const;

  // After deltas: row[p] = the derivative by theta_p for sample j of the batch alone.
  void parameter_row(const Batch<T>& batch, Index j, T* row, const Share& share) const;

  const Network<T>& network() const { return network_; }
  const WeightStrips<T>& parameters() const { return parameters_; }
  double multiply_adds() const { return multiply_adds_; }  // of a sample's forward pass

 private:
  void hidden_deltas(const Batch<T>& batch, const Share& share) const;

  const Network<T>& network_;
  WeightStrips<T> parameters_;
  Activation<T> identity_ = find_activation<T>("identity");
  double multiply_adds_ = 0;
};

// delta <- delta * sigma'(z), or times softmax's Jacobian, for all nodes of a layer.
template <class T>
void times_derivative(const Activation<T>& sigma, const Strips<T>& z,
                      const Strips<T>& a, const Strips<T>& delta, const Share& share) {
  if (!sigma.elementwise())
    return times_softmax_derivative(a, delta, share.first, share.last);
  for (Index s = 0; s < delta.count(); ++s)
    times_derivative(sigma, z, a, delta, s, share.first, share.last);
}

// delta = e_k for each sample.
template <class T>
void set_unit(const Strips<T>& delta, Index k, const Share& share);

// The loss's view of samples share.first .. share.last of a batch.
template <class T>
LossBatch<T> loss_batch(Batch<T>& batch, Index depth, const Share& share);

}  // namespace fcnn
