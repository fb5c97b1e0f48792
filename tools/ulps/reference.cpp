// The exact functions, from libm's: in double, several numbers at once, for float, and
// in long double for double. None of fcnn's code is used here. Arguments whose rounding
// would show (of erfc and of exp where they are large) carry what was rounded off.
#include "functions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#if defined(__AVX512F__)
#define VECTOR_FUNCTION(name) _ZGVeN8v_##name
constexpr int kLanes = 8;
#else
#define VECTOR_FUNCTION(name) _ZGVdN4v_##name
constexpr int kLanes = 4;
#endif

using Doubles = double __attribute__((vector_size(8 * kLanes)));
using Integers = std::int64_t __attribute__((vector_size(8 * kLanes)));
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Long = long double;

// glibc's libmvec: at most 4 ulp of double, 1e-8 ulp of float.
#define DECLARE(name)                                                           \
  extern "C" Doubles VECTOR_FUNCTION(name)(Doubles);                            \
  static inline Doubles name##_(Doubles x) { return VECTOR_FUNCTION(name)(x); } \
  static inline Long name##_(Long x) { return std::name(x); }
DECLARE(exp)
DECLARE(expm1)
DECLARE(log)
DECLARE(log1p)
DECLARE(tanh)
DECLARE(erfc)

namespace ulps {

namespace {

template <class R>
R number(__float128 x) {
  if constexpr (sizeof(R) == sizeof(Doubles) && !std::is_same_v<R, Long>)
    return R{} + static_cast<double>(x);
  else
    return static_cast<Long>(x);
}

template <class R>
R cut(R x, Long low, Long high) {
  const R lowest = number<R>(low), highest = number<R>(high);
  x = x < lowest ? lowest : x;
  return x > highest ? highest : x;
}

// Far enough that every function has reached its limit, near enough for e^x: 700 in
// double, for functions of float, 11000 in long double.
template <class R>
constexpr Long kFar = std::is_same_v<R, Long> ? 11000.0L : 700.0L;

template <class R>
R near(R z) {
  return cut(z, -kFar<R>, kFar<R>);
}

// The same for the normal distribution.
template <class R>
constexpr Long kTailFar = std::is_same_v<R, Long> ? 60.0L : 35.0L;

template <class R>
R near_tail(R z) {
  return cut(z, -kTailFar<R>, kTailFar<R>);
}

template <class R>
R absolute(R z) {
  return z < 0 ? -z : z;
}

template <class R>
R sign(R z) {
  const R zero = number<R>(0), one = number<R>(1);
  return z > 0 ? one : (z < 0 ? -one : zero);
}

constexpr __float128 kRootHalf = 0.707106781186547524400844362104849039Q;
constexpr Long kTwoPi = 6.283185307179586476925286766559005768L;

// The normal distribution's upper tail.
Doubles tail(Doubles x) { return 0.5 * erfc_(x * static_cast<double>(kRootHalf)); }
Long tail(Long x) {
  const __float128 u = kRootHalf * static_cast<__float128>(x);
  const Long high = static_cast<Long>(u), low = static_cast<Long>(u - high);
  const Long slope = 2 / std::sqrt(std::acos(-1.0L)) * std::exp(-high * high);
  return (std::erfc(high) - slope * low) / 2;
}

// phi(z) = e^(-z^2 / 2) / sqrt(2 pi)
Doubles phi(Doubles z) {
  return exp_(-0.5 * z * z) * static_cast<double>(1 / std::sqrt(kTwoPi));
}
Long phi(Long z) {
  const __float128 u = -static_cast<__float128>(z) * z / 2;
  const Long high = static_cast<Long>(u), low = static_cast<Long>(u - high);
  return std::exp(high) * (1 + low) / std::sqrt(kTwoPi);
}

template <class R>
R sigmoid(R z) {
  return 1 / (1 + exp_(-z));
}

// 1 / (1 + e^-v) of gelu_tanh's v = c1 z + c3 z^3, and of -v.
constexpr __float128 kCubic = 0.044715Q;
constexpr __float128 kC3 = 3 * kCubic;
constexpr __float128 kC1 = 1.59576912160573071175978423973751407Q;  // 2 sqrt(2 / pi)
Doubles sigmoid_of_v(Doubles z, double way) {
  return sigmoid(near(way * static_cast<double>(kC1) *
                      (z + static_cast<double>(kCubic) * z * z * z)));
}
Long sigmoid_of_v(Long z, Long way) {
  const __float128 x = z, v = way * kC1 * (x + kCubic * x * x * x);
  const Long high = static_cast<Long>(v), low = static_cast<Long>(v - high);
  return 1 / (1 + std::exp(-high) * (1 - low));
}

template <class R>
R softplus(R z) {
  return (z > 0 ? z : R{}) + log1p_(exp_(-absolute(z)));
}

// tanh(softplus(z)), and 1 - its square.
template <class R>
R mish_h(R z) {
  return tanh_(softplus(z));
}
template <class R>
R mish_rest(R z) {  // 4 s(x) s(-x), x = 2 softplus(z)
  const R x = near(2 * softplus(z));
  return 4 * sigmoid(x) * sigmoid(-x);
}

constexpr Long kSelu = 1.0507009873554804934193349852946L;
constexpr Long kSeluAlpha = 1.6732632423543772848170429916717L;

template <class R>
R elu(R z, Long alpha) {
  return z > 0 ? z : number<R>(alpha) * expm1_(cut(z, -kFar<R>, 0));
}
template <class R>
R elu_slope(R z, Long alpha) {
  return z > 0 ? number<R>(1) : number<R>(alpha) * exp_(cut(z, -kFar<R>, 0));
}
template <class R>
R elu_bend(R z, Long alpha) {
  return z < 0 ? number<R>(alpha) * exp_(cut(z, -kFar<R>, 0)) : number<R>(0);
}

template <class R>
struct Function {
  const char* name;
  double largest;  // the largest |f(z)|; 0: has no bound
  R (*f)(R z);
};

#define F(name, largest, ...)                   \
  {                                             \
    name, largest, [](R z) -> R { __VA_ARGS__ } \
  }

template <class R>
const std::vector<Function<R>>& functions() {
  static const std::vector<Function<R>> list = {
      F("identity", 0, return z;),
      F("identity'", 1, return number<R>(1) + 0 * cut(z, -1, 1);),
      F("identity''", 1, return 0 * cut(z, -1, 1);),
      F("sigmoid", 1, return sigmoid(near(z));),
      F("sigmoid'", 0.25, z = near(z); return sigmoid(z) * sigmoid(-z);),
      F("sigmoid''", 0.0962, z = near(z);
        return -sigmoid(z) * sigmoid(-z) * tanh_(z / 2);),
      F("tanh", 1, return tanh_(near(z));),
      F("tanh'", 1, z = near(2 * z); return 4 * sigmoid(z) * sigmoid(-z);),
      F("tanh''", 0.7699, z = near(2 * z);
        return -8 * tanh_(z / 2) * sigmoid(z) * sigmoid(-z);),
      F("relu", 0, return z > 0 ? z : number<R>(0);),
      F("relu'", 1, return z > 0 ? number<R>(1) : number<R>(0);),
      F("relu''", 1, return 0 * cut(z, -1, 1);),
      F("leaky_relu", 0, return z > 0 ? z : z * number<R>(0.01L);),
      F("leaky_relu'", 1, return z > 0 ? number<R>(1) : number<R>(0.01L);),
      F("leaky_relu''", 1, return 0 * cut(z, -1, 1);),
      F("elu", 0, return elu(z, 1);),
      F("elu'", 1, return elu_slope(z, 1);),
      F("elu''", 1, return elu_bend(z, 1);),
      F("selu", 0, return z > 0 ? z * number<R>(kSelu) : elu(z, kSelu * kSeluAlpha);),
      F("selu'", 1.758,
        return z > 0 ? number<R>(kSelu) : elu_slope(z, kSelu * kSeluAlpha);),
      F("selu''", 1.758, return elu_bend(z, kSelu * kSeluAlpha);),
      F("softplus", 0, return (z > 0 ? z : R{}) + log1p_(exp_(-absolute(near(z))));),
      F("softplus'", 1, return sigmoid(near(z));),
      F("softplus''", 0.25, z = near(z); return sigmoid(z) * sigmoid(-z);),
      F("softsign", 1, z = cut(z, -1e300L, 1e300L); return z / (1 + absolute(z));),
      F("softsign'", 1, const R r = 1 / (1 + absolute(z)); return r * r;),
      F("softsign''", 2, const R r = 1 / (1 + absolute(z));
        return -2 * sign(z) * r * r * r;),
      F("gelu", 0, const R x = near_tail(z); return (z < 0 ? x : z) * tail(-x);),
      F("gelu'", 1.129, z = near_tail(z); return tail(-z) + z * phi(z);),
      F("gelu''", 0.798, z = near_tail(z); return phi(z) * (2 - z * z);),
      F("gelu_tanh", 0, const R x = near_tail(z);
        return (z < 0 ? x : z) * sigmoid_of_v(x, 1);),
      F("gelu_tanh'", 1.129, z = cut(z, -20, 20);
        const R slope = number<R>(kC1) * (1 + number<R>(kC3) * z * z);
        return sigmoid_of_v(z, 1) * (1 + z * sigmoid_of_v(z, -1) * slope);),
      F("gelu_tanh''", 0.798, z = cut(z, -20, 20);
        const R slope = number<R>(kC1) * (1 + number<R>(kC3) * z * z);
        const R s = sigmoid_of_v(z, 1), rest = sigmoid_of_v(z, -1);
        return s * rest *
               (2 * slope +
                z * ((rest - s) * slope * slope + number<R>(2 * kC1 * kC3) * z));),
      F("silu", 0, return (z < 0 ? near(z) : z) * sigmoid(near(z));),
      F("silu'", 1.1, z = near(z); return sigmoid(z) * (1 + z * sigmoid(-z));),
      F("silu''", 0.5, z = near(z);
        return sigmoid(z) * sigmoid(-z) * (2 - z * tanh_(z / 2));),
      F("mish", 0, return (z < 0 ? near(z) : z) * mish_h(near(z));),
      F("mish'", 1.089, z = near(z); return mish_h(z) + z * mish_rest(z) * sigmoid(z);),
      F("mish''", 0.65, z = near(z); const R s = sigmoid(z);
        return mish_rest(z) * s * (2 + z * (sigmoid(-z) - 2 * mish_h(z) * s));),
      F("hard_sigmoid", 1, return (cut(z, -3, 3) + 3) / 6;),
      F("hard_sigmoid'", 0.1666,
        return absolute(z) < 3 ? number<R>(1.0L / 6) : number<R>(0);),
      F("hard_sigmoid''", 1, return 0 * cut(z, -1, 1);),
      F("hard_tanh", 1, return cut(z, -1, 1);),
      F("hard_tanh'", 1, return absolute(z) < 1 ? number<R>(1) : number<R>(0);),
      F("hard_tanh''", 1, return 0 * cut(z, -1, 1);),
      F("exp", 0, return exp_(near(z));),
      F("exp'", 0, return exp_(near(z));),
      F("exp''", 0, return exp_(near(z));),
      F("core: exp(x <= 0)", 1, return exp_(near(z));),
      F("core: expm1(x <= 0)", 1, return expm1_(near(z));),
      F("core: log(x)", 0, return log_(z);),
      F("core: log1p(0 <= x <= 1)", 0, return log1p_(z);),
      F("core: 1 - sigmoid(x)", 1, return sigmoid(-near(z));),
      F("core: normal tail(x >= 0)", 0, return tail(near_tail(z));),
  };
  return list;
}

// The exponent's unit: 2^-(digits - 1) 2^e for |x| in [2^e, 2^(e + 1)), no less than
// the subnormal numbers' own.
template <class T>
Long unit(double x) {  // not a double: these would flush the smallest to zero
  using Limits = std::numeric_limits<T>;
  const double least = static_cast<double>(Limits::min());
  const double most = static_cast<double>(Limits::max());
  const double size = std::min(std::max(std::abs(x), least), most);
  return std::ldexp(1.0L, std::ilogb(size)) * Long(Limits::epsilon());
}

// What cannot be told from the exact value: zero for what is below the normal numbers;
// infinity (or the largest number) for what is above the largest.
template <class T, class R>
bool is_at_an_end(R exact, R a) {
  using Limits = std::numeric_limits<T>;
  const R size = std::abs(exact);
  if (a == exact) return true;
  if (a == 0) return size < R(Limits::min()) * (1 + 8 * R(Limits::epsilon()));
  const R large = R(Limits::max()) * (1 - 4 * R(Limits::epsilon()));
  return size >= large && std::abs(a) >= large && (a > 0) == (exact > 0);
}

template <class T>
double flushed(T z) {
  return std::abs(z) < std::numeric_limits<T>::min() ? std::copysign(T(0), z) : z;
}

}  // namespace

int find(const std::string& name) {
  for (std::size_t i = 0; i < functions<Long>().size(); ++i)
    if (functions<Long>()[i].name == name) return static_cast<int>(i);
  return -1;
}

Errors compare(int function, const float* z, const float* a, std::size_t n) {
  const auto& f = functions<Doubles>()[static_cast<std::size_t>(function)];
  constexpr double eps = std::numeric_limits<float>::epsilon();
  constexpr double least = std::numeric_limits<float>::min();
  constexpr double most = std::numeric_limits<float>::max() * (1 - 4 * eps);
  const double infinity = std::numeric_limits<double>::infinity();
  const double largest_unit =
      f.largest > 0 ? static_cast<double>(unit<float>(f.largest)) : infinity;
  Doubles own{}, of_largest{};
  own -= 1;
  of_largest -= 1;
  Integers own_at{}, largest_at{};
  for (std::size_t i = 0; i < n; i += kLanes) {
    Floats zi, ai;
    std::memcpy(&zi, z + i, sizeof zi);
    std::memcpy(&ai, a + i, sizeof ai);
    const Doubles x = __builtin_convertvector(zi, Doubles);  // subnormals are zero
    const Doubles y = __builtin_convertvector(ai, Doubles);
    const Integers number = x == x;
    const Doubles e = f.f(number ? x : Doubles{});
    Doubles size = absolute(e), distance = absolute(y - e);
    const Integers low = (y == 0) & (size < least * (1 + 8 * eps));
    const Integers high = (size >= most) & (absolute(y) >= most) & ((y > 0) == (e > 0));
    const Integers same = (y == e) | low | high;
    distance = y == y ? distance : Doubles{} + infinity;
    distance = (number & same) | (~number & (y != y)) ? Doubles{} : distance;
    size = size < least ? Doubles{} + least : size;
    Integers bits;
    std::memcpy(&bits, &size, sizeof bits);
    bits = std::int64_t{0x7fe0000000000000} - (bits & std::int64_t{0x7ff0000000000000});
    Doubles inverse_power;
    std::memcpy(&inverse_power, &bits, sizeof inverse_power);
    const Doubles error = distance * (inverse_power * (1 / eps));
    const Integers worse = error > own;
    own = worse ? error : own;
    own_at = worse ? Integers{} + static_cast<std::int64_t>(i) : own_at;
    const Doubles error2 = distance * (1 / largest_unit);
    const Integers worse2 = error2 > of_largest;
    of_largest = worse2 ? error2 : of_largest;
    largest_at = worse2 ? Integers{} + static_cast<std::int64_t>(i) : largest_at;
  }
  Errors errors;
  for (int lane = 0; lane < kLanes; ++lane) {
    errors.own.take({own[lane], z[own_at[lane] + lane]});
    errors.of_largest.take({of_largest[lane], z[largest_at[lane] + lane]});
  }
  return errors;
}

Errors compare(int function, const double* z, const double* a, std::size_t n) {
  const auto& f = functions<Long>()[static_cast<std::size_t>(function)];
  const Long largest_unit = f.largest > 0 ? unit<double>(f.largest) : Long(INFINITY);
  Errors errors;
  for (std::size_t i = 0; i < n; ++i) {
    const Long exact = f.f(flushed(z[i])), value = a[i];
    Long distance = std::abs(value - exact);
    if (std::isnan(a[i]) != std::isnan(z[i])) distance = INFINITY;
    if (is_at_an_end<double>(exact, value) || (std::isnan(a[i]) && std::isnan(z[i])))
      distance = 0;
    const Long own = distance / unit<double>(static_cast<double>(exact));
    errors.own.take({static_cast<double>(own), z[i]});
    errors.of_largest.take({static_cast<double>(distance / largest_unit), z[i]});
  }
  return errors;
}

void exact(int function, float z, double& high, double& low) {
  const auto& f = functions<Doubles>()[static_cast<std::size_t>(function)];
  high = f.f(Doubles{} + flushed(z))[0];
  low = 0;
}

void exact(int function, double z, double& high, double& low) {
  const Long value =
      functions<Long>()[static_cast<std::size_t>(function)].f(flushed(z));
  high = static_cast<double>(value);
  low = static_cast<double>(value - high);
}

}  // namespace ulps
