// The losses by name, as the network calls them: over a batch.
#pragma once

#include <string>
#include <vector>

#include "fcnn/named_parameter.hpp"
#include "fcnn/strips.hpp"

namespace fcnn {

struct LossEntry : NameEntry {
  std::vector<std::string> outputs;  // allowed; empty: any
  std::string natural_output;        // whose delta is a - y
  bool is_natural_loss = false;      // whether loss=None means it for that output
  double target_low = 0, target_high = 0;
};

const std::vector<LossEntry>& loss_entries();

std::string canonical_loss(const std::string& text);

// What loss=None means.
std::string natural_loss(const std::string& output);

// InvalidArgument, with the outputs allowed, where the two do not go together.
void check_loss_output(const std::string& loss, const std::string& output);

// Outputs and targets of samples first..last, and where the results go.
template <class T>
struct LossBatch {
  Strips<T> z, a, y;
  Strips<T> delta;  // dC/da, or dC/dz where `gives_delta`; data null: not wanted
  const T* weight = nullptr;  // w_i / sum w, the factor of sample i in the batch's C
  T* value = nullptr;         // C of each sample, without that factor
  Index first = 0, last = 0;
};

template <class T>
struct Loss {
  LossEntry entry;
  T parameter = 0;
  bool gives_delta = false;  // the natural pair: evaluate gives dC/dz itself
  void (*evaluate)(const LossBatch<T>& batch, T parameter) = nullptr;
  // r_delta = (d2C/da2) r_a: how what evaluate gives as delta changes along R a.
  void (*r_derivative)(const LossBatch<T>& batch, const Strips<T>& r_a,
                       const Strips<T>& r_delta, T parameter) = nullptr;
};

// The loss as it is with this output. InvalidArgument as check_loss_output.
template <class T>
Loss<T> find_loss(const std::string& loss, const std::string& output);

}  // namespace fcnn
