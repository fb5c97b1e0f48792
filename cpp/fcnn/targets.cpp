#include "fcnn/targets.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "fcnn/errors.hpp"

namespace fcnn {

namespace {

std::string expected_range(const LossEntry& loss) {
  std::ostringstream text;
  if (std::isinf(loss.target_high)) {
    text << "at least " << loss.target_low;
  } else {
    text << "from " << loss.target_low << " to " << loss.target_high;
  }
  return text.str();
}

[[noreturn]] void refuse(const std::string& expected, Index row, double got) {
  std::ostringstream text;
  text << expected << ", row " << row << " has " << got;
  throw InvalidArgument(text.str());
}

}  // namespace

void check_targets(const Table& y, bool labels, Index n_out, const LossEntry& loss,
                   Interrupt& interrupt) {
  std::vector<double> row(static_cast<std::size_t>(y.columns));
  const double last_label = static_cast<double>(n_out - 1);
  for (Index i = 0; i < y.rows; ++i) {
    read_row(y, i, row.data());
    interrupt.after(static_cast<double>(y.columns), 0);
    for (const double value : row) {
      if (!std::isfinite(value)) refuse("y must be finite", i, value);
      if (labels) {
        if (value != std::floor(value) || value < 0 || value > last_label)
          refuse("class labels must be whole numbers from 0 to " +
                     std::to_string(n_out - 1),
                 i, value);
      } else if (value < loss.target_low || value > loss.target_high) {
        refuse("targets of loss '" + loss.name + "' must be " + expected_range(loss), i,
               value);
      }
    }
  }
}

}  // namespace fcnn
