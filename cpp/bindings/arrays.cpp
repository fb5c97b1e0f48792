#include "arrays.hpp"

#include <optional>

namespace fcnn::bindings {

namespace {

std::optional<ScalarType> scalar_type(char kind, py::ssize_t size) {
  const auto by_size = [&](ScalarType s1, ScalarType s2, ScalarType s4,
                           ScalarType s8) -> std::optional<ScalarType> {
    switch (size) {
      case 1:
        return s1;
      case 2:
        return s2;
      case 4:
        return s4;
      case 8:
        return s8;
      default:
        return std::nullopt;
    }
  };
  switch (kind) {
    case 'b':
      return ScalarType::boolean;
    case 'i':
      return by_size(ScalarType::int8, ScalarType::int16, ScalarType::int32,
                     ScalarType::int64);
    case 'u':
      return by_size(ScalarType::uint8, ScalarType::uint16, ScalarType::uint32,
                     ScalarType::uint64);
    case 'f':
      if (size == 2) return ScalarType::float16;
      if (size == 4) return ScalarType::float32;
      if (size == 8) return ScalarType::float64;
      if (size == static_cast<py::ssize_t>(sizeof(long double)))
        return ScalarType::long_double;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// Of one dimension or more: the type of its numbers, where they stand.
Table numbers_of(const py::array& array, const char* name) {
  const py::dtype dtype = array.dtype();
  const auto type = scalar_type(dtype.kind(), dtype.itemsize());
  if (!type)
    throw py::type_error(std::string(name) + " must hold real numbers, got dtype " +
                         py::cast<std::string>(py::str(dtype)));
  Table table;
  table.data = static_cast<const std::byte*>(array.data());
  table.type = *type;
  table.swapped = dtype.byteorder() == (PY_LITTLE_ENDIAN ? '>' : '<');
  return table;
}

Integers integers_of(const py::array& array, const char* name) {
  const bool wide = py::isinstance<py::array_t<std::int64_t>>(array);
  if (!wide && !py::isinstance<py::array_t<std::int32_t>>(array))
    throw py::type_error(std::string(name) + " must be int32 or int64");
  return {array.data(), wide};
}

void check_contiguous(const py::array& array, const char* name) {
  constexpr int aligned = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  constexpr int wanted = py::array::c_style | aligned;
  if (array.ndim() != 1 || (array.flags() & wanted) != wanted)
    throw py::value_error(std::string(name) + " must be contiguous, of 1 dimension");
}

}  // namespace

Csr::Csr(py::array data_, py::array indices_, py::array indptr_, Index columns)
    : data(std::move(data_)),
      indices(std::move(indices_)),
      indptr(std::move(indptr_)),
      table(numbers_of(data, "data")) {
  check_contiguous(data, "data");
  check_contiguous(indices, "indices");
  check_contiguous(indptr, "indptr");
  if (data.size() != indices.size() || indptr.size() < 1 || columns < 1)
    throw py::value_error("data and indices must be equally many, indptr 1 or more");
  rows = {integers_of(indptr, "indptr"), integers_of(indices, "indices"), data.size()};
  table.sparse = &rows;
  table.rows = indptr.size() - 1;
  table.columns = columns;
  table.column_step = data.itemsize();
}

Table table_of(const py::handle& x, const char* name) {
  if (py::isinstance<Csr>(x)) return x.cast<const Csr&>().table;
  if (!py::isinstance<py::array>(x))
    throw py::type_error(std::string(name) + " must be an ndarray or a Csr");
  const auto array = py::reinterpret_borrow<py::array>(x);
  Table table = numbers_of(array, name);
  if (array.ndim() != 2)
    throw py::value_error(std::string(name) + " must have 2 dimensions, got " +
                          std::to_string(array.ndim()));
  table.rows = array.shape(0);
  table.columns = array.shape(1);
  table.row_step = array.strides(0);
  table.column_step = array.strides(1);
  return table;
}

}  // namespace fcnn::bindings
