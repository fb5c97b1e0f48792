// What rules have in common that are made by name from numbers: the optimizers and the
// schedules of their learning rate.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "fcnn/activations.hpp"
#include "fcnn/errors.hpp"
#include "fcnn/named_parameter.hpp"

namespace fcnn {

constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();

struct Hyperparameter {
  const char* name;
  double value;  // the default, or kRequired; a flag is 0 or 1
};

// A rule's name and its hyperparameters.
struct RuleEntry {
  std::string name;
  std::vector<Hyperparameter> hyperparameters;
};

template <class Rule>
RuleEntry entry_of() {
  return {Rule::name, {Rule::hyperparameters.begin(), Rule::hyperparameters.end()}};
}

template <class... Rules>
std::vector<RuleEntry> entries_of(TypeList<Rules...>) {
  return {entry_of<Rules>()...};
}

using Given = std::map<std::string, double>;

// The rule with the numbers given, and its defaults for the others.
template <class Rule>
Rule make_rule(const Given& given) {
  std::array<double, Rule::hyperparameters.size()> h{};
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto found = given.find(Rule::hyperparameters[i].name);
    h[i] = found == given.end() ? Rule::hyperparameters[i].value : found->second;
  }
  return Rule(h.data());
}

// The rule of that name; InvalidArgument, with the names, where there is none.
template <class Variant, class Rule, class... Rules>
Variant make_named(const std::string& family, const std::string& name,
                   const Given& given, TypeList<Rule, Rules...>) {
  Variant made = make_rule<Rule>(given);
  const bool known =
      name == Rule::name ||
      ((name == Rules::name && (made = make_rule<Rules>(given), true)) || ...);
  if (!known) {
    throw InvalidArgument("unknown " + family + " '" + name + "'; expected one of " +
                          join({Rule::name, Rules::name...}));
  }
  return made;
}

// x^n by squaring: the same bits everywhere, unlike std::pow.
inline double power(double x, std::int64_t n) {
  double result = 1;
  for (; n > 0; n >>= 1, x *= x)
    if (n & 1) result *= x;
  return result;
}

}  // namespace fcnn
