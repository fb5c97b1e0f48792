#include "fcnn/hessian.hpp"

#include <cmath>

#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// f(where) for each pack of samples share.first .. share.last of matrices shaped so.
template <class T, class F>
void over_packs(const Strips<T>& shape, const Share& share, F f) {
  constexpr Index width = Strips<T>::width;
  for (Index s = 0; s < shape.count(); ++s)
    for (Index i = share.first * width; i < share.last * width; i += Pack<T>::size)
      f(s * shape.stride + i);
}

template <class T>
void add(const Strips<T>& more, const Strips<T>& to, const Share& share) {
  over_packs(to, share, [&](Index i) {
    (Pack<T>::load(to.data + i) + Pack<T>::load(more.data + i)).store(to.data + i);
  });
}

template <class T>
void copy(const Strips<T>& from, const Strips<T>& to, const Share& share) {
  over_packs(to, share,
             [&](Index i) { Pack<T>::load(from.data + i).store(to.data + i); });
}

}  // namespace

template <class T>
TangentBatch<T>::TangentBatch(const Network<T>& network, Index capacity) {
  Index largest = 0;
  for (const auto& from : network.layers()) {
    const Index size = Strips<T>::size_apart(from.n_out, capacity);
    layers_.push_back({from.n_out, Vector<T>::Zero(3 * size), {}, {}, {}});
    largest = std::max(largest, size);
  }
  scratch_.setZero(largest);
}

template <class T>
void TangentBatch<T>::resize(Index samples) {
  size_ = samples;
  for (Layer& layer : layers_) {
    T* data = layer.storage.data();
    layer.z = Strips<T>::apart(data, layer.n_out, samples);
    layer.a = Strips<T>::apart(data + layer.z.size(), layer.n_out, samples);
    layer.delta = Strips<T>::apart(data + 2 * layer.z.size(), layer.n_out, samples);
  }
}

template <class T>
Strips<T> TangentBatch<T>::scratch(Index features) {
  return Strips<T>::apart(scratch_.data(), features, size_);
}

template <class T>
HessianProduct<T>::HessianProduct(const Network<T>& network, const Samples& samples,
                                  double sum_weight, const Loss<T>& loss)
    : network_(network),
      samples_(samples),
      sum_weight_(sum_weight),
      loss_(loss),
      propagator_(network),
      v_(network),
      batch_(network, std::min(kChunk, samples.count), true),
      r_(network, std::min(kChunk, samples.count)),
      product_(Vector<T>::Zero(v_.layout().size())) {}

// R z and R a.
template <class T>
void HessianProduct<T>::forward(const Share& share) {
  for (Index l = 1; l <= network_.depth(); ++l) {
    const Strips<T>&r_z = r_.z(l), &r_a = r_.a(l);
    // R z = V a + Vb
    fcnn::forward(v_.weights(l), identity_, batch_.a_before(l), r_z, r_z, share);
    if (l > 1) {
      // + W R a; the input does not depend on theta
      const Strips<T> more = r_.scratch(r_z.features);
      Weights<T> w = propagator_.parameters().weights(l);
      w.bias = nullptr;
      fcnn::forward(w, identity_, r_.a(l - 1), more, more, share);
      add(more, r_z, share);
    }
    // R a = sigma'(z) * R z
    copy(r_z, r_a, share);
    times_derivative(network_.layer(l).activation, batch_.z(l), batch_.a(l), r_a,
                     share);
  }
}

// delta <- delta * sigma'(z), and r_delta with it.
template <class T>
void times_derivatives(const Activation<T>& sigma, const Batch<T>& batch,
                       const TangentBatch<T>& r, Index l, const Share& share) {
  for (Index s = 0; s < batch.delta(l).count(); ++s)
    sigma.times_derivatives(
        batch.z(l).column(s, share.first), batch.a(l).column(s, share.first),
        r.z(l).column(s, share.first), batch.delta(l).column(s, share.first),
        r.delta(l).column(s, share.first), share.count() * Strips<T>::width,
        sigma.parameter);
}

// delta[L] and R delta[L], for the natural pairs given whole by the loss.
template <class T>
void HessianProduct<T>::output_delta(const Share& share) {
  const Index depth = network_.depth();
  const Activation<T>& sigma = network_.layer(depth).activation;
  const LossBatch<T> outputs = loss_batch(batch_, depth, share);
  loss_.evaluate(outputs, loss_.parameter);
  loss_.r_derivative(outputs, r_.a(depth), r_.delta(depth), loss_.parameter);
  if (loss_.gives_delta) return;
  if (sigma.elementwise()) {
    times_derivatives(sigma, batch_, r_, depth, share);
  } else {
    times_softmax_derivatives(batch_.a(depth), r_.a(depth), batch_.delta(depth),
                              r_.delta(depth), share.first, share.last);
  }
}

template <class T>
void HessianProduct<T>::backward(const Share& share) {
  output_delta(share);
  for (Index l = network_.depth() - 1; l >= 1; --l) {
    const Strips<T> w = propagator_.parameters().transposed(l + 1);
    const Strips<T>&delta = batch_.delta(l), &r_delta = r_.delta(l);
    const Strips<T> more = r_.scratch(delta.features);
    const auto back = [&](const Strips<T>& transposed, const Strips<T>& after,
                          const Strips<T>& to) {
      fcnn::backward(transposed, after, identity_, to, to, to, share);
    };
    // s = W^T delta,  R s = W^T R delta + V^T delta
    back(w, batch_.delta(l + 1), delta);
    back(w, r_.delta(l + 1), r_delta);
    back(v_.transposed(l + 1), batch_.delta(l + 1), more);
    add(more, r_delta, share);
    // R delta = R s * sigma'(z) + s * sigma''(z) * R z
    times_derivatives(network_.layer(l).activation, batch_, r_, l, share);
  }
}

// R dW and R db of layer l, for the emitting nodes of the share.
template <class T>
void HessianProduct<T>::gradient(bool add, const Share& share, Index l) {
  const Strips<T> r_dw = v_.layout().weight(product_.data(), l);
  const auto done = [&](Index, Index first, Index last) {
    share.done(last - first, batch_.size());
  };
  // R dW = R delta a^T,  R db = sum of R delta
  fcnn::gradient(r_.delta(l), batch_.a_before(l), add, r_dw,
                 v_.layout().bias(product_.data(), l), share, done);
  // + delta R a^T
  if (l > 1)
    fcnn::gradient<T>(batch_.delta(l), r_.a(l - 1), true, r_dw, nullptr, share, done);
}

template <class T>
void HessianProduct<T>::run(const T* v, const Penalties& penalties, T* result,
                            int n_threads, Interrupt& interrupt) {
  const T l2 = static_cast<T>(penalties.l2);
  if (!std::isfinite(l2) || !std::isfinite(static_cast<T>(penalties.l1)))
    throw InvalidArgument("l1 and l2 must be finite in the network's dtype");
  v_.load(v);
  for (Index offset = 0; offset < samples_.count; offset += kChunk) {
    const Index count = std::min(kChunk, samples_.count - offset);
    batch_.resize(count);
    r_.resize(count);
    set_weights(samples_, offset, sum_weight_, batch_);
    const double work = 2 * propagator_.multiply_adds() * static_cast<double>(count);
    const int parts = static_cast<int>(
        std::min<Index>(threads_for_step(work, count, n_threads), count));
    ThreadTeam::run(parts, [&](int part) {
      const Range range = part_of(count, part, parts, 1);
      const Share share{range.first, range.last, part, &interrupt};
      propagator_.forward(samples_, offset, batch_, share);
      forward(share);
      backward(share);
    });
    ThreadTeam::run(parts, [&](int part) {
      for (Index l = 1; l <= network_.depth(); ++l) {
        const Range inputs =
            part_of(network_.layer(l).n_in, part, parts, Strips<T>::width);
        gradient(offset > 0, {inputs.first, inputs.last, part, &interrupt}, l);
      }
    });
  }
  v_.layout().unpack(product_.data(), result);
  // + l2 V, of weights
  for (const auto& layer : network_.layers())
    for (Index p = layer.weight; p < layer.weight + layer.n_in * layer.n_out; ++p)
      result[p] += l2 * v[p];
}

template class TangentBatch<float>;
template class TangentBatch<double>;
template class HessianProduct<float>;
template class HessianProduct<double>;

}  // namespace fcnn
