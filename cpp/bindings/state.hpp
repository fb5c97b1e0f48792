// An optimizer's state as Python holds it: {"step", "scalars", "moments"}.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>

#include "fcnn/optimizer.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

// pybind11 goes on with null where Python had no memory.
inline py::object made(py::object object) {
  if (!object) throw py::error_already_set();
  return object;
}

template <class T>
py::dict state_dict(const typename Optimizer<T>::State& state) {
  py::list moments;
  for (const Vector<T>& moment : state.moments) {
    py::array_t<T> copy(moment.size());
    std::copy_n(moment.data(), moment.size(), copy.mutable_data());
    moments.append(copy);
  }
  py::dict result;
  result["step"] = made(py::cast(state.step));
  result["scalars"] = made(py::cast(state.scalars));
  result["moments"] = moments;
  return result;
}

template <class T>
typename Optimizer<T>::State state_from(const py::dict& state) {
  typename Optimizer<T>::State given;
  try {
    given.step = state["step"].cast<std::int64_t>();
    given.scalars = state["scalars"].cast<std::vector<double>>();
    for (const py::handle item : state["moments"]) {
      const auto moment = py::cast<py::array_t<T, py::array::c_style>>(item);
      given.moments.push_back(Eigen::Map<const Vector<T>>(
          moment.data(), static_cast<Index>(moment.size())));
    }
  } catch (const py::cast_error&) {
    throw py::value_error("an optimizer's state needs a step, scalars and moments");
  }
  if (given.step < 0) throw py::value_error("an optimizer's step must be at least 0");
  for (const double scalar : given.scalars)
    if (!std::isfinite(scalar))
      throw py::value_error("an optimizer's scalars must be finite");
  return given;
}

}  // namespace fcnn::bindings
