#include "fcnn/initializers.hpp"

#include "fcnn/errors.hpp"
#include "fcnn/named_parameter.hpp"

namespace fcnn {

namespace {

template <class I, class T>
void fill(Eigen::Map<Matrix<T>> weight, const Random& random, Interrupt& interrupt) {
  const double scale =
      I::scale(static_cast<double>(weight.cols()), static_cast<double>(weight.rows()));
  for (Index i = 0; i < weight.size(); ++i) {
    const auto position = static_cast<std::uint64_t>(i);
    const double x =
        I::normal ? random.normal(position) : 2 * random.uniform(position) - 1;
    weight.data()[i] = static_cast<T>(scale * x);
    interrupt.after(30, 0);  // of a random number
  }
}

template <class... Is>
std::vector<std::string> names(TypeList<Is...>) {
  return {Is::name...};
}

template <class T, class... Is>
bool fill_named(const std::string& name, Eigen::Map<Matrix<T>> weight,
                const Random& random, Interrupt& interrupt, TypeList<Is...>) {
  return ((name == Is::name && (fill<Is, T>(weight, random, interrupt), true)) || ...);
}

}  // namespace

std::vector<std::string> initializer_names() { return names(InitializerList()); }

template <class T>
void initialize(Eigen::Map<Matrix<T>> weight, const std::string& name,
                std::uint64_t seed, Index layer, Interrupt& interrupt) {
  const Random random(seed, Stream::initial_weights, static_cast<std::uint32_t>(layer));
  if (!fill_named(name, weight, random, interrupt, InitializerList()))
    throw InvalidArgument("unknown initializer '" + name + "'; expected one of " +
                          join(initializer_names()));
}

template void initialize(Eigen::Map<Matrix<float>>, const std::string&, std::uint64_t,
                         Index, Interrupt&);
template void initialize(Eigen::Map<Matrix<double>>, const std::string&, std::uint64_t,
                         Index, Interrupt&);

}  // namespace fcnn
