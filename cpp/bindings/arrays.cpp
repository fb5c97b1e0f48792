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

}  // namespace

Table table_of(const py::array& array, const char* name) {
  const py::dtype dtype = array.dtype();
  const auto type = scalar_type(dtype.kind(), dtype.itemsize());
  const bool swapped = dtype.byteorder() == (PY_LITTLE_ENDIAN ? '>' : '<');
  if (!type)
    throw py::type_error(std::string(name) + " must hold real numbers, got dtype " +
                         py::cast<std::string>(py::str(dtype)));
  if (array.ndim() != 2)
    throw py::value_error(std::string(name) + " must have 2 dimensions, got " +
                          std::to_string(array.ndim()));
  Table table;
  table.data = static_cast<const std::byte*>(array.data());
  table.rows = array.shape(0);
  table.columns = array.shape(1);
  table.row_step = array.strides(0);
  table.column_step = array.strides(1);
  table.type = *type;
  table.swapped = swapped;
  return table;
}

}  // namespace fcnn::bindings
