#include "fcnn/named_parameter.hpp"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>

#include "fcnn/errors.hpp"

namespace fcnn {

namespace {

// Numbers are read and written by the C library, which rounds as its own state says: on
// x86 that of the x87 unit, which FloatState leaves alone.
class RoundToNearest {
 public:
  RoundToNearest() {
    std::fegetenv(&saved_);
    std::fesetround(FE_TONEAREST);
  }
  ~RoundToNearest() { std::fesetenv(&saved_); }
  RoundToNearest(const RoundToNearest&) = delete;
  RoundToNearest& operator=(const RoundToNearest&) = delete;

 private:
  std::fenv_t saved_;
};

// Python's spelling of a number, whatever the process's locale.
std::optional<double> parse_number(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string::npos)
    return std::nullopt;
  const RoundToNearest nearest;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof())
    return std::nullopt;
  return value;
}

// The fewest digits that read back as the same number.
std::string shortest(double value) {
  const RoundToNearest nearest;
  for (int digits = 1;; ++digits) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out.precision(digits);
    out << value;
    if (digits >= std::numeric_limits<double>::max_digits10 ||
        parse_number(out.str()) == value)
      return out.str();
  }
}

}  // namespace

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

NamedParameter parse_name(const std::string& text, const std::vector<NameEntry>& list,
                          const std::string& family) {
  const std::size_t open = text.find('(');
  const std::string name = text.substr(0, open);
  const auto entry = std::find_if(list.begin(), list.end(),
                                  [&](const NameEntry& e) { return e.name == name; });
  if (entry == list.end()) {
    std::vector<std::string> names;
    names.reserve(list.size());
    for (const NameEntry& e : list) names.push_back(e.name);
    throw InvalidArgument("unknown " + family + " '" + text + "'; expected one of " +
                          join(names));
  }
  if (open == std::string::npos) {
    if (!entry->has_parameter) return {name, std::nullopt};
    return {name, entry->parameter};
  }
  if (!entry->has_parameter)
    throw InvalidArgument(family + " '" + name + "' takes no parameter, got '" + text +
                          "'");
  const bool closed = text.back() == ')';
  const auto value = closed
                         ? parse_number(text.substr(open + 1, text.size() - open - 2))
                         : std::nullopt;
  if (!value || !std::isfinite(*value) || *value <= 0)
    throw InvalidArgument(family + " '" + name +
                          "' takes one finite number above 0, as " + name + "(" +
                          shortest(entry->parameter) + "), got '" + text + "'");
  return {name, value};
}

std::string canonical_name(const std::string& text, const std::vector<NameEntry>& list,
                           const std::string& family) {
  const NamedParameter found = parse_name(text, list, family);
  const auto entry = std::find_if(list.begin(), list.end(), [&](const NameEntry& e) {
    return e.name == found.name;
  });
  if (!found.parameter || *found.parameter == entry->parameter) return found.name;
  return found.name + "(" + shortest(*found.parameter) + ")";
}

}  // namespace fcnn
