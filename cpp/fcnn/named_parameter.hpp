// Names that may carry one parameter: "leaky_relu(0.2)".
#pragma once

#include <optional>
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

// "a, b, c"
std::string join(const std::vector<std::string>& words);

}  // namespace fcnn
