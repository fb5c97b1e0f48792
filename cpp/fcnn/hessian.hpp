// The Hessian of C times a vector, exactly and without the Hessian: the derivative of
// backpropagation along v, formula by formula (B. A. Pearlmutter, Fast Exact
// Multiplication by the Hessian, Neural Computation 6, 1994). With R f = df/dtheta v,
// V and Vb the parts of v laid out like W and b, and s[l] = W[l+1]^T delta[l+1]:
//
//     R z[l] = W[l] R a[l-1] + V[l] a[l-1] + Vb[l],   R a[l] = sigma'(z[l]) * R z[l]
//     R delta[L] = R (dC/da[L] * sigma'(z[L]))
//     R s[l] = W[l+1]^T R delta[l+1] + V[l+1]^T delta[l+1]
//     R delta[l] = R s[l] * sigma'(z[l]) + s[l] * sigma''(z[l]) * R z[l]
//     R dW[l] = R delta[l] a[l-1]^T + delta[l] R a[l-1]^T,   R db[l] = sum of R
//     delta[l]
#pragma once

#include "fcnn/descent.hpp"
#include "fcnn/propagator.hpp"

namespace fcnn {

// R z, R a and R delta of each layer for one chunk, as Batch has z, a and delta.
template <class T>
class TangentBatch {
 public:
  TangentBatch(const Network<T>& network, Index capacity);
  void resize(Index samples);

  const Strips<T>& z(Index l) const { return at(l).z; }
  const Strips<T>& a(Index l) const { return at(l).a; }
  const Strips<T>& delta(Index l) const { return at(l).delta; }
  // Room for one more matrix of so many features.
  Strips<T> scratch(Index features);

 private:
  struct Layer {
    Index n_out;
    Vector<T> storage;
    Strips<T> z, a, delta;
  };
  const Layer& at(Index l) const { return layers_[static_cast<std::size_t>(l - 1)]; }

  Index size_ = 0;
  Vector<T> scratch_;
  std::vector<Layer> layers_;
};

template <class T>
class HessianProduct {
 public:
  // Of C = sum_i w_i C_i / sum w at the network's theta, over these samples.
  HessianProduct(const Network<T>& network, const Samples& samples, double sum_weight,
                 const Loss<T>& loss);

  // result = H v + l2 v for weights: l1's second derivative is 0. Both laid out like
  // theta; the bits do not depend on the number of threads.
  void run(const T* v, const Penalties& penalties, T* result, int n_threads,
           Interrupt& interrupt);

 private:
  void forward(const Share& share);
  void backward(const Share& share);
  void output_delta(const Share& share);
  void gradient(bool add, const Share& share, Index l);

  const Network<T>& network_;
  const Samples& samples_;
  double sum_weight_;
  const Loss<T>& loss_;
  Propagator<T> propagator_;
  WeightStrips<T> v_;
  Batch<T> batch_;
  TangentBatch<T> r_;
  Vector<T> product_;  // in strips
  Activation<T> identity_ = find_activation<T>("identity");
};

}  // namespace fcnn
