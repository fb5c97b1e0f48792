#include "fcnn/predict.hpp"

#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// From this many rows on W is copied into strips: below, the copy costs more than the
// product gains by it.
constexpr Index kRowsWorthStrips = 512;

}  // namespace

template <class T>
Predictor<T>::Predictor(const Network<T>& network, Parameters parameters)
    : standardizer_(network.standardizer()), n_in_(network.n_in()) {
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
      weights.stride = w.stride;
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
  constexpr Index numbers = Index{32} * 1024;
  const Index rows =
      numbers / std::max(widest_, n_in_) / kTileColumns<T> * kTileColumns<T>;
  return std::clamp<Index>(rows, kTileColumns<T>,
                           256 / kTileColumns<T> * kTileColumns<T>);
}

template <class T>
Index Predictor<T>::scratch(Index rows) const {
  const Index block = std::min(rows, block_rows());
  return Strips<T>::size_apart(n_in_, block) +
         2 * Strips<T>::size_apart(widest_, block);
}

template <class T>
void Predictor<T>::run_block(const Strips<T>& x, Index rows, T* out, T* scratch,
                             const Share& share) const {
  Strips<T> a = x;
  Strips<T> z;
  for (const Layer& layer : layers_) {
    T* free =
        z.data == scratch ? scratch + Strips<T>::size_apart(widest_, rows) : scratch;
    z = Strips<T>::apart(free, layer.weights.n_out, rows);
    forward(layer.weights, layer.activation, a, z, z, share);
    a = z;
  }
  from_strips(z, 0, rows, out, n_out());
  undo(standardizer_.targets, out, rows);
}

template <class T>
void Predictor<T>::run(const Table& x, Index first, Index last, T* out, T* scratch,
                       int part, Interrupt* interrupt) const {
  const Index block = block_rows();
  for (; first < last; first += block) {
    const Index rows = std::min(block, last - first);
    const Share share{0, rows, part, interrupt};
    if (rows == 1 && !standardizer_.inputs.any() && readable_in_place<T>(x)) {
      // a sample alone is read as it stands: nothing of it is written
      auto* row = const_cast<T*>(reinterpret_cast<const T*>(x.row(first)));
      run_block({row, n_in_, 1}, rows, out, scratch, share);
    } else {
      const auto input = Strips<T>::apart(scratch, n_in_, rows);
      for (Index j = 0; j < rows; ++j)
        read_row(standardizer_.inputs, x, first + j, input, j);
      run_block(input, rows, out, scratch + input.size(), share);
    }
    out += rows * n_out();
  }
}

template <class T>
void predict(const Network<T>& network, const Table& x, T* out, int n_threads,
             Interrupt& interrupt) {
  if (x.rows == 0) return;
  using Parameters = typename Predictor<T>::Parameters;
  const Predictor<T> predictor(
      network, x.rows >= kRowsWorthStrips ? Parameters::copied : Parameters::in_place);
  const Index block = predictor.block_rows();
  const Index blocks = (x.rows + block - 1) / block;
  const double work = predictor.multiply_adds() * static_cast<double>(x.rows);
  const int parts =
      static_cast<int>(std::min<Index>(blocks, threads_for_call(work, n_threads)));

  ThreadTeam::run(parts, [&](int part) {
    Vector<T> scratch(predictor.scratch(x.rows));
    const Index first = blocks * part / parts * block;
    const Index last = std::min(x.rows, blocks * (part + 1) / parts * block);
    predictor.run(x, first, last, out + first * network.n_out(), scratch.data(), part,
                  &interrupt);
  });
}

template class Predictor<float>;
template class Predictor<double>;
template void predict(const Network<float>&, const Table&, float*, int, Interrupt&);
template void predict(const Network<double>&, const Table&, double*, int, Interrupt&);

}  // namespace fcnn
