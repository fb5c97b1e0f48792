// The least-squares view of a network: residuals
//
//     r_ik = sqrt(f w_i / sum w) (a_ik - y_ik),   C = r^T r,
//
// f = 1/K of the mse and 1/2 of the quadratic loss, and J = dr/dtheta. J^T J and J^T r
// are summed over blocks of samples for one output at a time, so that memory grows with
// the square of the number of parameters, not with the samples.
#pragma once

#include "fcnn/engine.hpp"
#include "fcnn/propagator.hpp"

namespace fcnn {

class NormalEquations {
 public:
  // At the network's theta, which load() reads again.
  explicit NormalEquations(const Network<double>& network);
  NormalEquations(const NormalEquations&) = delete;  // refers to the network
  NormalEquations& operator=(const NormalEquations&) = delete;
  void load() { propagator_.load(network_.theta()); }

  // r^T r, which costs the forward pass alone.
  double loss(const Samples& samples, double factor, int n_threads,
              Interrupt& interrupt);

  // J^T J and J^T r too; returns r^T r, the same bits.
  double compute(const Samples& samples, double factor, int n_threads,
                 Interrupt& interrupt);

  // What compute() has found: J^T r, and the lower triangle of J^T J.
  Vector<double> gradient() const;
  void copy_hessian(Matrix<double>& to, Interrupt& interrupt) const;

 private:
  template <class F>
  double for_each_chunk(const Samples& samples, double factor, int n_threads,
                        Interrupt& interrupt, F after);
  double residual(Index k, Index j) const;
  void write_rows(Index k, const Strips<double>& rows, const Share& share);
  void add_products(const Strips<double>& rows, bool add, int n_threads,
                    Interrupt& interrupt);

  const Network<double>& network_;
  Propagator<double> propagator_;
  Batch<double> batch_;
  Index n_parameters_;
  // [J r]^T, a column a sample, and [J r]^T [J r] (the strips at and below the
  // diagonal)
  Vector<double> rows_storage_, products_storage_;
  Strips<double> products_;
};

}  // namespace fcnn
