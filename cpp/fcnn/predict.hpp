// Prediction: rows in blocks that stay in the cache, layer after layer.
#pragma once

#include "fcnn/network.hpp"
#include "fcnn/parameter_strips.hpp"
#include "fcnn/propagate.hpp"
#include "fcnn/table.hpp"

namespace fcnn {

// A network as prediction reads it. Const after it is made: any number of threads may
// use one.
template <class T>
class Predictor {
 public:
  // in_place: reads theta where it stands, for as long as the network does; else it has
  // a copy of its own, in strips.
  enum class Parameters { in_place, copied };
  Predictor(const Network<T>& network, Parameters parameters);

  Index n_in() const { return n_in_; }
  Index n_out() const { return layers_.back().weights.n_out; }
  double multiply_adds() const { return multiply_adds_; }  // of one row

  // Rows that make a good block, and the scratch numbers that a run over some needs.
  Index block_rows() const;
  Index scratch(Index rows) const;

  // out (last - first, n_out) of rows first..last of x, block after block. No
  // allocation.
  void run(const Table& x, Index first, Index last, T* out, T* scratch, int part = 0,
           Interrupt* interrupt = nullptr) const;

 private:
  struct Layer {
    Weights<T> weights;
    Activation<T> activation;
  };
  void run_block(const Strips<T>& x, Index rows, T* out, T* scratch,
                 const Share& share) const;

  Standardizer standardizer_;
  Vector<T> strips_;
  std::vector<Layer> layers_;
  Index n_in_, widest_ = 0;
  double multiply_adds_ = 0;
};

// out (x.rows, n_out), row after row. Row i has the same bits whatever the other rows
// and the number of threads.
template <class T>
void predict(const Network<T>& network, const Table& x, T* out, int n_threads,
             Interrupt& interrupt);

}  // namespace fcnn
