#include "fcnn/normal_equations.hpp"

#include <algorithm>
#include <cmath>

#include "fcnn/descent.hpp"
#include "fcnn/thread_team.hpp"

namespace fcnn {

namespace {

constexpr Index kWidth = Strips<double>::width;

double number(const Strips<double>& strips, Index i, Index j) {
  return strips.column(i / kWidth, j)[i % kWidth];
}

}  // namespace

NormalEquations::NormalEquations(const Network<double>& network)
    : network_(network),
      propagator_(network),
      batch_(network, kChunk, true),
      n_parameters_(network.n_parameters()) {}

// after(offset, parts) follows each chunk's forward pass. batch_.weight becomes
// sqrt(f w_i / sum w), batch_.value sum_k r_ik^2.
template <class F>
double NormalEquations::for_each_chunk(const Samples& samples, double factor,
                                       int n_threads, Interrupt& interrupt, F after) {
  const double sum_weight = sum_of_weights(samples, 0, samples.count);
  double total = 0;
  for (Index offset = 0; offset < samples.count; offset += kChunk) {
    const Index count = std::min(kChunk, samples.count - offset);
    batch_.resize(count);
    const double work = propagator_.multiply_adds() * static_cast<double>(count);
    const int parts = static_cast<int>(
        std::min<Index>(count, threads_for_step(work, count, n_threads)));
    ThreadTeam::run(parts, [&](int part) {
      const Range range = part_of(count, part, parts, 1);
      const Share share{range.first, range.last, part, &interrupt};
      propagator_.forward(samples, offset, batch_, share);
      for (Index j = share.first; j < share.last; ++j) {
        batch_.weight[j] =
            std::sqrt(factor * samples.weight_at(offset + j) / sum_weight);
        double squares = 0;
        for (Index k = 0; k < network_.n_out(); ++k) {
          const double r = residual(k, j);
          squares += r * r;
        }
        batch_.value[j] = squares;
      }
    });
    for (Index j = 0; j < count; ++j) total += batch_.value[j];
    after(offset);
  }
  return total;
}

// r_jk of sample j of the chunk.
double NormalEquations::residual(Index k, Index j) const {
  const double a = number(batch_.a(network_.depth()), k, j);
  return batch_.weight[j] * (a - number(batch_.y(), k, j));
}

double NormalEquations::loss(const Samples& samples, double factor, int n_threads,
                             Interrupt& interrupt) {
  return for_each_chunk(samples, factor, n_threads, interrupt, [](Index) {});
}

double NormalEquations::compute(const Samples& samples, double factor, int n_threads,
                                Interrupt& interrupt) {
  const Index n = n_parameters_ + 1;
  rows_storage_.resize(Strips<double>::size_apart(n, kChunk));
  products_storage_.resize(Strips<double>::padded(n) * n);
  products_ = Strips<double>(products_storage_.data(), n, n);
  const auto add_chunk = [&](Index offset) {
    const Index count = batch_.size();
    const auto rows = Strips<double>::apart(rows_storage_.data(), n, count);
    for (Index k = 0; k < network_.n_out(); ++k) {
      const double work = static_cast<double>(n * count);
      const int parts = static_cast<int>(
          std::min<Index>(count, threads_for_step(4 * work, count, n_threads)));
      ThreadTeam::run(parts, [&](int part) {
        const Range range = part_of(count, part, parts, 1);
        write_rows(k, rows, {range.first, range.last, part, &interrupt});
      });
      add_products(rows, offset > 0 || k > 0, n_threads, interrupt);
    }
  };
  return for_each_chunk(samples, factor, n_threads, interrupt, add_chunk);
}

// Columns share.first..share.last of [J r]^T: the derivatives of r_k and r_k itself.
void NormalEquations::write_rows(Index k, const Strips<double>& rows,
                                 const Share& share) {
  propagator_.output_deltas(k, batch_, share);
  Vector<double> row = Vector<double>::Zero(Strips<double>::padded(rows.features));
  for (Index j = share.first; j < share.last; ++j) {
    propagator_.parameter_row(batch_, j, row.data(), share);
    row *= batch_.weight[j];
    row[n_parameters_] = residual(k, j);
    to_strips(row.data(), rows, j, row.size());
  }
}

// products (+)= rows rows^T, strip by strip; each has its columns up to the diagonal.
void NormalEquations::add_products(const Strips<double>& rows, bool add, int n_threads,
                                   Interrupt& interrupt) {
  const Index n = rows.features, strips = rows.count();
  const double work = static_cast<double>(n) * static_cast<double>(n) / 2 *
                      static_cast<double>(rows.columns);
  const int parts =
      static_cast<int>(std::min<Index>(strips, threads_for_call(work, n_threads)));
  ThreadTeam::run(parts, [&](int part) {
    for (Index s = part; s < strips; s += parts) {
      const Index columns = std::min(n, (s + 1) * kWidth);
      outer_product(rows.strip(s), rows.features_in(s), rows, add, products_.strip(s),
                    0, columns);
      Share{0, 0, part, &interrupt}.done(columns, rows.columns);
    }
  });
}

Vector<double> NormalEquations::gradient() const {
  Vector<double> result(n_parameters_);
  for (Index p = 0; p < n_parameters_; ++p)
    result[p] = number(products_, n_parameters_, p);
  return result;
}

void NormalEquations::copy_hessian(Matrix<double>& to, Interrupt& interrupt) const {
  const Index n = n_parameters_;
  to.resize(n, n);
  for (Index s = 0; s * kWidth < n; ++s) {
    const Index rows = std::min(kWidth, n - s * kWidth);
    const Index columns = std::min(n, (s + 1) * kWidth);
    for (Index j = 0; j < columns; ++j)
      std::copy_n(products_.column(s, j), rows, to.data() + j * n + s * kWidth);
    interrupt.after(10 * static_cast<double>(columns), 0);  // from and to far away
  }
}

}  // namespace fcnn
