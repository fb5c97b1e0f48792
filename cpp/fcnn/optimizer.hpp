// An optimizer by name: one of the rules, with its state over a flat array.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "fcnn/optimizers.hpp"

namespace fcnn {

struct OptimizerEntry {
  std::string name;
  std::vector<Hyperparameter> hyperparameters;
};

const std::vector<OptimizerEntry>& optimizer_entries();

template <class T>
class Optimizer {
 public:
  // State for `size` parameters, a multiple of the pack. A hyperparameter not given
  // takes its default; InvalidArgument for an unknown name.
  Optimizer(const std::string& name, const std::map<std::string, double>& given,
            Index size);

  // Counts a step and computes its factors; then update() goes over the parameters.
  void prepare();

  // theta[i] <- ..., moments with it, for first <= i < last, multiples of the pack;
  // gradient[0] belongs to theta[first].
  void update(T* theta, const T* gradient, Index first, Index last);

  double learning_rate() const;
  void set_learning_rate(double lr);

  // What a resumed run needs.
  struct State {
    std::int64_t step = 0;
    std::vector<double> scalars;
    std::vector<Vector<T>> moments;
  };
  State state;

 private:
  std::variant<Sgd, Adam, AdamW, RmsProp, Adagrad, Nadam, Rprop> rule_;
};

}  // namespace fcnn
