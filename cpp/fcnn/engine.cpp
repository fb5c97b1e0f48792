#include "fcnn/engine.hpp"

#include <cmath>

#include "fcnn/errors.hpp"
#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// Up to so many parameters a step goes over them strip by strip, gradient and update at
// once, which saves the gradient's way to the second-level cache and back. Larger ones
// come from farther away, in longer stretches; and Ctrl-C would have to wait.
constexpr Index kParametersInCache = Index{256} * 1024;

template <class T>
void check_finite(const Penalties& penalties) {
  if (!std::isfinite(static_cast<T>(penalties.l1)) ||
      !std::isfinite(static_cast<T>(penalties.l2)))
    throw InvalidArgument("l1 and l2 must be finite in the network's dtype");
}

}  // namespace

template <class T>
Engine<T>::Engine(const Network<T>& network, Index max_batch, bool with_gradient)
    : network_(network),
      layout_(network),
      batch_(network, std::min(max_batch, kChunk), with_gradient) {
  parameters_.resize(layout_.size());
  if (with_gradient) descent_.emplace(network, layout_, parameters_.data());
  for (const auto& layer : network.layers())
    multiply_adds_ += static_cast<double>(Strips<T>::padded(layer.n_out)) *
                      static_cast<double>(layer.n_in);
}

template <class T>
void Engine<T>::load(const T* theta) {
  layout_.pack(theta, parameters_.data());
  if (descent_) descent_->transpose_all();
}

template <class T>
Weights<T> Engine<T>::weights(Index l) {
  const Strips<T> w = layout_.weight(parameters_.data(), l);
  return {w.data, layout_.bias(parameters_.data(), l), w.features, w.stride,
          Strips<T>::width};
}

template <class T>
int Engine<T>::share_out(Index samples, int n_threads) const {
  const double work = multiply_adds_ * static_cast<double>(samples);
  const int parts = threads_for_step(work, samples, n_threads);
  return static_cast<int>(std::min<Index>(parts, samples));
}

template <class T>
void Engine<T>::forward_share(const Samples& samples, Index offset, const Share& share,
                              const Draws* draws) {
  constexpr Index rows = 64;  // then Ctrl-C may be asked about
  for (Index first = share.first; first < share.last; first += rows) {
    const Index last = std::min(first + rows, share.last);
    batch_.gather(samples, offset, first, last);
    share.done(last - first, network_.n_in());
  }
  Draws here;
  if (draws) {
    here = *draws;
    here.first += offset;
    batch_.disturb_inputs(here, share.first, share.last);
  }
  Ahead ahead = next_rows(samples, offset + batch_.size(), share);
  for (Index l = 1; l <= network_.depth(); ++l) {
    forward(weights(l), network_.layer(l).activation, batch_.a_before(l), batch_.z(l),
            batch_.a(l), share, l == 1 ? &ahead : nullptr);
    if (draws) batch_.drop_out_layer(here, l, share.first, share.last);
  }
}

// The rows that this share will gather from `offset` on, for the first layer's product.
template <class T>
Ahead Engine<T>::next_rows(const Samples& samples, Index offset,
                           const Share& share) const {
  if (!samples.rows) return {};  // they follow each other, and the CPU sees that itself
  const Index first = std::min(samples.count, offset + share.first);
  const Index last = std::min(samples.count, offset + share.last);
  const Index calls = count_tiles<T>(network_.layer(1).n_out, share.count()) *
                      Strips<T>::count(network_.n_in());
  return rows_ahead(samples.x, samples.rows + first, samples.rows + last, calls);
}

template <class T>
void Engine<T>::backward_share(const Loss<T>& loss, bool with_gradient,
                               const Share& share) {
  const Index depth = network_.depth();
  LossBatch<T> outputs;
  outputs.z = batch_.z(depth);
  outputs.a = batch_.a(depth);
  outputs.y = batch_.y();
  if (with_gradient) outputs.delta = batch_.delta(depth);
  outputs.weight = batch_.weight.data();
  outputs.value = batch_.value.data();
  outputs.first = share.first;
  outputs.last = share.last;
  output_delta(loss, network_.layer(depth).activation, outputs, share);
  if (!with_gradient) return;
  for (Index l = depth - 1; l >= 1; --l) {
    backward(descent_->transposed(l + 1), batch_.delta(l + 1),
             network_.layer(l).activation, batch_.z(l), batch_.a(l), batch_.delta(l),
             share, batch_.mask(l));
  }
}

// after(add, is_last) follows each chunk; `add` is false for the first.
template <class T>
template <class F>
double Engine<T>::for_each_chunk(const Pass<T>& pass, Interrupt& interrupt, F after) {
  check_finite<T>(pass.penalties);
  const Samples& samples = pass.samples;
  double total = 0;
  for (Index offset = pass.first; offset < pass.last; offset += kChunk) {
    const Index count = std::min(kChunk, pass.last - offset);
    batch_.resize(count);
    batch_.begin_noise(pass.draws != nullptr);
    parts_ = share_out(count, pass.n_threads);
    set_weights(samples, offset, pass.sum_weight, batch_);
    ThreadTeam::run(parts_, [&](int part) {
      const Range range = part_of(count, part, parts_, 1);
      const Share share{range.first, range.last, part, &interrupt};
      forward_share(samples, offset, share, pass.draws);
      backward_share(pass.loss, pass.with_gradient, share);
    });
    // C = sum_i w_i C_i / sum_i w_i
    for (Index j = 0; j < count; ++j)
      total += samples.weight_at(offset + j) * static_cast<double>(batch_.value[j]);
    if (pass.observer) pass.observer(offset, batch_);
    after(offset > pass.first, offset + count == pass.last);
  }
  return total / pass.sum_weight;
}

template <class T>
double Engine<T>::run(const Pass<T>& pass, Interrupt& interrupt) {
  const double c = for_each_chunk(pass, interrupt, [&](bool add, bool) {
    if (pass.with_gradient) descent_->find_gradient(batch_, add, parts_, interrupt);
  });
  return pass.with_gradient ? c + descent_->add_penalties(pass.penalties, parts_) : c;
}

template <class T>
double Engine<T>::step(const Pass<T>& pass, const Bounds& bounds,
                       const Updater<T>& updater, Interrupt& interrupt) {
  const bool at_once = bounds.clip_norm == 0 && layout_.size() <= kParametersInCache;
  const double c = for_each_chunk(pass, interrupt, [&](bool add, bool is_last) {
    if (at_once && is_last) {
      penalty_ = descent_->update_at_once(batch_, add, pass.penalties, updater, parts_);
    } else {
      descent_->find_gradient(batch_, add, parts_, interrupt);
    }
  });
  if (!at_once) {
    penalty_ = descent_->add_penalties(pass.penalties, parts_);
    if (bounds.clip_norm > 0) descent_->clip_norm(bounds.clip_norm);
    interrupt.between_passes();  // the update is made as a whole
    descent_->update(updater, parts_);
  }
  if (bounds.max_norm > 0) descent_->limit_norms(bounds.max_norm, parts_);
  return c + penalty_;
}

template <class T>
void Engine<T>::forward_only(const Samples& samples, int n_threads,
                             Interrupt& interrupt, const Observer<T>& observer) {
  for (Index offset = 0; offset < samples.count; offset += kChunk) {
    const Index count = std::min(kChunk, samples.count - offset);
    batch_.resize(count);
    batch_.begin_noise(false);
    const int parts = share_out(count, n_threads);
    ThreadTeam::run(parts, [&](int part) {
      const Range range = part_of(count, part, parts, 1);
      forward_share(samples, offset, {range.first, range.last, part, &interrupt},
                    nullptr);
    });
    observer(offset, batch_);
  }
}

double sum_of_weights(const Samples& samples, Index first, Index last) {
  if (!samples.weight) return static_cast<double>(last - first);
  double total = 0;
  for (Index i = first; i < last; ++i) total += samples.weight_at(i);
  return total;
}

template class Engine<float>;
template class Engine<double>;

}  // namespace fcnn
