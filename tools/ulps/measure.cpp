// The errors of the core's elementwise functions, in units in the last place: of float
// over every bit pattern, or one in `step` of them; of double over a sample. One line a
// function: name, errors and where they are. tools/ulps.py compiles and runs this.
//
//   measure float STEP NAME...
//   measure double COUNT NAME...
//   measure names
//   measure exact float|double NAME < numbers: the reference at each, as a sum
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "fcnn/activations.hpp"
#include "fcnn/float_state.hpp"
#include "functions.hpp"

namespace {

using fcnn::ElementaryConstants;
using fcnn::Pack;

enum class Domain { all, negative, positive, fraction };

template <class T>
struct Kernel {
  std::string name;
  Domain domain;
  void (*run)(const T* z, T* a, std::size_t n);
};

template <class T, class F>
void over(const T* z, T* a, std::size_t n, F f) {
  for (std::size_t i = 0; i < n; i += static_cast<std::size_t>(Pack<T>::size))
    f(Pack<T>::load(z + i)).store(a + i);
}

template <class A, class T>
constexpr T parameter = static_cast<T>(A::parameter);

template <class A, class T>
void add(std::vector<Kernel<T>>& list) {
  const std::string name = A::name;
  list.push_back({name, Domain::all, [](const T* z, T* a, std::size_t n) {
                    over(z, a, n,
                         [](Pack<T> x) { return A::value(x, parameter<A, T>); });
                  }});
  list.push_back({name + "'", Domain::all, [](const T* z, T* a, std::size_t n) {
                    over(z, a, n, [](Pack<T> x) {
                      constexpr T p = parameter<A, T>;
                      return A::derivative(x, A::value(x, p), p);
                    });
                  }});
  list.push_back({name + "''", Domain::all, [](const T* z, T* a, std::size_t n) {
                    over(z, a, n, [](Pack<T> x) {
                      constexpr T p = parameter<A, T>;
                      return A::second_derivative(x, A::value(x, p), p);
                    });
                  }});
}

template <class T, class... As>
void add(std::vector<Kernel<T>>& list, fcnn::TypeList<As...>) {
  (add<As, T>(list), ...);
}

#define CORE(name, domain, ...)                                                        \
  list.push_back({"core: " name, Domain::domain, [](const T* z, T* a, std::size_t n) { \
                    over(z, a, n, [](Pack<T> x) { __VA_ARGS__ });                      \
                  }})

template <class T>
std::vector<Kernel<T>> kernels() {
  std::vector<Kernel<T>> list;
  add<T>(list, fcnn::ElementwiseActivations());
  CORE("exp(x <= 0)", negative, return fcnn::exp_of_negative(x););
  CORE("expm1(x <= 0)", negative, return fcnn::expm1_of_negative(x););
  CORE("log(x)", positive, return fcnn::log(x););
  CORE("log1p(0 <= x <= 1)", fraction, return fcnn::log1p_of_fraction(x););
  CORE("1 - sigmoid(x)", all, return fcnn::SigmoidPair<T>(x).rest;);
  CORE("normal tail(x >= 0)", positive, const fcnn::GaussianTail<T> tail(x);
       return tail.e.times(tail.r););
  return list;
}

// The inputs of one function, in blocks: computed, compared, and NaN in must give NaN.
template <class T>
class Measured {
 public:
  explicit Measured(const Kernel<T>& kernel)
      : kernel_(kernel), reference_(ulps::find(kernel.name)) {
    if (reference_ < 0) {
      std::fprintf(stderr, "no reference for %s\n", kernel.name.c_str());
      std::exit(1);
    }
  }

  void take(T z) {
    if (!wanted(z)) return;
    z_[n_++] = z;
    if (n_ == ulps::kBlock) flush();
  }

  // A whole block: as take for each, in fewer instructions.
  void take(const T* z) {
    std::size_t n_wanted = 0;
    for (std::size_t i = 0; i < ulps::kBlock; ++i) n_wanted += wanted(z[i]);
    if (n_wanted == ulps::kBlock && n_ == 0) {
      std::memcpy(z_, z, sizeof z_);
      n_ = n_wanted;
      flush();
    } else if (n_wanted > 0) {
      for (std::size_t i = 0; i < ulps::kBlock; ++i) take(z[i]);
    }
  }

  void flush() {
    if (n_ == 0) return;
    for (std::size_t i = n_; i < ulps::kBlock; ++i) z_[i] = z_[0];
    kernel_.run(z_, a_, ulps::kBlock);
    const ulps::Errors errors = ulps::compare(reference_, z_, a_, ulps::kBlock);
    own_.take(errors.own);
    of_largest_.take(errors.of_largest);
    count_ += n_;
    n_ = 0;
  }

  void print() const {
    std::printf("%s\t%llu\t%.4g\t%a\t%.4g\t%a\n", kernel_.name.c_str(),
                static_cast<unsigned long long>(count_), own_.error, own_.at,
                of_largest_.error, of_largest_.at);
    std::fflush(stdout);
  }

 private:
  // The derivatives of what has none are numbers for NaN, too.
  bool wanted(T z) const {
    switch (kernel_.domain) {
      case Domain::negative:
        return z <= 0;
      case Domain::positive:
        return z >= 0;
      case Domain::fraction:
        return z >= 0 && z <= 1;
      default:
        return !is_derivative_ || z == z;
    }
  }

  Kernel<T> kernel_;
  int reference_;
  bool is_derivative_ = kernel_.name.back() == '\'';
  alignas(64) T z_[ulps::kBlock] = {};
  alignas(64) T a_[ulps::kBlock] = {};
  std::size_t n_ = 0, count_ = 0;
  ulps::Worst own_, of_largest_;
};

void measure_float(const Kernel<float>& kernel, std::uint64_t step) {
  Measured<float> measured(kernel);
  constexpr std::uint64_t all = std::uint64_t{1} << 32;
  alignas(64) std::uint32_t bits[ulps::kBlock];
  alignas(64) float z[ulps::kBlock];
  for (std::uint64_t first = 0; first < all; first += step * ulps::kBlock) {
    // the last block wraps around, to inputs that were there before
    for (std::size_t i = 0; i < ulps::kBlock; ++i)
      bits[i] = static_cast<std::uint32_t>(first + i * step);
    std::memcpy(z, bits, sizeof z);
    measured.take(z);
  }
  measured.flush();
  measured.print();
}

// SplitMix64 (Steele, Lea, Flood, 2014), for the sample alone.
struct Numbers {
  std::uint64_t state = 20240229;
  std::uint64_t bits() {
    std::uint64_t x = state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
};

// Every exponent; the range where the functions bend; where they die away; around the
// roots and kinks.
void measure_double(const Kernel<double>& kernel, std::uint64_t count) {
  Measured<double> measured(kernel);
  Numbers random;
  const double sign = kernel.domain == Domain::negative ? -1 : 1;
  constexpr double near[] = {0,    1,     -1,    3,     -3,  0.41421356237309505,
                             0.75, -0.75, -1.27, -1.19, 1.0, 0.70710678118654752};
  for (std::uint64_t i = 0; i < count; ++i) {
    double z = 0;
    const std::uint64_t bits = random.bits();
    switch (i % 8) {
      case 0:
        std::memcpy(&z, &bits, sizeof z);
        break;
      case 1:
        z = std::ldexp(random.uniform(-1, 1), static_cast<int>(bits % 75) - 64);
        break;
      case 2:
        z = random.uniform(-760, 760);
        break;
      case 3:
        z = random.uniform(-40, 40);
        break;
      case 4:
        z = near[bits % 12] +
            std::ldexp(random.uniform(-1, 1), -static_cast<int>((bits >> 8) % 50));
        break;
      default:
        z = random.uniform(-8, 8);
    }
    measured.take(kernel.domain == Domain::all ? z : std::copysign(z, sign));
  }
  constexpr double ends[] = {0.0, HUGE_VAL, 0x1.fffffffffffffp+1023, 0x1p-1022,
                             0x1p-1074};
  for (const double z : ends) {
    measured.take(z);
    measured.take(-z);
  }
  measured.flush();
  measured.print();
}

template <class T>
int print_exact(const char* name) {
  const int function = ulps::find(name);
  if (function < 0) return 1;
  double z, high, low;
  while (std::scanf("%la", &z) == 1) {
    ulps::exact(function, static_cast<T>(z), high, low);
    std::printf("%a %a\n", high, low);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const fcnn::FloatState float_state;
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "names") {
    for (const auto& kernel : kernels<float>())
      std::printf("%s\n", kernel.name.c_str());
    return 0;
  }
  if (argc < 4) return 2;
  if (mode == "exact")
    return argv[2] == std::string("float") ? print_exact<float>(argv[3])
                                           : print_exact<double>(argv[3]);
  const std::uint64_t number = std::strtoull(argv[2], nullptr, 10);
  for (int i = 3; i < argc; ++i) {
    if (mode == "float")
      for (const auto& kernel : kernels<float>())
        if (kernel.name == argv[i]) measure_float(kernel, number);
    if (mode == "double")
      for (const auto& kernel : kernels<double>())
        if (kernel.name == argv[i]) measure_double(kernel, number);
  }
  return 0;
}
