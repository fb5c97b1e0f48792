// A caller's two-dimensional array, of whatever type and layout, or sparse matrix, read
// where it stands: the whole is never copied, rows are converted as they are needed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fcnn/ahead.hpp"
#include "fcnn/strips.hpp"

namespace fcnn {

enum class ScalarType {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  float32,
  float64,
  long_double,
};

template <class T>
constexpr ScalarType own_type =
    sizeof(T) == 4 ? ScalarType::float32 : ScalarType::float64;

// Whole numbers side by side, of 4 or 8 bytes.
struct Integers {
  const void* data = nullptr;
  bool wide = false;

  // Read once, whoever writes to it meanwhile.
  Index operator[](Index i) const {
    return wide ? Index{static_cast<const volatile std::int64_t*>(data)[i]}
                : Index{static_cast<const volatile std::int32_t*>(data)[i]};
  }
};

// Compressed sparse rows (SciPy's CSR): the numbers k = begins[row] .. begins[row + 1]
// - 1 of those stored are in the columns columns[k] of the row, the others are zero.
struct SparseRows {
  Integers begins, columns;
  Index stored = 0;  // how many numbers
};

struct Table {
  const std::byte* data = nullptr;
  Index rows = 0, columns = 0;
  Index row_step = 0, column_step = 0;  // in bytes, of any sign
  ScalarType type = ScalarType::float64;
  bool swapped = false;                // the other byte order
  const SparseRows* sparse = nullptr;  // if so, data are the numbers stored, in a row
  const std::byte* row(Index i) const { return data + i * row_step; }
};

// to[j] = table(row, j), converted. Sparse rows are checked as they are read, for the
// caller may write to them meanwhile: InvalidArgument where a number has no place.
template <class T>
void read_row(const Table& table, Index row, T* to);

// strips(i, j) = table(row, i), converted; padding is set to zero.
template <class T>
void read_row(const Table& table, Index row, const Strips<T>& strips, Index j);

// Rows first..last, to be asked for in so many calls.
Ahead rows_ahead(const Table& table, const std::int64_t* first,
                 const std::int64_t* last, Index calls);

// Whether rows can be read in place: T's own type, contiguous and aligned.
template <class T>
bool readable_in_place(const Table& table);

// The first row of first..last (positions in `rows`, or the rows themselves where
// `rows` is null) with a number that is not finite as a T; -1 if there is none.
template <class T>
Index first_row_not_finite(const Table& table, const std::int64_t* rows, Index first,
                           Index last);

}  // namespace fcnn
