// An optimizer by name: one of the rules, with its state over a flat array.
#pragma once

#include <variant>

#include "fcnn/optimizers.hpp"
#include "fcnn/schedule.hpp"

namespace fcnn {

const std::vector<RuleEntry>& optimizer_entries();

template <class T>
class Optimizer {
 public:
  // State for `size` parameters, a multiple of the pack. A hyperparameter not given
  // takes its default, lr is the schedule's; InvalidArgument for an unknown name.
  Optimizer(const std::string& name, const Given& given, const Schedule& schedule,
            Index size);

  // Counts a step and computes its factors; then update() goes over the parameters.
  void prepare();

  // theta[i] <- ..., moments with it, for first <= i < last, multiples of the pack;
  // gradient[0] belongs to theta[first].
  void update(T* theta, const T* gradient, Index first, Index last);

  // That of the next step. Setting it scales the schedule from here on, for as long as
  // the optimizer lives; InvalidArgument where the schedule is at 0.
  double learning_rate() const;
  void set_learning_rate(double lr);

  // What a resumed run needs. The first two scalars are the schedule's factor, as the
  // lr that was set and what the schedule was at: so that the lr set is had exactly.
  // Then come those of the rule.
  struct State {
    std::int64_t step = 0;  // how many were made
    std::vector<double> scalars;
    std::vector<Vector<T>> moments;
  };
  State state;

 private:
  static constexpr std::size_t kFactorScalars = 2;

  Schedule schedule_;
  std::variant<Sgd, Adam, AdamW, RmsProp, Adagrad, Nadam, Rprop> rule_;
};

}  // namespace fcnn
