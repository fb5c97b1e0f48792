#include "fcnn/derivatives.hpp"

#include "fcnn/descent.hpp"
#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// f(batch, offset, share) for chunks of samples that have been through forward, each
// thread's own; `passes`: how many more f makes over each.
template <class T, class F>
void for_each_chunk(const Propagator<T>& propagator, const Samples& samples,
                    Index passes, int n_threads, Interrupt& interrupt, F f) {
  if (samples.count == 0) return;
  const double work = propagator.multiply_adds() * static_cast<double>(1 + passes) *
                      static_cast<double>(samples.count);
  const int parts = static_cast<int>(
      std::min<Index>(samples.count, threads_for_call(work, n_threads)));
  ThreadTeam::run(parts, [&](int part) {
    const Range range = part_of(samples.count, part, parts, 1);
    Batch<T> batch(propagator.network(), std::min(kChunk, range.last - range.first),
                   true);
    for (Index offset = range.first; offset < range.last; offset += kChunk) {
      batch.resize(std::min(kChunk, range.last - offset));
      const Share share{0, batch.size(), part, &interrupt};
      propagator.forward(samples, offset, batch, share);
      f(batch, offset, share);
    }
  });
}

// (n_in, samples) in strips, for to_input.
template <class T>
class InputStrips {
 public:
  const Strips<T>& resized(Index n_in, Index samples) {
    storage_.resize(Strips<T>::size_apart(n_in, samples));
    return strips_ = Strips<T>::apart(storage_.data(), n_in, samples);
  }

 private:
  Vector<T> storage_;
  Strips<T> strips_;
};

// to[(i features + k) step] = strips(k, i)
template <class T>
void scatter(const Strips<T>& strips, T* to, Index step) {
  constexpr Index width = Strips<T>::width;
  for (Index i = 0; i < strips.columns; ++i)
    for (Index k = 0; k < strips.features; ++k)
      to[(i * strips.features + k) * step] = strips.column(k / width, i)[k % width];
}

}  // namespace

template <class T>
void jacobian(const Network<T>& network, const Samples& samples, T* out, int n_threads,
              Interrupt& interrupt) {
  const Propagator<T> propagator(network);
  const Index n_in = network.n_in(), n_out = network.n_out();
  // by as few passes as there can be: backwards from each output, or forwards from each
  // input
  const bool backwards = n_out <= n_in;
  for_each_chunk(propagator, samples, std::min(n_in, n_out), n_threads, interrupt,
                 [&](const Batch<T>& batch, Index offset, const Share& share) {
                   InputStrips<T> inputs;
                   const Strips<T>& of = inputs.resized(n_in, batch.size());
                   T* to = out + offset * n_out * n_in;
                   for (Index k = 0; backwards && k < n_out; ++k) {
                     propagator.output_deltas(k, batch, share);
                     propagator.to_input(batch, of, share);
                     from_strips(of, 0, batch.size(), to + k * n_in, n_out * n_in);
                   }
                   for (Index j = 0; !backwards && j < n_in; ++j) {
                     propagator.input_tangents(j, batch, of, share);
                     scatter(batch.delta(network.depth()), to + j, n_in);
                   }
                 });
}

template <class T>
void parameter_jacobian(const Network<T>& network, const Samples& samples, T* out,
                        int n_threads, Interrupt& interrupt) {
  const Propagator<T> propagator(network);
  const Index n_out = network.n_out(), n_parameters = network.n_parameters();
  for_each_chunk(propagator, samples, 2 * n_out, n_threads, interrupt,
                 [&](const Batch<T>& batch, Index offset, const Share& share) {
                   for (Index k = 0; k < n_out; ++k) {
                     propagator.output_deltas(k, batch, share);
                     T* row = out + (offset * n_out + k) * n_parameters;
                     for (Index j = 0; j < batch.size(); ++j)
                       propagator.parameter_row(batch, j,
                                                row + j * n_out * n_parameters, share);
                   }
                 });
}

template <class T>
void input_gradient(const Network<T>& network, const Samples& samples,
                    double sum_weight, const Loss<T>& loss, T* out, int n_threads,
                    Interrupt& interrupt) {
  const Propagator<T> propagator(network);
  const Index n_in = network.n_in();
  for_each_chunk(propagator, samples, 1, n_threads, interrupt,
                 [&](Batch<T>& batch, Index offset, const Share& share) {
                   InputStrips<T> inputs;
                   const Strips<T>& of = inputs.resized(n_in, batch.size());
                   set_weights(samples, offset, sum_weight, batch);
                   propagator.loss_deltas(loss, batch, share);
                   propagator.to_input(batch, of, share);
                   from_strips(of, 0, batch.size(), out + offset * n_in, n_in);
                 });
}

#define FCNN_INSTANTIATE(T)                                                       \
  template void jacobian(const Network<T>&, const Samples&, T*, int, Interrupt&); \
  template void parameter_jacobian(const Network<T>&, const Samples&, T*, int,    \
                                   Interrupt&);                                   \
  template void input_gradient(const Network<T>&, const Samples&, double,         \
                               const Loss<T>&, T*, int, Interrupt&);
FCNN_INSTANTIATE(float)
FCNN_INSTANTIATE(double)
#undef FCNN_INSTANTIATE

}  // namespace fcnn
