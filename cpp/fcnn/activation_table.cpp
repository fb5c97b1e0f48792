#include "fcnn/activation_table.hpp"

#include "fcnn/activations.hpp"

namespace fcnn {

namespace {

template <class A>
ActivationEntry entry_of() {
  ActivationEntry entry;
  entry.name = A::name;
  entry.has_parameter = A::has_parameter;
  entry.parameter = A::parameter;
  entry.output_only = A::output_only;
  entry.initializer = A::initializer;
  return entry;
}

template <class... As>
std::vector<ActivationEntry> entries_of(TypeList<As...>) {
  return {entry_of<As>()..., entry_of<Softmax>()};
}

std::vector<NameEntry> name_entries() {
  const auto& entries = activation_entries();
  return {entries.begin(), entries.end()};
}

template <class A, class T>
void value(const T* z, T* a, Index n, T parameter) {
  for (Index i = 0; i < n; i += Pack<T>::size)
    A::value(Pack<T>::load(z + i), parameter).store(a + i);
}

template <class A, class T>
void times_derivative(const T* z, const T* a, T* delta, Index n, T parameter) {
  for (Index i = 0; i < n; i += Pack<T>::size) {
    const Pack<T> slope =
        A::derivative(Pack<T>::load(z + i), Pack<T>::load(a + i), parameter);
    (Pack<T>::load(delta + i) * slope).store(delta + i);
  }
}

template <class A, class T>
void times_derivatives(const T* z, const T* a, const T* r_z, T* delta, T* r_delta,
                       Index n, T parameter) {
  for (Index i = 0; i < n; i += Pack<T>::size) {
    const Pack<T> zi = Pack<T>::load(z + i), ai = Pack<T>::load(a + i);
    const Pack<T> slope = A::derivative(zi, ai, parameter);
    const Pack<T> bend = A::second_derivative(zi, ai, parameter);
    const Pack<T> d = Pack<T>::load(delta + i), r_zi = Pack<T>::load(r_z + i);
    (Pack<T>::load(r_delta + i) * slope + d * bend * r_zi).store(r_delta + i);
    (d * slope).store(delta + i);
  }
}

template <class T, class... As>
void set_functions(Activation<T>& found, TypeList<As...>) {
  auto take = [&](auto a) {
    using A = decltype(a);
    if (found.name != A::name) return;
    found.value = value<A, T>;
    found.times_derivative = times_derivative<A, T>;
    found.times_derivatives = times_derivatives<A, T>;
  };
  (take(As()), ...);
}

}  // namespace

const std::vector<ActivationEntry>& activation_entries() {
  static const std::vector<ActivationEntry> entries =
      entries_of(ElementwiseActivations());
  return entries;
}

std::string canonical_activation(const std::string& text) {
  return canonical_name(text, name_entries(), "activation");
}

template <class T>
Activation<T> find_activation(const std::string& text) {
  const NamedParameter named = parse_name(text, name_entries(), "activation");
  Activation<T> found;
  found.name = named.name;
  found.parameter = parameter_as<T>(named);
  set_functions(found, ElementwiseActivations());
  return found;
}

template Activation<float> find_activation(const std::string&);
template Activation<double> find_activation(const std::string&);

}  // namespace fcnn
