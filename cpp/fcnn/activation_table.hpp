// The activations by name, as the network calls them: over whole arrays.
#pragma once

#include <string>
#include <vector>

#include "fcnn/named_parameter.hpp"
#include "fcnn/strips.hpp"

namespace fcnn {

struct ActivationEntry : NameEntry {
  bool output_only = false;
  std::string initializer;  // what `auto` means for a layer with this activation
};

const std::vector<ActivationEntry>& activation_entries();

std::string canonical_activation(const std::string& text);

template <class T>
struct Activation {
  std::string name;  // without the parameter
  T parameter = 0;

  // a = sigma(z), and delta *= sigma'(z), over n numbers, n a multiple of the pack.
  // Null for softmax, whose outputs depend on each other: see softmax.hpp.
  void (*value)(const T* z, T* a, Index n, T parameter) = nullptr;
  void (*times_derivative)(const T* z, const T* a, T* delta, Index n,
                           T parameter) = nullptr;

  // Both derivatives at once, for the derivative along R z of delta * sigma'(z):
  // r_delta = r_delta * sigma'(z) + delta * sigma''(z) * r_z, then delta *= sigma'(z).
  void (*times_derivatives)(const T* z, const T* a, const T* r_z, T* delta, T* r_delta,
                            Index n, T parameter) = nullptr;

  bool elementwise() const { return value != nullptr; }
};

template <class T>
Activation<T> find_activation(const std::string& text);

}  // namespace fcnn
