#include "fcnn/optimizer.hpp"

namespace fcnn {

namespace {

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

const std::vector<RuleEntry>& optimizer_entries() {
  static const std::vector<RuleEntry> entries = entries_of(OptimizerList());
  return entries;
}

template <class T>
Optimizer<T>::Optimizer(const std::string& name, const Given& given,
                        const Schedule& schedule, Index size)
    : schedule_(schedule),
      rule_(make_named<decltype(rule_)>("optimizer", name, given, OptimizerList())) {
  state.scalars.assign(kFactorScalars, 1);
  std::visit(
      [&](const auto& rule) {
        state.scalars.resize(kFactorScalars + static_cast<std::size_t>(rule.n_scalars));
        state.moments.assign(
            static_cast<std::size_t>(rule.n_moments()),
            Vector<T>::Constant(size, static_cast<T>(rule.initial_moment)));
      },
      rule_);
}

template <class T>
void Optimizer<T>::prepare() {
  const double lr = learning_rate();
  ++state.step;
  std::visit(
      [&](auto& rule) {
        rule.lr = lr;
        rule.prepare(state.step, state.scalars.data() + kFactorScalars);
      },
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

// lr(t) = (lr set / schedule then) schedule(t); the quotient of the schedule's values
// is exactly 1 at the step it was set for, and for ever where the schedule is constant.
template <class T>
double Optimizer<T>::learning_rate() const {
  const double lr_set = state.scalars[0], schedule_then = state.scalars[1];
  return lr_set * (schedule_(state.step) / schedule_then);
}

template <class T>
void Optimizer<T>::set_learning_rate(double lr) {
  const double schedule_now = schedule_(state.step);
  if (!(schedule_now > 0))
    throw InvalidArgument("the schedule's learning rate is 0: nothing can scale it");
  state.scalars[0] = lr;
  state.scalars[1] = schedule_now;
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace fcnn
