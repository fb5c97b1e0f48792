// The families' lists, their names and what each function computes, for Python to
// derive everything else from.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "arrays.hpp"
#include "call.hpp"
#include "fcnn/activation_table.hpp"
#include "fcnn/float_state.hpp"
#include "fcnn/initializers.hpp"
#include "fcnn/loss_table.hpp"
#include "fcnn/noise.hpp"
#include "fcnn/optimizer.hpp"
#include "fcnn/random.hpp"
#include "register.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

namespace {

py::object parameter_of(const NameEntry& entry) {
  return entry.has_parameter ? py::object(py::float_(entry.parameter)) : py::none();
}

py::object finite_or_none(double x) {
  return std::isfinite(x) ? py::object(py::float_(x)) : py::none();
}

py::list activations() {
  py::list list;
  for (const ActivationEntry& entry : activation_entries()) {
    py::dict row;
    row["name"] = entry.name;
    row["parameter"] = parameter_of(entry);
    row["output_only"] = entry.output_only;
    row["init"] = entry.initializer;
    list.append(row);
  }
  return list;
}

py::list losses() {
  py::list list;
  for (const LossEntry& entry : loss_entries()) {
    py::dict row;
    row["name"] = entry.name;
    row["parameter"] = parameter_of(entry);
    row["outputs"] =
        entry.outputs.empty() ? py::object(py::none()) : py::cast(entry.outputs);
    row["target_low"] = finite_or_none(entry.target_low);
    row["target_high"] = finite_or_none(entry.target_high);
    row["smoothed"] = entry.smoothed != Smoothed::no;
    py::list natural;
    if (!entry.natural_output.empty()) natural.append(entry.natural_output);
    row["natural_outputs"] = natural;
    list.append(row);
  }
  return list;
}

py::list rules(const std::vector<RuleEntry>& entries) {
  py::list list;
  for (const RuleEntry& entry : entries) {
    py::dict row, hyperparameters;
    for (const Hyperparameter& h : entry.hyperparameters)
      hyperparameters[h.name] = finite_or_none(h.value);
    row["name"] = entry.name;
    row["hyperparameters"] = hyperparameters;
    list.append(row);
  }
  return list;
}

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <class T>
Activation<T> elementwise(const std::string& name) {
  const FloatState float_state;
  Activation<T> found = find_activation<T>(name);
  if (!found.elementwise())
    throw py::value_error("'" + name + "' does not work number by number");
  return found;
}

// f over a padded copy of a one-dimensional array.
template <class T, class F>
py::array_t<T> over_padded(const Array<T>& z, F f) {
  const Index n = z.size(), padded = Strips<T>::padded(n);
  Vector<T> in = Vector<T>::Zero(padded), out = Vector<T>::Zero(padded);
  std::copy_n(z.data(), n, in.data());
  const FloatState float_state;
  f(in, out, padded);
  return py::array_t<T>(n, out.data());
}

template <class T>
py::array_t<T> activation_value(const std::string& name, const Array<T>& z) {
  const Activation<T> sigma = elementwise<T>(name);
  return over_padded<T>(z, [&](Vector<T>& in, Vector<T>& out, Index n) {
    sigma.value(in.data(), out.data(), n, sigma.parameter);
  });
}

template <class T>
py::array_t<T> activation_derivative(const std::string& name, const Array<T>& z) {
  const Activation<T> sigma = elementwise<T>(name);
  return over_padded<T>(z, [&](Vector<T>& in, Vector<T>& out, Index n) {
    Vector<T> a(n);
    sigma.value(in.data(), a.data(), n, sigma.parameter);
    out.setOnes();
    sigma.times_derivative(in.data(), a.data(), out.data(), n, sigma.parameter);
  });
}

template <class T>
py::array_t<T> activation_second_derivative(const std::string& name,
                                            const Array<T>& z) {
  const Activation<T> sigma = elementwise<T>(name);
  return over_padded<T>(z, [&](Vector<T>& in, Vector<T>& out, Index n) {
    // R delta along R z = 1 of delta = 1
    Vector<T> a(n), r_z = Vector<T>::Ones(n), delta = Vector<T>::Ones(n);
    sigma.value(in.data(), a.data(), n, sigma.parameter);
    sigma.times_derivatives(in.data(), a.data(), r_z.data(), delta.data(), out.data(),
                            n, sigma.parameter);
  });
}

py::array_t<std::int64_t> permutation(Index n, std::uint64_t seed,
                                      std::uint32_t stream) {
  using Items = std::vector<std::int64_t>;
  auto items = std::make_unique<Items>();
  const Random random(seed, Stream::split, stream);
  interruptible(
      [&](Interrupt& interrupt) {
        items->resize(static_cast<std::size_t>(n));
        interrupt.between_passes();
        std::iota(items->begin(), items->end(), std::int64_t{0});
        interrupt.between_passes();
        shuffle(*items, random, interrupt);
      },
      n > 100'000);
  const std::int64_t* numbers = items->data();
  const py::capsule owner(items.get(), [](void* p) { delete static_cast<Items*>(p); });
  static_cast<void>(items.release());
  return py::array_t<std::int64_t>(n, numbers, owner);
}

py::array_t<double> thinned(std::uint64_t seed, std::uint32_t number, Index layer,
                            Index n, double p) {
  const std::vector<double> mask = thinning_mask(seed, number, layer, n, p);
  return py::array_t<double>(n, mask.data());
}

}  // namespace

void register_lists(py::module_& m) {
  using namespace py::literals;
  m.def("activations", activations);
  m.def("losses", losses);
  m.def("initializers", initializer_names);
  m.def("optimizers", [] { return rules(optimizer_entries()); });
  m.def("schedules", [] { return rules(schedule_entries()); });
  py::class_<Schedule>(m, "Schedule")
      .def(py::init([](const std::string& name, const Given& given,
                       const std::optional<Given>& warm_up) {
             const FloatState float_state;
             return Schedule(name, given, warm_up);
           }),
           "name"_a, "hyperparameters"_a, "warm_up"_a)
      .def(
          "__call__",
          [](const Schedule& self, std::int64_t t) {
            const FloatState float_state;
            return self(t);
          },
          "t"_a);
  py::class_<Csr>(m, "Csr")
      .def(py::init<py::array, py::array, py::array, Index>(), "data"_a, "indices"_a,
           "indptr"_a, "columns"_a)
      .def_readonly("data", &Csr::data)
      .def_readonly("indices", &Csr::indices)
      .def_readonly("indptr", &Csr::indptr)
      .def_property_readonly("shape", [](const Csr& self) {
        return py::make_tuple(self.table.rows, self.table.columns);
      });
  m.def(
      "canonical_activation",
      [](const std::string& name) {
        const FloatState float_state;  // which reading and writing numbers goes by
        return canonical_activation(name);
      },
      "name"_a);
  m.def(
      "canonical_loss",
      [](const std::string& name) {
        const FloatState float_state;
        return canonical_loss(name);
      },
      "name"_a);
  m.def("in_default_float_state",
        [](const py::function& f, const py::args& args, const py::kwargs& kwargs) {
          const FloatState float_state = FloatState::by_default();
          return f(*args, **kwargs);
        });
  m.def("natural_loss", natural_loss, "output"_a);
  m.def("check_loss_output", check_loss_output, "loss"_a, "output"_a);
  m.def("activation_value", activation_value<float>, "name"_a, "z"_a.noconvert());
  m.def("activation_value", activation_value<double>, "name"_a, "z"_a);
  m.def("activation_derivative", activation_derivative<float>, "name"_a,
        "z"_a.noconvert());
  m.def("activation_derivative", activation_derivative<double>, "name"_a, "z"_a);
  m.def("thinning_mask", thinned, "seed"_a, "number"_a, "layer"_a, "n"_a, "p"_a);
  m.def("activation_second_derivative", activation_second_derivative<float>, "name"_a,
        "z"_a.noconvert());
  m.def("activation_second_derivative", activation_second_derivative<double>, "name"_a,
        "z"_a);
  m.def("permutation", permutation, "n"_a, "seed"_a, "stream"_a);
}

}  // namespace fcnn::bindings
