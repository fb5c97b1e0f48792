// The first derivatives of the network itself and of C by its inputs, exact, by
// backpropagation; row after row, in chunks of samples, so that only the result has the
// size of the result.
#pragma once

#include "fcnn/interrupt.hpp"
#include "fcnn/propagator.hpp"

namespace fcnn {

// out (count, n_out, n_in): d a[L]_k / d x_j. The bits of a row do not depend on the
// other rows, nor on the number of threads.
template <class T>
void jacobian(const Network<T>& network, const Samples& samples, T* out, int n_threads,
              Interrupt& interrupt);

// out (count, n_out, n_parameters): d a[L]_k / d theta_p. As to bits, the same.
template <class T>
void parameter_jacobian(const Network<T>& network, const Samples& samples, T* out,
                        int n_threads, Interrupt& interrupt);

// out (count, n_in): dC/dx_j of C = sum_i w_i C_i / sum w; sum_weight = sum w > 0.
template <class T>
void input_gradient(const Network<T>& network, const Samples& samples,
                    double sum_weight, const Loss<T>& loss, T* out, int n_threads,
                    Interrupt& interrupt);

}  // namespace fcnn
