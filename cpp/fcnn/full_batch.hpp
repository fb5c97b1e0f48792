// What the solvers that take all rows at once minimize, and what they remember.
#pragma once

#include "fcnn/engine.hpp"
#include "fcnn/optimizer.hpp"

namespace fcnn {

template <class T>
struct FullBatch {
  const Samples& samples;
  const Loss<T>& loss;
  Penalties penalties;
  int n_threads = 1;

  double sum_weight() const {
    const double total = sum_of_weights(samples, 0, samples.count);
    if (!(total > 0)) throw InvalidArgument("the sample weights must not sum to zero");
    return total;
  }
};

// Where C is not finite: InvalidArgument naming the row whose numbers are not, else
// Divergence.
template <class T>
[[noreturn]] void refuse_not_finite(const Samples& samples,
                                    const Standardizer& standardizer) {
  check_finite<T>(samples, standardizer, samples.count);
  throw Divergence(0);
}

}  // namespace fcnn
