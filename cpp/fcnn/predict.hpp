// Prediction: rows in blocks that stay in the cache, layer after layer.
#pragma once

#include "fcnn/interrupt.hpp"
#include "fcnn/network.hpp"
#include "fcnn/table.hpp"

namespace fcnn {

// out (x.rows, n_out), row after row. Row i has the same bits whatever the other rows
// and the number of threads.
template <class T>
void predict(const Network<T>& network, const Table& x, T* out, int n_threads,
             Interrupt& interrupt);

}  // namespace fcnn
