#include "fcnn/table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "fcnn/errors.hpp"

namespace fcnn {

namespace {

struct Half {};  // IEEE binary16, as stored

template <class S>
constexpr std::size_t kBytes = sizeof(S);
template <>
constexpr std::size_t kBytes<Half> = 2;

template <class S>
S number(const std::array<std::byte, kBytes<S>>& bytes) {
  S value;
  std::memcpy(&value, bytes.data(), sizeof(S));
  return value;
}

template <>
bool number<bool>(const std::array<std::byte, 1>& bytes) {
  return bytes[0] != std::byte{0};
}

float of_half(const std::array<std::byte, 2>& bytes) {
  Eigen::numext::uint16_t bits = 0;
  std::memcpy(&bits, bytes.data(), 2);
  return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits));
}

template <class S, class T>
T element(const std::byte* from, bool swapped) {
  std::array<std::byte, kBytes<S>> bytes;
  std::memcpy(bytes.data(), from, bytes.size());  // it may be unaligned
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  if constexpr (std::is_same_v<S, Half>) {
    return static_cast<T>(of_half(bytes));
  } else {
    return static_cast<T>(number<S>(bytes));
  }
}

// to[j - first] = table(row, j) for columns first <= j < last.
template <class S, class T>
void read(const Table& table, Index row, Index first, Index last, T* to) {
  constexpr Index size = kBytes<S>;
  const Index n = last - first, step = table.column_step;
  const std::byte* from = table.row(row) + first * step;
  if (table.swapped || step != size) {
    for (Index j = 0; j < n; ++j) to[j] = element<S, T>(from + j * step, table.swapped);
  } else if constexpr (std::is_same_v<S, T>) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
  } else {
    for (Index j = 0; j < n; ++j) to[j] = element<S, T>(from + j * size, false);
  }
}

template <class T>
using Read = void (*)(const Table& table, Index row, Index first, Index last, T* to);

template <class T>
Read<T> reader(ScalarType type) {
  switch (type) {
    case ScalarType::boolean:
      return read<bool, T>;
    case ScalarType::int8:
      return read<std::int8_t, T>;
    case ScalarType::int16:
      return read<std::int16_t, T>;
    case ScalarType::int32:
      return read<std::int32_t, T>;
    case ScalarType::int64:
      return read<std::int64_t, T>;
    case ScalarType::uint8:
      return read<std::uint8_t, T>;
    case ScalarType::uint16:
      return read<std::uint16_t, T>;
    case ScalarType::uint32:
      return read<std::uint32_t, T>;
    case ScalarType::uint64:
      return read<std::uint64_t, T>;
    case ScalarType::float16:
      return read<Half, T>;
    case ScalarType::float32:
      return read<float, T>;
    case ScalarType::float64:
      return read<double, T>;
    case ScalarType::long_double:
      return read<long double, T>;
  }
  return nullptr;
}

[[noreturn]] void refuse_sparse(Index row) {
  throw InvalidArgument("X changed during the call: row " + std::to_string(row) +
                        " is no longer one of a sparse matrix");
}

// place(j) += table(row, j) for each number stored in the row; places begin as zeros.
template <class T, class Place>
void scatter(const Table& table, Index row, Place place) {
  constexpr Index piece = 64;
  std::array<T, piece> numbers;
  const SparseRows& sparse = *table.sparse;
  const Index begin = sparse.begins[row], end = sparse.begins[row + 1];
  if (begin < 0 || end < begin || end > sparse.stored) refuse_sparse(row);
  const Read<T> read_some = reader<T>(table.type);
  for (Index first = begin; first < end; first += piece) {
    const Index last = std::min(first + piece, end);
    read_some(table, 0, first, last, numbers.data());
    for (Index k = first; k < last; ++k) {
      const Index j = sparse.columns[k];
      if (j < 0 || j >= table.columns) refuse_sparse(row);
      place(j) += numbers[static_cast<std::size_t>(k - first)];
    }
  }
}

}  // namespace

template <class T>
bool readable_in_place(const Table& table) {
  constexpr Index size = sizeof(T);
  return !table.sparse && table.type == own_type<T> && !table.swapped &&
         (table.columns <= 1 || table.column_step == size) && table.row_step >= 0 &&
         table.row_step % size == 0 &&
         reinterpret_cast<std::uintptr_t>(table.data) % alignof(T) == 0;
}

template <class T>
void read_row(const Table& table, Index row, T* to) {
  if (table.sparse) {
    std::fill_n(to, table.columns, T(0));
    return scatter<T>(table, row, [&](Index j) -> T& { return to[j]; });
  }
  reader<T>(table.type)(table, row, 0, table.columns, to);
}

template <class T>
void read_row(const Table& table, Index row, const Strips<T>& strips, Index j) {
  if (readable_in_place<T>(table)) {
    const auto* from = reinterpret_cast<const T*>(table.row(row));
    // to the end of the last row
    const Index readable =
        table.columns + (table.rows - 1 - row) * table.row_step / Index{sizeof(T)};
    return to_strips(from, strips, j, readable);
  }
  constexpr Index width = Strips<T>::width, piece = 16 * width;
  if (table.sparse) {
    for (Index s = 0; s < strips.count(); ++s)
      std::fill_n(strips.column(s, j), width, T(0));
    return scatter<T>(table, row, [&](Index i) -> T& {
      return strips.column(i / width, j)[i % width];
    });
  }
  std::array<T, piece> numbers{};
  const Read<T> read_some = reader<T>(table.type);
  for (Index first = 0; first < table.columns; first += piece) {
    const Index n = std::min(piece, table.columns - first);
    read_some(table, row, first, first + n, numbers.data());
    to_strips(numbers.data(), strips.part(first, n), j, piece);
  }
}

Ahead rows_ahead(const Table& table, const std::int64_t* first,
                 const std::int64_t* last, Index calls) {
  const Index step = std::abs(table.column_step);
  // of a sparse row the places are not known, or a row's numbers stand far apart
  if (first == last || table.sparse || step > 16) return {};
  const Index before = table.column_step < 0 ? (table.columns - 1) * step : 0;
  return {
      table.data - before, table.row_step, table.columns * step, first, last, calls};
}

template <class T>
Index first_row_not_finite(const Table& table, const std::int64_t* rows, Index first,
                           Index last) {
  Vector<T> row(table.columns);
  for (Index i = first; i < last; ++i) {
    const Index at = rows ? static_cast<Index>(rows[i]) : i;
    read_row(table, at, row.data());
    if (!row.allFinite()) return at;
  }
  return -1;
}

template void read_row(const Table&, Index, float*);
template void read_row(const Table&, Index, double*);
template void read_row(const Table&, Index, const Strips<float>&, Index);
template void read_row(const Table&, Index, const Strips<double>&, Index);
template Index first_row_not_finite<float>(const Table&, const std::int64_t*, Index,
                                           Index);
template Index first_row_not_finite<double>(const Table&, const std::int64_t*, Index,
                                            Index);
template bool readable_in_place<float>(const Table&);
template bool readable_in_place<double>(const Table&);

}  // namespace fcnn
