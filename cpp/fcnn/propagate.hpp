// Forward and backward propagation: the four formulas, each in its one place.
//
//     z[l] = W[l] a[l-1] + b[l],   a[l] = sigma(z[l])                  forward
//     delta[L] = dC/da[L] * sigma'(z[L])                               output_delta
//     delta[l] = (W[l+1]^T delta[l+1]) * sigma'(z[l])                  backward
//     dC/dW[l] = delta[l] a[l-1]^T,   dC/db[l] = sum of delta[l]       gradient
//
// Matrices are strips (features, samples); a strip is finished while it is in the
// cache. Samples first..last may be shared out at will: each is computed by itself.
#pragma once

#include "fcnn/activation_table.hpp"
#include "fcnn/interrupt.hpp"
#include "fcnn/loss_table.hpp"
#include "fcnn/noise.hpp"
#include "fcnn/product.hpp"
#include "fcnn/softmax.hpp"

namespace fcnn {

// W and b as the product reads them, strip by strip of receiving nodes: in strips, or
// in theta itself (then a last strip reads on into what follows, in lanes that nobody
// reads).
template <class T>
struct Weights {
  const T* weight = nullptr;
  const T* bias = nullptr;  // null: none
  Index n_out = 0;
  Index stride = 0;  // from strip to strip
  Index step = 0;    // from column (emitting node) to column

  const T* strip(Index s) const { return weight + s * stride; }
  const T* bias_strip(Index s) const {
    return bias ? bias + s * Strips<T>::width : nullptr;
  }
};

// Which samples, and who works on them (part 0 asks about Ctrl-C).
struct Share {
  Index first = 0, last = 0;
  int part = 0;
  Interrupt* interrupt = nullptr;

  Index count() const { return last - first; }
  // After one strip's product over so many columns and terms.
  void done(Index columns, Index terms) const {
    if (interrupt)
      interrupt->after(static_cast<double>(columns) * static_cast<double>(terms), part);
  }
};

// f(first, last) over first..last in blocks that keep `numbers` numbers for each of
// them in the second-level cache while all strips pass: half of 256 KiB, in multiples
// of `grain`.
template <class T, class F>
void in_blocks(Index first, Index last, Index numbers, Index grain, F f) {
  const Index fits = Index{128} * 1024 / static_cast<Index>(sizeof(T)) / numbers;
  const Index block = std::max(fits / grain, Index{2}) * grain;
  for (Index i = first; i < last; i += block) f(i, std::min(last, i + block));
}

// `ahead`: what to ask of memory meanwhile.
template <class T>
void forward(const Weights<T>& w, const Activation<T>& sigma, const Strips<T>& a_before,
             const Strips<T>& z, const Strips<T>& a, const Share& share,
             Ahead* ahead = nullptr) {
  const auto activate = [&](Index s, Index strips, Index first, Index last) {
    // a = sigma(z)
    if (sigma.elementwise())
      sigma.value(z.column(s, first), a.column(s, first),
                  (last - first) * strips * Strips<T>::width, sigma.parameter);
  };
  if (z.columns == 1) {
    // z = W a + b, strips side by side
    product_of_one(w.weight, w.stride, w.step, a_before.data, a_before.features, w.bias,
                   z.data, z.count());
    activate(0, z.count(), 0, 1);
    share.done(z.count(), a_before.features);
  } else {
    in_blocks<T>(share.first, share.last, a_before.features, kTileColumns<T>,
                 [&](Index first, Index last) {
                   for (Index s = 0; s < z.count(); ++s) {
                     // z = W a + b
                     product(w.strip(s), w.step, z.features_in(s), a_before,
                             w.bias_strip(s), z.strip(s), first, last, ahead);
                     activate(s, 1, first, last);
                     share.done(last - first, a_before.features);
                   }
                 });
  }
  if (!sigma.elementwise()) softmax(z, a, share.first, share.last);
}

// delta <- delta * sigma'(z), or times softmax's Jacobian.
template <class T>
void times_derivative(const Activation<T>& sigma, const Strips<T>& z,
                      const Strips<T>& a, const Strips<T>& delta, Index s, Index first,
                      Index last) {
  sigma.times_derivative(z.column(s, first), a.column(s, first), delta.column(s, first),
                         (last - first) * Strips<T>::width, sigma.parameter);
}

// delta = dC/da * sigma'(z), for the natural pairs given whole by the loss; and C.
template <class T>
void output_delta(const Loss<T>& loss, const Activation<T>& sigma,
                  const LossBatch<T>& batch, const Share& share) {
  loss.evaluate(batch, loss.parameter);
  if (loss.gives_delta || !batch.delta.data) return;
  if (!sigma.elementwise())
    return times_softmax_derivative(batch.a, batch.delta, share.first, share.last);
  for (Index s = 0; s < batch.delta.count(); ++s)
    times_derivative(sigma, batch.z, batch.a, batch.delta, s, share.first, share.last);
}

// delta = (W_after^T delta_after) * m * sigma'(z); W^T in strips of emitting nodes, m
// the mask of dropout, if there is one.
template <class T>
void backward(const Strips<T>& transposed_after, const Strips<T>& delta_after,
              const Activation<T>& sigma, const Strips<T>& z, const Strips<T>& a,
              const Strips<T>& delta, const Share& share, const Strips<T>& mask = {}) {
  const Index terms = delta_after.features;
  const auto times_slopes = [&](Index s, Index first, Index last) {
    // * m * sigma'(z)
    if (mask.data) times_mask(mask, delta, s, first, last);
    times_derivative(sigma, z, a, delta, s, first, last);
  };
  if (delta.columns == 1) {
    // W^T delta, strips side by side
    product_of_one<T>(transposed_after.data, transposed_after.stride, Strips<T>::width,
                      delta_after.data, terms, nullptr, delta.data, delta.count());
    for (Index s = 0; s < delta.count(); ++s) times_slopes(s, 0, 1);
    return share.done(delta.count(), terms);
  }
  in_blocks<T>(
      share.first, share.last, terms, kTileColumns<T>, [&](Index first, Index last) {
        for (Index s = 0; s < delta.count(); ++s) {
          // W^T delta
          product<T>(transposed_after.strip(s), Strips<T>::width, delta.features_in(s),
                     delta_after, nullptr, delta.strip(s), first, last);
          times_slopes(s, first, last);
          share.done(last - first, terms);
        }
      });
}

// dW = delta a_before^T and db = sum of delta over all samples, for the emitting nodes
// share.first..share.last; the first share has db as well. `add`: to what is there.
// done(s, first, last) follows each strip's dW for emitting nodes first..last.
template <class T, class F>
void gradient(const Strips<T>& delta, const Strips<T>& a_before, bool add,
              const Strips<T>& weight_gradient, T* bias_gradient, const Share& share,
              F done) {
  constexpr Index width = Strips<T>::width;
  in_blocks<T>(share.first, share.last, delta.columns, width,
               [&](Index first, Index last) {
                 for (Index s = 0; s < delta.count(); ++s) {
                   // dW = delta a^T
                   outer_product<T>(delta.strip(s), delta.features_in(s), a_before, add,
                                    weight_gradient.strip(s), first, last);
                   done(s, first, last);
                 }
               });
  // db = sum of delta
  if (bias_gradient && share.part == 0)
    for (Index s = 0; s < delta.count(); ++s)
      column_sum(delta.strip(s), delta.features_in(s), delta.columns, add,
                 bias_gradient + s * width);
}

}  // namespace fcnn
