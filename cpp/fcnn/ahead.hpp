// Rows of the caller's array that will be read soon, at random places in memory: asked
// for line by line while products keep the core busy. Asked for all at once, they would
// wait for each other, and the core for them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fcnn/types.hpp"

namespace fcnn {

class Ahead {
 public:
  Ahead() = default;

  // Rows *first .. *last of `bytes` bytes, row r at data + r row_step, to be asked for
  // in `calls` calls of some().
  Ahead(const std::byte* data, Index row_step, Index bytes, const std::int64_t* first,
        const std::int64_t* last, Index calls)
      : data_(data), row_step_(row_step), bytes_(bytes), row_(first), end_(last) {
    const Index lines = (last - first) * (bytes / kLine + 1);
    lines_a_call_ = (lines + calls - 1) / calls;
    begin_row();
  }

  void some() {
    for (Index n = lines_a_call_; n > 0 && row_ != end_; --n) {
      Eigen::internal::prefetch(reinterpret_cast<const char*>(line_));
      line_ += kLine;
      if (line_ >= row_end_) {
        ++row_;
        begin_row();
      }
    }
  }

 private:
  static constexpr Index kLine = 64;

  void begin_row() {
    if (row_ == end_) return;
    line_ = data_ + *row_ * row_step_;
    row_end_ = line_ + bytes_;
    line_ -= reinterpret_cast<std::uintptr_t>(line_) % kLine;
  }

  const std::byte* data_ = nullptr;
  Index row_step_ = 0, bytes_ = 0, lines_a_call_ = 0;
  const std::int64_t *row_ = nullptr, *end_ = nullptr;
  const std::byte *line_ = nullptr, *row_end_ = nullptr;
};

}  // namespace fcnn
