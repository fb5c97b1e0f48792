#include "fcnn/predict.hpp"

#include "fcnn/parameter_strips.hpp"
#include "fcnn/propagate.hpp"
#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

// From this many rows on W is copied into strips: below, the copy costs more than the
// product gains by it.
constexpr Index kRowsWorthStrips = 16;

// Activations of a block, at most so many numbers, stay in the second-level cache; a
// multiple of the tile's columns.
Index block_rows(Index widest) {
  constexpr Index numbers = 32 * 1024;
  const Index rows = numbers / widest / kTileColumns * kTileColumns;
  return std::clamp<Index>(rows, kTileColumns, 40 * kTileColumns);
}

// Each layer's W and b, in theta or in strips.
template <class T>
class Model {
 public:
  Model(const Network<T>& network, bool strips) : layout_(network) {
    if (strips) {
      strips_.resize(layout_.size());
      layout_.pack(network.theta(), strips_.data());
    }
    for (Index l = 1; l <= network.depth(); ++l) {
      const auto& layer = network.layer(l);
      if (strips) {
        const Strips<T> w = layout_.weight(strips_.data(), l);
        weights_.push_back({w.data, layout_.bias(strips_.data(), l), layer.n_out,
                            w.stride(), Strips<T>::width});
      } else {
        const T* theta = network.theta();
        weights_.push_back({theta + layer.weight,
                            layer.bias >= 0 ? theta + layer.bias : nullptr, layer.n_out,
                            Strips<T>::width, layer.n_out});
      }
    }
  }
  const Weights<T>& layer(Index l) const {
    return weights_[static_cast<std::size_t>(l - 1)];
  }

 private:
  ParameterStrips<T> layout_;
  Vector<T> strips_;
  std::vector<Weights<T>> weights_;
};

}  // namespace

template <class T>
void predict(const Network<T>& network, const Table& x, T* out, int n_threads,
             Interrupt& interrupt) {
  Index widest = network.n_in();
  double multiply_adds = 0;
  for (const auto& layer : network.layers()) {
    widest = std::max(widest, Strips<T>::padded(layer.n_out));
    multiply_adds += static_cast<double>(layer.n_in) * static_cast<double>(layer.n_out);
  }
  const Model<T> model(network, x.rows >= kRowsWorthStrips);
  const Index block = std::min(block_rows(widest), x.rows);
  const Index blocks = block > 0 ? (x.rows + block - 1) / block : 0;
  const bool in_place = readable_in_place<T>(x);
  const int parts = static_cast<int>(std::min<Index>(
      blocks, threads_for(multiply_adds * static_cast<double>(x.rows), n_threads)));

  ThreadTeam::run(parts, [&](int part) {
    Vector<T> input(in_place ? 0 : network.n_in() * block);
    Vector<T> buffers(2 * widest * block);
    for (Index b = blocks * part / parts; b < blocks * (part + 1) / parts; ++b) {
      const Index first = b * block, count = std::min(block, x.rows - first);
      Features<T> a(reinterpret_cast<const T*>(x.row(first)), network.n_in(),
                    x.row_step / static_cast<Index>(sizeof(T)));
      if (!in_place) {
        for (Index j = 0; j < count; ++j)
          read_row(x, first + j, input.data() + j * network.n_in());
        a = Features<T>(input.data(), network.n_in(), network.n_in());
      }
      Strips<T> z;
      for (Index l = 1; l <= network.depth(); ++l) {
        z = {buffers.data() + (l % 2) * widest * block, network.layer(l).n_out, count};
        forward(model.layer(l), network.layer(l).activation, a, z, z,
                Share{0, count, part, &interrupt});
        a = z;
      }
      from_strips(z, 0, count, out + first * network.n_out(), network.n_out());
    }
  });
}

template void predict(const Network<float>&, const Table&, float*, int, Interrupt&);
template void predict(const Network<double>&, const Table&, double*, int, Interrupt&);

}  // namespace fcnn
