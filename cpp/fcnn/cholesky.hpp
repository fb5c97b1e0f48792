// A = L L^T of a symmetric positive definite matrix, block by block, shared out over
// the threads.
#pragma once

#include "fcnn/interrupt.hpp"
#include "fcnn/types.hpp"

namespace fcnn {

// L takes the place of A's lower triangle, the upper one is not read; false, and A in
// disorder, if A is not positive definite. The bits do not depend on n_threads.
bool cholesky(Matrix<double>& a, int n_threads, Interrupt& interrupt);

// b <- A^-1 b, by L from cholesky().
void cholesky_solve(const Matrix<double>& l, Vector<double>& b);

}  // namespace fcnn
