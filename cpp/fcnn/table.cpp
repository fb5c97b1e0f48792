#include "fcnn/table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

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

template <class S, class T>
void read(const Table& table, Index row, T* to) {
  const std::byte* from = table.row(row);
  const Index n = table.columns, step = table.column_step;
  if (!table.swapped && step == static_cast<Index>(kBytes<S>)) {
    if constexpr (std::is_same_v<S, T>) {
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    } else {
      for (Index j = 0; j < n; ++j)
        to[j] = element<S, T>(from + j * static_cast<Index>(kBytes<S>), false);
    }
    return;
  }
  for (Index j = 0; j < n; ++j) to[j] = element<S, T>(from + j * step, table.swapped);
}

}  // namespace

template <class T>
void read_row(const Table& table, Index row, T* to) {
  switch (table.type) {
    case ScalarType::boolean:
      return read<bool>(table, row, to);
    case ScalarType::int8:
      return read<std::int8_t>(table, row, to);
    case ScalarType::int16:
      return read<std::int16_t>(table, row, to);
    case ScalarType::int32:
      return read<std::int32_t>(table, row, to);
    case ScalarType::int64:
      return read<std::int64_t>(table, row, to);
    case ScalarType::uint8:
      return read<std::uint8_t>(table, row, to);
    case ScalarType::uint16:
      return read<std::uint16_t>(table, row, to);
    case ScalarType::uint32:
      return read<std::uint32_t>(table, row, to);
    case ScalarType::uint64:
      return read<std::uint64_t>(table, row, to);
    case ScalarType::float16:
      return read<Half>(table, row, to);
    case ScalarType::float32:
      return read<float>(table, row, to);
    case ScalarType::float64:
      return read<double>(table, row, to);
    case ScalarType::long_double:
      return read<long double>(table, row, to);
  }
}

template <class T>
bool readable_in_place(const Table& table) {
  constexpr Index size = sizeof(T);
  constexpr ScalarType own = sizeof(T) == 4 ? ScalarType::float32 : ScalarType::float64;
  return table.type == own && !table.swapped &&
         (table.columns <= 1 || table.column_step == size) && table.row_step >= 0 &&
         table.row_step % size == 0 &&
         reinterpret_cast<std::uintptr_t>(table.data) % alignof(T) == 0;
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
template Index first_row_not_finite<float>(const Table&, const std::int64_t*, Index,
                                           Index);
template Index first_row_not_finite<double>(const Table&, const std::int64_t*, Index,
                                            Index);
template bool readable_in_place<float>(const Table&);
template bool readable_in_place<double>(const Table&);

}  // namespace fcnn
