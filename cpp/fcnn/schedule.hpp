// A schedule by name: one of the rules, after a warm-up if there is one.
#pragma once

#include <optional>
#include <variant>

#include "fcnn/schedules.hpp"

namespace fcnn {

// ScheduleList's names and hyperparameters, then the warm-up's.
const std::vector<RuleEntry>& schedule_entries();

class Schedule {
 public:
  // InvalidArgument for an unknown name.
  Schedule(const std::string& name, const Given& given,
           const std::optional<Given>& warm_up);

  // The learning rate of step t = 0, 1, 2, ...
  double operator()(std::int64_t t) const;

 private:
  std::variant<ConstantSchedule, StepSchedule, ExponentialSchedule, CosineSchedule,
               OneCycleSchedule, PolynomialSchedule, InverseScalingSchedule>
      rule_;
  std::optional<WarmUp> warm_up_;
};

}  // namespace fcnn
