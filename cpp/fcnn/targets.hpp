// Whether targets are ones that a loss can take.
#pragma once

#include "fcnn/interrupt.hpp"
#include "fcnn/loss_table.hpp"
#include "fcnn/table.hpp"

namespace fcnn {

// InvalidArgument naming the first row whose targets are not finite or outside the
// loss's range; with labels (one column), not a whole number from 0 to n_out - 1.
void check_targets(const Table& y, bool labels, Index n_out, const LossEntry& loss,
                   Interrupt& interrupt);

}  // namespace fcnn
