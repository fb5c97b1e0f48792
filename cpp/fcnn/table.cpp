#include "fcnn/table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "fcnn/simd.hpp"

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

// n numbers side by side, of T itself: whole packs, then the rest.
template <class T>
void copy(const std::byte* from, Index n, T* to) {
  constexpr Index size = Pack<T>::size;
  const auto at = [&](Index j) { return from + j * static_cast<Index>(sizeof(T)); };
  Index j = 0;
  for (; j + size <= n; j += size) std::memcpy(to + j, at(j), size * sizeof(T));
  for (; j < n; ++j) std::memcpy(to + j, at(j), sizeof(T));
}

template <class S, class T>
void read(const Table& table, Index row, T* to) {
  constexpr Index size = kBytes<S>;
  const std::byte* from = table.row(row);
  const Index n = table.columns, step = table.column_step;
  if (table.swapped || step != size) {
    for (Index j = 0; j < n; ++j) to[j] = element<S, T>(from + j * step, table.swapped);
  } else if constexpr (std::is_same_v<S, T>) {
    copy(from, n, to);
  } else {
    for (Index j = 0; j < n; ++j) to[j] = element<S, T>(from + j * size, false);
  }
}

template <class T>
using ReadRow = void (*)(const Table& table, Index row, T* to);

template <class T>
ReadRow<T> reader(ScalarType type) {
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

}  // namespace

template <class T>
void read_row(const Table& table, Index row, T* to) {
  reader<T>(table.type)(table, row, to);
}

template <class T>
void read_rows(const Table& table, const std::int64_t* rows, Index first, Index count,
               T* to, Index to_step) {
  const ReadRow<T> read_one = reader<T>(table.type);
  for (Index i = 0; i < count; ++i)
    read_one(table, rows ? static_cast<Index>(rows[i]) : first + i, to + i * to_step);
}

void prefetch_row(const Table& table, Index row) {
  constexpr Index line = 64;
  if (std::abs(table.column_step) > line / 4) return;  // its numbers stand far apart
  const Index bytes = table.columns * std::abs(table.column_step);
  const auto* from = reinterpret_cast<const char*>(table.row(row));
  for (Index at = 0; at < bytes; at += line) Eigen::internal::prefetch(from + at);
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
template void read_rows(const Table&, const std::int64_t*, Index, Index, float*, Index);
template void read_rows(const Table&, const std::int64_t*, Index, Index, double*,
                        Index);
template Index first_row_not_finite<float>(const Table&, const std::int64_t*, Index,
                                           Index);
template Index first_row_not_finite<double>(const Table&, const std::int64_t*, Index,
                                            Index);
template bool readable_in_place<float>(const Table&);
template bool readable_in_place<double>(const Table&);

}  // namespace fcnn
