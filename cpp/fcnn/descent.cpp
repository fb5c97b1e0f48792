#include "fcnn/descent.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "fcnn/optimizers.hpp"
#include "fcnn/thread_team.hpp"

namespace fcnn {

template <class T>
Descent<T>::Descent(const Network<T>& network, const ParameterStrips<T>& layout,
                    T* parameters)
    : network_(network),
      layout_(layout),
      parameters_(parameters),
      gradient_(Vector<T>::Zero(layout.size())),
      transposed_(at(network.depth() + 1)),
      first_square_(at(network.depth() + 1)) {
  Index squares = 0;
  for (Index l = 1; l <= network.depth(); ++l) {
    const auto& layer = network.layer(l);
    if (l > 1) transposed_[at(l)].resize(Strips<T>::padded(layer.n_in) * layer.n_out);
    first_square_[at(l)] = squares;
    squares += Strips<T>::count(layer.n_out) * Strips<T>::count(layer.n_in);
  }
  penalties_.setZero(squares);
}

template <class T>
Strips<T> Descent<T>::transposed(Index l) {
  const auto& layer = network_.layer(l);
  return {transposed_[at(l)].data(), layer.n_in, layer.n_out};
}

template <class T>
void Descent<T>::transpose_all() {
  for (Index l = 2; l <= network_.depth(); ++l) {
    const Strips<T> w = layout_.weight(parameters_, l);
    for (Index s = 0; s < w.count(); ++s) transpose(w, transposed(l), s, 0, w.columns);
  }
}

// f(l, share) for the layers of each part.
template <class T>
template <class F>
void Descent<T>::for_each_layer(int parts, Interrupt* interrupt, F f) {
  ThreadTeam::run(parts, [&](int part) {
    for (Index l = 1; l <= network_.depth(); ++l) {
      const Range inputs =
          part_of(network_.layer(l).n_in, part, parts, Strips<T>::width);
      f(l, Share{inputs.first, inputs.last, part, interrupt});
    }
  });
}

template <class T>
void Descent<T>::find_gradient(const Batch<T>& batch, bool add, int parts,
                               Interrupt& interrupt) {
  for_each_layer(parts, &interrupt, [&](Index l, const Share& share) {
    fcnn::gradient<T>(
        batch.delta(l), batch.a_before(l), add, layout_.weight(gradient_.data(), l),
        layout_.bias(gradient_.data(), l), share, [&](Index, Index first, Index last) {
          share.done(last - first, batch.size());
        });
  });
}

// dW += l1 sign(W) + l2 W, for some columns of strip s of layer l, whose gradient is g.
template <class T>
void Descent<T>::add_penalty(const Penalties& penalties, Index l, Index s,
                             const Range& columns, const Strips<T>& g) {
  if (!penalties.any()) return;
  constexpr Index width = Strips<T>::width;
  const Strips<T> w = layout_.weight(parameters_, l);
  const Pack<T> one(T(1)), zero(T(0));
  const Pack<T> l1(static_cast<T>(penalties.l1)), l2(static_cast<T>(penalties.l2));
  for (Index j = columns.first; j < columns.last; j += width) {
    Pack<T> magnitudes = zero, squares = zero;
    const Index numbers = std::min(width, columns.last - j) * width;
    for (Index i = 0; i < numbers; i += Pack<T>::size) {
      const Pack<T> x = Pack<T>::load(w.column(s, j) + i);
      T* slope = g.column(s, j) + i;
      const Pack<T> sign = select(x == zero, zero, copysign(one, x));
      (Pack<T>::load(slope) + fma(l2, x, l1 * sign)).store(slope);
      magnitudes = magnitudes + abs(x);
      squares = fma(x, x, squares);
    }
    const Index square = s * Strips<T>::count(w.columns) + j / width;
    penalties_[first_square_[at(l)] + square] =
        penalties.l1 * static_cast<double>(sum(magnitudes)) +
        penalties.l2 / 2 * static_cast<double>(sum(squares));
  }
}

template <class T>
double Descent<T>::sum_of_penalties(const Penalties& penalties) const {
  if (!penalties.any()) return 0;
  double total = 0;
  for (Index i = 0; i < penalties_.size(); ++i) total += penalties_[i];
  return total;
}

template <class T>
double Descent<T>::add_penalties(const Penalties& penalties, int parts) {
  if (!penalties.any()) return 0;
  for_each_layer(parts, nullptr, [&](Index l, const Share& share) {
    const Strips<T> g = layout_.weight(gradient_.data(), l);
    for (Index s = 0; s < g.count(); ++s)
      add_penalty(penalties, l, s, {share.first, share.last}, g);
  });
  return sum_of_penalties(penalties);
}

namespace {

// |unit x|^2.
template <class T>
double sum_of_squares(const Vector<T>& x, double unit) {
  std::array<double, 8> squares{};
  for (Index i = 0; i < x.size(); ++i) {
    const double part = static_cast<double>(x[i]) * unit;
    squares[static_cast<std::size_t>(i) % squares.size()] += part * part;
  }
  double total = 0;
  for (const double square : squares) total += square;
  return total;
}

}  // namespace

template <class T>
void Descent<T>::clip_norm(double bound) {
  // in double, whatever T: squares overflow where clipping is needed most
  double squares = sum_of_squares(gradient_, 1);
  if (!std::isfinite(squares)) {  // even there: once more, smaller
    constexpr double unit = 0x1p-600;
    squares = sum_of_squares(gradient_, unit);
    bound *= unit;
  }
  const double norm = std::sqrt(squares);
  if (norm <= bound) return;
  // a factor that would count as zero goes in two steps
  const double factor = bound / norm;
  const bool small = factor < static_cast<double>(std::numeric_limits<T>::min());
  const double step = small ? std::sqrt(bound) / std::sqrt(norm) : factor;
  const Pack<T> scale(static_cast<T>(step));
  for (int steps = small ? 2 : 1; steps > 0; --steps)
    for (Index i = 0; i < gradient_.size(); i += Pack<T>::size)
      (Pack<T>::load(gradient_.data() + i) * scale).store(gradient_.data() + i);
}

// theta by the rule, for some columns of strip s of layer l; then W^T.
template <class T>
void Descent<T>::update_strip(const Updater<T>& updater, Index l, Index s,
                              const Range& columns, const Strips<T>& g) {
  const Strips<T> w = layout_.weight(parameters_, l);
  updater.rule(w.column(s, columns.first) - parameters_,
               w.column(s, columns.last) - parameters_, g.column(s, columns.first));
  if (l > 1) transpose(w, transposed(l), s, columns.first, columns.last);
}

template <class T>
void Descent<T>::update_bias(const Updater<T>& updater, Index l, const Share& share) {
  if (share.part != 0 || !layout_.has_bias(l)) return;
  const Index bias = layout_.bias(parameters_, l) - parameters_;
  updater.rule(bias, bias + Strips<T>::padded(network_.layer(l).n_out),
               gradient_.data() + bias);
}

template <class T>
void Descent<T>::update(const Updater<T>& updater, int parts) {
  updater.begin();
  for_each_layer(parts, nullptr, [&](Index l, const Share& share) {
    const Strips<T> g = layout_.weight(gradient_.data(), l);
    for (Index s = 0; s < g.count(); ++s)
      update_strip(updater, l, s, {share.first, share.last}, g);
    update_bias(updater, l, share);
  });
}

namespace {

// Of the weights into some nodes of strip s, each times unit.
template <class T>
Pack<T> sum_of_squares(const Strips<T>& w, Index s, Index first, Pack<T> unit) {
  Pack<T> squares(T(0));
  for (Index j = 0; j < w.columns; ++j) {
    const Pack<T> x = Pack<T>::load(w.column(s, j) + first) * unit;
    squares = fma(x, x, squares);
  }
  return squares;
}

}  // namespace

// Srivastava et al., Dropout, JMLR 15, 2014, section 5.1. Shared out by strips of
// nodes.
template <class T>
void Descent<T>::limit_norms(double bound, int parts) {
  const Pack<T> one(T(1)), most(static_cast<T>(bound));
  const Pack<T> infinity(std::numeric_limits<T>::infinity());
  constexpr int half = std::numeric_limits<T>::max_exponent / 2;
  const Pack<T> unit(std::ldexp(T(1), -half - 16));
  ThreadTeam::run(parts, [&](int part) {
    for (Index l = 1; l <= network_.depth(); ++l) {
      const Strips<T> w = layout_.weight(parameters_, l);
      const Range mine = part_of(w.count(), part, parts, 1);
      for (Index s = mine.first; s < mine.last; ++s) {
        bool changed = false;
        for (Index i = 0; i < Strips<T>::width; i += Pack<T>::size) {
          Pack<T> squares = sum_of_squares(w, s, i, one), before = one;
          Pack<T> factor = at_most(quotient(most, sqrt(squares)), one);
          if (!std::isfinite(sum(squares))) {  // some overflow: once more, smaller
            // two factors, as their product might count as zero
            before = select(squares < infinity, one, unit);
            squares = sum_of_squares(w, s, i, before);
            factor = at_most(quotient(most, sqrt(squares)), quotient(one, before));
          }
          if (!(sum(before * factor) < static_cast<T>(Pack<T>::size))) continue;
          changed = true;
          for (Index j = 0; j < w.columns; ++j) {
            T* x = w.column(s, j) + i;
            (Pack<T>::load(x) * before * factor).store(x);
          }
        }
        if (changed && l > 1) transpose(w, transposed(l), s, 0, w.columns);
      }
    }
  });
}

template <class T>
double Descent<T>::update_at_once(const Batch<T>& batch, bool add,
                                  const Penalties& penalties, const Updater<T>& updater,
                                  int parts) {
  updater.begin();
  for_each_layer(parts, nullptr, [&](Index l, const Share& share) {
    Strips<T> g = layout_.weight(gradient_.data(), l);
    // with nothing to add to, all strips take turns in the room of the first
    if (!add) g.stride = 0;
    fcnn::gradient<T>(batch.delta(l), batch.a_before(l), add, g,
                      layout_.bias(gradient_.data(), l), share,
                      [&](Index s, Index first, Index last) {
                        add_penalty(penalties, l, s, {first, last}, g);
                        update_strip(updater, l, s, {first, last}, g);
                      });
    update_bias(updater, l, share);
  });
  return sum_of_penalties(penalties);
}

template class Descent<float>;
template class Descent<double>;

}  // namespace fcnn
