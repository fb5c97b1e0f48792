#include "fcnn/optimizer.hpp"

#include "fcnn/errors.hpp"
#include "fcnn/named_parameter.hpp"

namespace fcnn {

namespace {

template <class... Rules>
std::vector<OptimizerEntry> entries_of(TypeList<Rules...>) {
  return {
      {Rules::name, {Rules::hyperparameters.begin(), Rules::hyperparameters.end()}}...};
}

template <class Rule>
Rule make(const std::map<std::string, double>& given) {
  std::array<double, Rule::hyperparameters.size()> h{};
  for (std::size_t i = 0; i < h.size(); ++i) {
    const auto found = given.find(Rule::hyperparameters[i].name);
    h[i] = found == given.end() ? Rule::hyperparameters[i].value : found->second;
  }
  return Rule(h.data());
}

template <class Variant, class... Rules>
Variant make_named(const std::string& name, const std::map<std::string, double>& given,
                   TypeList<Rules...>) {
  Variant rule = make<Sgd>({});
  const bool known =
      ((name == Rules::name && (rule = make<Rules>(given), true)) || ...);
  if (!known) {
    throw InvalidArgument("unknown optimizer '" + name + "'; expected one of " +
                          join({Rules::name...}));
  }
  return rule;
}

// One pass over the arrays with N moments in registers; so are the rule's numbers, for
// it is a copy that no store can change.
template <std::size_t N, class Rule, class T>
void update_all(Rule rule, T* theta, const T* gradient, std::vector<Vector<T>>& moments,
                Index first, Index last) {
  std::array<T*, N> at;
  for (std::size_t k = 0; k < N; ++k) at[k] = moments[k].data();
  for (Index i = first; i < last; i += Pack<T>::size, gradient += Pack<T>::size) {
    std::array<Pack<T>, N> moment;
    for (std::size_t k = 0; k < N; ++k) moment[k] = Pack<T>::load(at[k] + i);
    Pack<T> x = Pack<T>::load(theta + i);
    rule.template update<T, N>(x, Pack<T>::load(gradient), moment);
    x.store(theta + i);
    for (std::size_t k = 0; k < N; ++k) moment[k].store(at[k] + i);
  }
}

// update_all<N> for the N that is moments.size(), one of Least..Most.
template <std::size_t Least, std::size_t Most, class Rule, class T>
void update_with(const Rule& rule, T* theta, const T* gradient,
                 std::vector<Vector<T>>& moments, Index first, Index last) {
  if constexpr (Least < Most) {
    if (moments.size() > Least)
      return update_with<Least + 1, Most>(rule, theta, gradient, moments, first, last);
  }
  update_all<Least>(rule, theta, gradient, moments, first, last);
}

}  // namespace

const std::vector<OptimizerEntry>& optimizer_entries() {
  static const std::vector<OptimizerEntry> entries = entries_of(OptimizerList());
  return entries;
}

template <class T>
Optimizer<T>::Optimizer(const std::string& name,
                        const std::map<std::string, double>& given, Index size)
    : rule_(make_named<decltype(rule_)>(name, given, OptimizerList())) {
  std::visit(
      [&](const auto& rule) {
        state.scalars.assign(static_cast<std::size_t>(rule.n_scalars), 0);
        state.moments.assign(
            static_cast<std::size_t>(rule.n_moments()),
            Vector<T>::Constant(size, static_cast<T>(rule.initial_moment)));
      },
      rule_);
}

template <class T>
void Optimizer<T>::prepare() {
  ++state.step;
  std::visit([&](auto& rule) { rule.prepare(state.step, state.scalars.data()); },
             rule_);
}

template <class T>
void Optimizer<T>::update(T* theta, const T* gradient, Index first, Index last) {
  std::visit(
      [&](const auto& rule) {
        using Rule = std::decay_t<decltype(rule)>;
        update_with<Rule::min_moments, Rule::max_moments>(rule, theta, gradient,
                                                          state.moments, first, last);
      },
      rule_);
}

template <class T>
double Optimizer<T>::learning_rate() const {
  return std::visit([](const auto& rule) { return rule.lr; }, rule_);
}

template <class T>
void Optimizer<T>::set_learning_rate(double lr) {
  std::visit([&](auto& rule) { rule.lr = lr; }, rule_);
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace fcnn
