// The initial weights: one rule each, and their one list. Biases begin at zero.
//
// To add one: a struct, its place in `InitializerList`, its twin in tests/reference.py.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "fcnn/activations.hpp"
#include "fcnn/interrupt.hpp"
#include "fcnn/random.hpp"

namespace fcnn {

// W uniform in (-scale, scale), or normal with standard deviation scale (not
// truncated). Glorot, Bengio, Understanding the Difficulty of Training Deep Feedforward
// Neural Networks, 2010.
struct GlorotUniform {
  static constexpr const char* name = "glorot_uniform";
  static constexpr bool normal = false;
  static double scale(double n_in, double n_out) {
    return std::sqrt(6 / (n_in + n_out));
  }
};
struct GlorotNormal {
  static constexpr const char* name = "glorot_normal";
  static constexpr bool normal = true;
  static double scale(double n_in, double n_out) {
    return std::sqrt(2 / (n_in + n_out));
  }
};
// He, Zhang, Ren, Sun, Delving Deep into Rectifiers, 2015.
struct HeUniform {
  static constexpr const char* name = "he_uniform";
  static constexpr bool normal = false;
  static double scale(double n_in, double) { return std::sqrt(6 / n_in); }
};
struct HeNormal {
  static constexpr const char* name = "he_normal";
  static constexpr bool normal = true;
  static double scale(double n_in, double) { return std::sqrt(2 / n_in); }
};
// LeCun, Bottou, Orr, Mueller, Efficient BackProp, 1998.
struct LecunUniform {
  static constexpr const char* name = "lecun_uniform";
  static constexpr bool normal = false;
  static double scale(double n_in, double) { return std::sqrt(3 / n_in); }
};
struct LecunNormal {
  static constexpr const char* name = "lecun_normal";
  static constexpr bool normal = true;
  static double scale(double n_in, double) { return std::sqrt(1 / n_in); }
};
struct Zeros {
  static constexpr const char* name = "zeros";
  static constexpr bool normal = false;
  static double scale(double, double) { return 0; }
};

using InitializerList = TypeList<GlorotUniform, GlorotNormal, HeUniform, HeNormal,
                                 LecunUniform, LecunNormal, Zeros>;

std::vector<std::string> initializer_names();

// Fills W (n_out, n_in) of layer l; number k + n_out j of the stream is W[k, j]'s.
// InvalidArgument lists the names when `name` is none of them.
template <class T>
void initialize(Eigen::Map<Matrix<T>> weight, const std::string& name,
                std::uint64_t seed, Index layer, Interrupt& interrupt);

}  // namespace fcnn
