#include "fcnn/predict.hpp"

#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// From this many rows on W is copied into strips: below, the copy costs more than the
// product gains by it.
constexpr Index kRowsWorthStrips = 16;

}  // namespace

template <class T>
Predictor<T>::Predictor(const Network<T>& network, Parameters parameters)
    : n_in_(network.n_in()) {
  const ParameterStrips<T> layout(network);
  if (parameters == Parameters::copied) {
    strips_.resize(layout.size());
    layout.pack(network.theta(), strips_.data());
  }
  for (Index l = 1; l <= network.depth(); ++l) {
    const auto& layer = network.layer(l);
    Weights<T> weights;
    weights.n_out = layer.n_out;
    if (parameters == Parameters::copied) {
      const Strips<T> w = layout.weight(strips_.data(), l);
      weights.weight = w.data;
      weights.bias = layout.bias(strips_.data(), l);
      weights.stride = w.stride();
      weights.step = Strips<T>::width;
    } else {
      weights.weight = network.theta() + layer.weight;
      weights.bias = layer.bias >= 0 ? network.theta() + layer.bias : nullptr;
      weights.stride = Strips<T>::width;
      weights.step = layer.n_out;
    }
    layers_.push_back({weights, layer.activation});
    widest_ = std::max(widest_, Strips<T>::padded(layer.n_out));
    multiply_adds_ +=
        static_cast<double>(layer.n_in) * static_cast<double>(layer.n_out);
  }
}

// Two layers' activations, at most so many numbers, stay in the second-level cache.
template <class T>
Index Predictor<T>::block_rows() const {
  constexpr Index numbers = 32 * 1024;
  const Index rows = numbers / std::max(widest_, n_in_) / kTileColumns * kTileColumns;
  return std::clamp<Index>(rows, kTileColumns, 40 * kTileColumns);
}

template <class T>
void Predictor<T>::run(const Features<T>& x, Index rows, T* out, T* scratch, int part,
                       Interrupt* interrupt) const {
  const Share share{0, rows, part, interrupt};
  Features<T> a = x;
  Strips<T> z;
  for (const Layer& layer : layers_) {
    T* free = z.data == scratch ? scratch + widest_ * rows : scratch;
    z = {free, layer.weights.n_out, rows};
    forward(layer.weights, layer.activation, a, z, z, share);
    a = z;
  }
  from_strips(z, 0, rows, out, n_out());
}

template <class T>
void predict(const Network<T>& network, const Table& x, T* out, int n_threads,
             Interrupt& interrupt) {
  if (x.rows == 0) return;
  using Parameters = typename Predictor<T>::Parameters;
  const Predictor<T> predictor(
      network, x.rows >= kRowsWorthStrips ? Parameters::copied : Parameters::in_place);
  const Index n_in = network.n_in(), n_out = network.n_out();
  const Index block = std::min(predictor.block_rows(), x.rows);
  const Index blocks = (x.rows + block - 1) / block;
  const double multiply_adds = predictor.multiply_adds() * static_cast<double>(x.rows);
  const int parts =
      static_cast<int>(std::min<Index>(blocks, threads_for(multiply_adds, n_threads)));
  const bool in_place = readable_in_place<T>(x);

  ThreadTeam::run(parts, [&](int part) {
    Vector<T> input(in_place ? 0 : n_in * block);
    Vector<T> scratch(predictor.scratch(block));
    for (Index b = blocks * part / parts; b < blocks * (part + 1) / parts; ++b) {
      const Index first = b * block, count = std::min(block, x.rows - first);
      Features<T> rows(input.data(), n_in, n_in);
      if (in_place) {
        rows = {reinterpret_cast<const T*>(x.row(first)), n_in,
                x.row_step / static_cast<Index>(sizeof(T))};
      } else {
        read_rows(x, nullptr, first, count, input.data(), n_in);
      }
      predictor.run(rows, count, out + first * n_out, scratch.data(), part, &interrupt);
    }
  });
}

template class Predictor<float>;
template class Predictor<double>;
template void predict(const Network<float>&, const Table&, float*, int, Interrupt&);
template void predict(const Network<double>&, const Table&, double*, int, Interrupt&);

}  // namespace fcnn
