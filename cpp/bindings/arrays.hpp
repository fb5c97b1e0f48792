// NumPy arrays as the core reads and makes them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "fcnn/strips.hpp"
#include "fcnn/table.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

// Compressed sparse rows, as Python hands them over: contiguous arrays of native whole
// numbers and of real numbers. What they say is checked in Python, and as they are
// read.
class Csr {
 public:
  Csr(py::array data, py::array indices, py::array indptr, Index columns);

  Csr(const Csr&) = delete;
  Csr& operator=(const Csr&) = delete;

  py::array data, indices, indptr;  // they keep the table's memory alive
  SparseRows rows;
  Table table;
};

// An array or a Csr where it stands; TypeError for another object or a dtype that is
// not real, ValueError unless it has two dimensions.
Table table_of(const py::handle& x, const char* name);

// A new array (rows, features) with the numbers of strips (features, rows), which may
// come in several chunks.
template <class T>
py::array_t<T> new_array(Index rows, Index features) {
  return py::array_t<T>({rows, features});
}

template <class T>
void copy_rows(const Strips<T>& chunk, Index first, py::array_t<T>& to) {
  from_strips(chunk, 0, chunk.columns, to.mutable_data() + first * chunk.features,
              chunk.features);
}

// A writable, C-contiguous array of T with this shape, or TypeError / ValueError.
template <class T>
T* writable(py::array& array, Index rows, Index columns, const char* name) {
  if (!py::isinstance<py::array_t<T, py::array::c_style>>(array))
    throw py::type_error(std::string(name) +
                         " must be C-contiguous and of the network's dtype");
  if (array.ndim() != 2 || array.shape(0) != rows || array.shape(1) != columns)
    throw py::value_error(std::string(name) + " must have shape (" +
                          std::to_string(rows) + ", " + std::to_string(columns) + ")");
  return static_cast<T*>(array.mutable_data());  // ValueError where it is read-only
}

}  // namespace fcnn::bindings
