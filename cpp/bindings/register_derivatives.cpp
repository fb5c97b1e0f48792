// The derivatives of the network itself: functions on Network32 and Network64.
#include <pybind11/stl.h>

#include "call.hpp"
#include "fcnn/derivatives.hpp"
#include "fcnn/engine.hpp"
#include "fcnn/hessian.hpp"
#include "register.hpp"
#include "samples.hpp"

namespace fcnn::bindings {

namespace {

template <class T>
void jacobian_rows(NetworkHandle<T>& self, const py::object& x, py::array& out,
                   int n_threads) {
  const Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, nullptr, false, {}, {});
  T* to = writable<T>(out, samples.count, network.n_out() * network.n_in(), "out");
  call(*self.guard, [&](Interrupt& interrupt) {
    jacobian(network, samples, to, n_threads, interrupt);
  });
}

template <class T>
void parameter_jacobian_rows(NetworkHandle<T>& self, const py::object& x,
                             py::array& out, int n_threads) {
  const Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, nullptr, false, {}, {});
  T* to =
      writable<T>(out, samples.count, network.n_out() * network.n_parameters(), "out");
  call(*self.guard, [&](Interrupt& interrupt) {
    parameter_jacobian(network, samples, to, n_threads, interrupt);
  });
}

double positive_sum_of_weights(const Samples& samples) {
  const double sum = as_core([&] { return sum_of_weights(samples, 0, samples.count); });
  if (!(sum > 0)) throw py::value_error("the sample weights must not sum to zero");
  return sum;
}

template <class T>
void input_gradient_rows(NetworkHandle<T>& self, const py::object& x,
                         const py::array& y, bool labels, const std::string& loss_name,
                         const std::optional<Weights64>& weight, py::array& out,
                         int n_threads) {
  const Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, &y, labels, weight, {});
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  const double sum_weight = positive_sum_of_weights(samples);
  T* to = writable<T>(out, samples.count, network.n_in(), "out");
  call(*self.guard, [&](Interrupt& interrupt) {
    input_gradient(network, samples, sum_weight, loss, to, n_threads, interrupt);
  });
}

template <class T>
py::array_t<T> hessian_vector_product(
    NetworkHandle<T>& self, const py::object& x, const py::array& y, bool labels,
    const std::string& loss_name, const std::optional<Weights64>& weight, double l1,
    double l2, const py::array_t<T, py::array::c_style>& v, int n_threads) {
  const Network<T>& network = *self.network;
  const Samples samples = samples_of(network, x, &y, labels, weight, {});
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  const double sum_weight = positive_sum_of_weights(samples);
  if (v.ndim() != 1 || v.shape(0) != network.n_parameters())
    throw py::value_error("v must have shape (" +
                          std::to_string(network.n_parameters()) + ",)");
  py::array_t<T> result(network.n_parameters());
  T* to = result.mutable_data();
  call(*self.guard, [&](Interrupt& interrupt) {
    HessianProduct<T> product(network, samples, sum_weight, loss);
    product.run(v.data(), Penalties{l1, l2}, to, n_threads, interrupt);
  });
  return result;
}

template <class T>
void register_derivatives_of(py::module_& m) {
  using namespace py::literals;
  m.def("jacobian", &jacobian_rows<T>, "network"_a, "X"_a, "out"_a, "n_threads"_a);
  m.def("parameter_jacobian", &parameter_jacobian_rows<T>, "network"_a, "X"_a, "out"_a,
        "n_threads"_a);
  m.def("input_gradient", &input_gradient_rows<T>, "network"_a, "X"_a, "Y"_a,
        "labels"_a, "loss"_a, "sample_weight"_a, "out"_a, "n_threads"_a);
  m.def("hessian_vector_product", &hessian_vector_product<T>, "network"_a, "X"_a, "Y"_a,
        "labels"_a, "loss"_a, "sample_weight"_a, "l1"_a, "l2"_a, "v"_a, "n_threads"_a);
}

}  // namespace

void register_derivatives(py::module_& m) {
  register_derivatives_of<float>(m);
  register_derivatives_of<double>(m);
}

}  // namespace fcnn::bindings
