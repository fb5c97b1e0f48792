// What reference.cpp knows of each function, for measure.cpp, which cannot include it:
// the one is compiled for this machine, the other for a CPU level.
#pragma once

#include <cstddef>
#include <string>

namespace ulps {

struct Worst {
  double error = -1;
  double at = 0;
  void take(const Worst& other) {
    if (other.error > error) *this = other;
  }
};

// Errors in units in the last place of the exact value, and of the largest one.
struct Errors {
  Worst own, of_largest;
};

constexpr std::size_t kBlock = 2048;

// The number of a function in the reference's list; -1 where it has none of that name.
int find(const std::string& name);

// Compares a with the exact values at z, n <= kBlock and, for float, whole vectors.
// Subnormal z count as zero; what is below the normal numbers may be zero.
Errors compare(int function, const float* z, const float* a, std::size_t n);
Errors compare(int function, const double* z, const double* a, std::size_t n);

// The exact value to the reference's precision, as a sum.
void exact(int function, float z, double& high, double& low);
void exact(int function, double z, double& high, double& low);

}  // namespace ulps
