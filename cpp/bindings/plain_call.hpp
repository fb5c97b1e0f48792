// The arguments of a prediction in their simplest form, recognized by looking at the
// arrays' own fields: pybind11's conversions would take longer than a small network.
#pragma once

#include <pybind11/numpy.h>

#include "fcnn/table.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

// An array's own fields, if it is C-contiguous, aligned, of dtype T and native order.
template <class T>
const py::detail::PyArray_Proxy* plain_array(PyObject* object) {
  auto& api = py::detail::npy_api::get();
  if (Py_TYPE(object) != api.PyArray_Type_) return nullptr;  // no masked array
  const auto* array = py::detail::array_proxy(object);
  constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ |
                         py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  const auto* dtype = py::detail::array_descriptor_proxy(array->descr);
  constexpr int number = sizeof(T) == 4 ? py::detail::npy_api::NPY_FLOAT_
                                        : py::detail::npy_api::NPY_DOUBLE_;
  if (dtype->type_num != number || dtype->byteorder != '=' ||
      (array->flags & wanted) != wanted)
    return nullptr;
  return array;
}

inline bool overlap(const char* a, Index a_bytes, const char* b, Index b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

// x, (n_in,) or up to most_rows rows, and where the outputs go: `result`'s own numbers.
template <class T>
struct PlainCall {
  const T* x = nullptr;
  Index rows = 0;  // 0: x or out is not plain, or does not fit
  T* out = nullptr;
  py::object result;
};

// out: null for a new array.
template <class T>
PlainCall<T> plain_call(PyObject* x, PyObject* out, Index n_in, Index n_out,
                        Index most_rows) {
  const auto* input = plain_array<T>(x);
  if (!input) return {};
  const bool single = input->nd == 1;
  if (input->nd < 1 || input->nd > 2 || input->dimensions[input->nd - 1] != n_in)
    return {};
  const Index rows = single ? 1 : input->dimensions[0];
  if (rows < 1 || rows > most_rows) return {};

  PlainCall<T> call;
  const auto* output = out ? plain_array<T>(out) : nullptr;
  if (out) {
    const bool fits = output && output->nd == input->nd &&
                      output->dimensions[output->nd - 1] == n_out &&
                      (single || output->dimensions[0] == rows) &&
                      (output->flags & py::detail::npy_api::NPY_ARRAY_WRITEABLE_) &&
                      !overlap(output->data, rows * n_out * Index{sizeof(T)},
                               input->data, rows * n_in * Index{sizeof(T)});
    if (!fits) return {};
    call.result = py::reinterpret_borrow<py::object>(out);
  } else {
    call.result = single ? py::array_t<T>(n_out) : py::array_t<T>({rows, n_out});
    output = py::detail::array_proxy(call.result.ptr());
  }
  call.x = reinterpret_cast<const T*>(input->data);
  call.rows = rows;
  call.out = reinterpret_cast<T*>(output->data);
  return call;
}

// Rows side by side in memory, as the core reads them.
template <class T>
Table plain_table(const T* x, Index rows, Index n_in) {
  Table table;
  table.data = reinterpret_cast<const std::byte*>(x);
  table.rows = rows;
  table.columns = n_in;
  table.row_step = n_in * static_cast<Index>(sizeof(T));
  table.column_step = sizeof(T);
  table.type = own_type<T>;
  return table;
}

}  // namespace fcnn::bindings
