// X, y and the weights of a call, as the core reads them.
#pragma once

#include <optional>

#include "arrays.hpp"
#include "fcnn/batch.hpp"

namespace fcnn::bindings {

using Weights64 = py::array_t<double, py::array::c_style>;
using Rows64 = py::array_t<std::int64_t, py::array::c_style>;

// ValueError where one is not a row of X.
inline void check_row_numbers(const Samples& samples) {
  for (Index i = 0; samples.rows && i < samples.count; ++i)
    if (samples.rows[i] < 0 || samples.rows[i] >= samples.x.rows)
      throw py::value_error("rows must be from 0 to " +
                            std::to_string(samples.x.rows - 1) + ", got " +
                            std::to_string(samples.rows[i]));
}

// ValueError where shapes do not go together; the arrays must outlive the result.
template <class T>
Samples samples_of(const Network<T>& network, const py::object& x, const py::array* y,
                   bool labels, const std::optional<Weights64>& weight,
                   const std::optional<Rows64>& rows, bool check_rows = true) {
  Samples samples;
  samples.x = table_of(x, "X");
  samples.count = samples.x.rows;
  if (samples.x.columns != network.n_in())
    throw py::value_error("X must have " + std::to_string(network.n_in()) +
                          " columns, got " + std::to_string(samples.x.columns));
  if (y) {
    samples.y = table_of(*y, "y");
    samples.labels = labels;
    const Index columns = labels ? 1 : network.n_out();
    if (samples.y.columns != columns || samples.y.rows != samples.x.rows)
      throw py::value_error("y must have shape (" + std::to_string(samples.x.rows) +
                            ", " + std::to_string(columns) + "), got (" +
                            std::to_string(samples.y.rows) + ", " +
                            std::to_string(samples.y.columns) + ")");
  }
  if (weight) {
    if (weight->ndim() != 1 || weight->shape(0) != samples.x.rows)
      throw py::value_error("sample_weight must have shape (" +
                            std::to_string(samples.x.rows) + ",)");
    samples.weight = weight->data();
  }
  if (rows) {
    if (rows->ndim() != 1) throw py::value_error("rows must have 1 dimension");
    samples.rows = rows->data();
    samples.count = rows->shape(0);
    if (check_rows) check_row_numbers(samples);
  }
  return samples;
}

}  // namespace fcnn::bindings
