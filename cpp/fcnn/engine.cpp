#include "fcnn/engine.hpp"

#include <array>
#include <cmath>

#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// Part p of `parts` of 0..count, cut at multiples of `grain`.
struct Range {
  Index first, last;
};

Range part_of(Index count, int part, int parts, Index grain) {
  const Index grains = (count + grain - 1) / grain;
  auto cut = [&](int p) { return std::min(count, grains * p / parts * grain); };
  return {cut(part), cut(part + 1)};
}

}  // namespace

template <class T>
Engine<T>::Engine(const Network<T>& network, Index max_batch, bool with_gradient)
    : network_(network),
      layout_(network),
      batch_(network, std::min(max_batch, kChunk), with_gradient) {
  parameters_.resize(layout_.size());
  if (with_gradient) {
    gradient_.setZero(layout_.size());
    transposed_.resize(static_cast<std::size_t>(network.depth() - 1));
    for (Index l = 2; l <= network.depth(); ++l)
      transposed_[static_cast<std::size_t>(l - 2)].resize(
          Strips<T>::padded(network.layer(l).n_in) * network.layer(l).n_out);
  }
  for (const auto& layer : network.layers())
    flops_per_sample_ += static_cast<double>(Strips<T>::padded(layer.n_out)) *
                         static_cast<double>(layer.n_in);
}

template <class T>
void Engine<T>::load(const T* theta) {
  layout_.pack(theta, parameters_.data());
  update([](Index, Index) {}, 1);
}

template <class T>
void Engine<T>::update(const Updater& rule) {
  update(rule, gradient_parts_);  // each updates what it has in its cache
}

template <class T>
void Engine<T>::update(const Updater& rule, int parts) {
  ThreadTeam::run(parts, [&](int part) {
    for (Index l = 1; l <= network_.depth(); ++l) {
      const Range inputs =
          part_of(network_.layer(l).n_in, part, parts, Strips<T>::width);
      update_columns(rule, l, inputs.first, inputs.last);
      if (part == 0 && layout_.has_bias(l)) {
        const Index bias = layout_.bias(parameters_.data(), l) - parameters_.data();
        rule(bias, bias + Strips<T>::padded(network_.layer(l).n_out));
      }
    }
  });
}

// The rule for W of layer l, emitting nodes first..last, strip by strip; W^T while the
// strip is in the cache.
template <class T>
void Engine<T>::update_columns(const Updater& rule, Index l, Index first, Index last) {
  const Strips<T> w = layout_.weight(parameters_.data(), l);
  Strips<T> transposed;
  if (l > 1 && !transposed_.empty())
    transposed = {transposed_[static_cast<std::size_t>(l - 2)].data(), w.columns,
                  w.features};
  for (Index s = 0; s < w.count(); ++s) {
    rule(w.column(s, first) - parameters_.data(), w.column(s, last) - parameters_.data());
    if (transposed.data) transpose(w, transposed, s, first, last);
  }
}

template <class T>
Weights<T> Engine<T>::weights(Index l) {
  const Strips<T> w = layout_.weight(parameters_.data(), l);
  return {w.data, layout_.bias(parameters_.data(), l), w.features, w.stride,
          Strips<T>::width};
}

template <class T>
int Engine<T>::share_out(Index samples, int n_threads) const {
  const double work = flops_per_sample_ * static_cast<double>(samples);
  const int parts = threads_for(work, samples, n_threads);
  return static_cast<int>(std::min<Index>(parts, samples));
}

template <class T>
void Engine<T>::forward_share(const Samples& samples, Index offset,
                              const Share& share) {
  constexpr Index rows = 64;  // then Ctrl-C may be asked about
  for (Index first = share.first; first < share.last; first += rows) {
    const Index last = std::min(first + rows, share.last);
    batch_.gather(samples, offset, first, last);
    share.done(last - first, network_.n_in());
  }
  Ahead ahead = next_rows(samples, offset + batch_.size(), share);
  for (Index l = 1; l <= network_.depth(); ++l)
    forward(weights(l), network_.layer(l).activation, batch_.a_before(l), batch_.z(l),
            batch_.a(l), share, l == 1 ? &ahead : nullptr);
}

// The rows that this share will gather from `offset` on, for the first layer's product.
template <class T>
Ahead Engine<T>::next_rows(const Samples& samples, Index offset,
                           const Share& share) const {
  if (!samples.rows) return {};  // they follow each other, and the CPU sees that itself
  const Index first = std::min(samples.count, offset + share.first);
  const Index last = std::min(samples.count, offset + share.last);
  const Index tiles = (share.count() + kTileColumns<T> - 1) / kTileColumns<T>;
  const Index calls = Strips<T>::count(network_.layer(1).n_out) * tiles *
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
    auto& transposed = transposed_[static_cast<std::size_t>(l - 1)];
    const Strips<T> w_after{transposed.data(), network_.layer(l).n_out,
                            network_.layer(l + 1).n_out};
    backward(w_after, batch_.delta(l + 1), network_.layer(l).activation, batch_.z(l),
             batch_.a(l), batch_.delta(l), share);
  }
}

template <class T>
void Engine<T>::gradient_share(bool add, int part, int parts, Interrupt& interrupt) {
  for (Index l = 1; l <= network_.depth(); ++l) {
    const Range inputs = part_of(network_.layer(l).n_in, part, parts, Strips<T>::width);
    gradient(batch_.delta(l), batch_.a_before(l), add,
             layout_.weight(gradient_.data(), l), layout_.bias(gradient_.data(), l),
             Share{inputs.first, inputs.last, part, &interrupt});
  }
}

template <class T>
double Engine<T>::run(const Samples& samples, Index first, Index last,
                      double sum_weight, const Loss<T>& loss,
                      const PassOptions& options, Interrupt& interrupt,
                      const Observer& observer) {
  if (!std::isfinite(static_cast<T>(options.l1)) ||
      !std::isfinite(static_cast<T>(options.l2)))
    throw InvalidArgument("l1 and l2 must be finite in the network's dtype");
  double total = 0;
  for (Index offset = first; offset < last; offset += kChunk) {
    const Index count = std::min(kChunk, last - offset);
    batch_.resize(count);
    const int parts = share_out(count, options.n_threads);
    for (Index j = 0; j < count; ++j)
      batch_.weight[j] = static_cast<T>(samples.weight_at(offset + j) / sum_weight);
    ThreadTeam::run(parts, [&](int part) {
      const Range range = part_of(count, part, parts, 1);
      const Share share{range.first, range.last, part, &interrupt};
      forward_share(samples, offset, share);
      backward_share(loss, options.with_gradient, share);
    });
    if (options.with_gradient) {
      gradient_parts_ = parts;
      ThreadTeam::run(parts, [&](int part) {
        gradient_share(offset > first, part, parts, interrupt);
      });
    }
    // C = sum_i w_i C_i / sum_i w_i
    for (Index j = 0; j < count; ++j)
      total += samples.weight_at(offset + j) * static_cast<double>(batch_.value[j]);
    if (observer) observer(offset, batch_);
  }
  total /= sum_weight;
  if (options.with_gradient) total += add_penalties(options.l1, options.l2);
  return total;
}

template <class T>
void Engine<T>::forward_only(const Samples& samples, int n_threads,
                             Interrupt& interrupt, const Observer& observer) {
  for (Index offset = 0; offset < samples.count; offset += kChunk) {
    const Index count = std::min(kChunk, samples.count - offset);
    batch_.resize(count);
    const int parts = share_out(count, n_threads);
    ThreadTeam::run(parts, [&](int part) {
      const Range range = part_of(count, part, parts, 1);
      forward_share(samples, offset, {range.first, range.last, part, &interrupt});
    });
    observer(offset, batch_);
  }
}

// C += l1 ||W||_1 + (l2 / 2) ||W||^2, dW += l1 sign(W) + l2 W; weights only.
template <class T>
double Engine<T>::add_penalties(double l1, double l2) {
  if (l1 == 0 && l2 == 0) return 0;
  double penalty = 0;
  const Pack<T> one(T(1)), zero(T(0));
  const Pack<T> first(static_cast<T>(l1)), second(static_cast<T>(l2));
  for (Index l = 1; l <= network_.depth(); ++l) {
    const Strips<T> w = layout_.weight(parameters_.data(), l);
    const Strips<T> g = layout_.weight(gradient_.data(), l);
    for (Index s = 0; s < w.count(); ++s) {
      Pack<T> magnitudes = zero, squares = zero;
      for (Index i = 0; i < w.stride; i += Pack<T>::size) {
        const Pack<T> x = Pack<T>::load(w.strip(s) + i);
        const Pack<T> sign = select(x == zero, zero, copysign(one, x));
        const Pack<T> slope = fma(second, x, first * sign);
        (Pack<T>::load(g.strip(s) + i) + slope).store(g.strip(s) + i);
        magnitudes = magnitudes + abs(x);
        squares = fma(x, x, squares);
      }
      penalty += l1 * static_cast<double>(sum(magnitudes)) +
                 l2 / 2 * static_cast<double>(sum(squares));
    }
  }
  return penalty;
}

double sum_of_weights(const Samples& samples, Index first, Index last) {
  if (!samples.weight) return static_cast<double>(last - first);
  double total = 0;
  for (Index i = first; i < last; ++i) total += samples.weight_at(i);
  return total;
}

template <class T>
void clip_norm(T* gradient, Index size, double bound) {
  // in double, whatever T: squares overflow where clipping is needed most
  std::array<double, 8> squares{};
  for (Index i = 0; i < size; ++i) {
    const auto g = static_cast<double>(gradient[i]);
    squares[static_cast<std::size_t>(i) % squares.size()] += g * g;
  }
  double sum_of_squares = 0;
  for (const double square : squares) sum_of_squares += square;
  const double norm = std::sqrt(sum_of_squares);
  if (norm <= bound) return;
  const Pack<T> scale(static_cast<T>(bound / norm));
  for (Index i = 0; i < size; i += Pack<T>::size)
    (Pack<T>::load(gradient + i) * scale).store(gradient + i);
}

template void clip_norm(float*, Index, double);
template void clip_norm(double*, Index, double);
template class Engine<float>;
template class Engine<double>;

}  // namespace fcnn
