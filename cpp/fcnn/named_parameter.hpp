// Names that may carry one parameter: "leaky_relu(0.2)".
#pragma once

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fcnn {

struct NamedParameter {
  std::string name;
  std::optional<double> parameter;
};

// What a list knows of one of its names.
struct NameEntry {
  std::string name;
  bool has_parameter = false;
  double parameter = 0;  // its default
};

// Splits "name" or "name(number)", the number finite and above zero, and fills in the
// default. InvalidArgument lists the names when `text` is none of them; `family` is the
// word for the message ("activation").
NamedParameter parse_name(const std::string& text, const std::vector<NameEntry>& list,
                          const std::string& family);

// The one spelling: without a parameter that is the default, shortest digits otherwise.
std::string canonical_name(const std::string& text, const std::vector<NameEntry>& list,
                           const std::string& family);

// The parameter as a T (0 where there is none); InvalidArgument where it is too large
// or too small for one.
template <class T>
T parameter_as(const NamedParameter& named) {
  const T value = static_cast<T>(named.parameter.value_or(0));
  if (named.parameter && !(value >= std::numeric_limits<T>::min() &&
                           value <= std::numeric_limits<T>::max()))
    throw std::invalid_argument("the parameter of '" + named.name +
                                "' is out of the range of the network's dtype");
  return value;
}

// "a, b, c"
std::string join(const std::vector<std::string>& words);

}  // namespace fcnn
