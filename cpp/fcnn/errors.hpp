// What the core throws. The bindings turn each into its Python exception.
#pragma once

#include <stdexcept>
#include <string>

#include "fcnn/types.hpp"

namespace fcnn {

// A ValueError.
using InvalidArgument = std::invalid_argument;

// A RuntimeError: the network is being trained by another thread.
struct Busy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The loss or a parameter stopped being finite in this batch of the epoch.
struct Divergence : std::runtime_error {
  explicit Divergence(Index at)
      : std::runtime_error("training diverged in batch " + std::to_string(at)),
        batch(at) {}
  Index batch;
};

// The caller's `Interrupt` asked to stop (Ctrl-C); the error itself is the caller's.
struct Interrupted : std::exception {};

}  // namespace fcnn
