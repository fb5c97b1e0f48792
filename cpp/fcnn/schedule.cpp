#include "fcnn/schedule.hpp"

namespace fcnn {

const std::vector<RuleEntry>& schedule_entries() {
  static const std::vector<RuleEntry> entries = [] {
    std::vector<RuleEntry> all = entries_of(ScheduleList());
    all.push_back(entry_of<WarmUp>());
    return all;
  }();
  return entries;
}

Schedule::Schedule(const std::string& name, const Given& given,
                   const std::optional<Given>& warm_up)
    : rule_(make_named<decltype(rule_)>("schedule", name, given, ScheduleList())) {
  if (warm_up) warm_up_ = make_rule<WarmUp>(*warm_up);
}

double Schedule::operator()(std::int64_t t) const {
  return std::visit(
      [&](const auto& rule) {
        if (!warm_up_) return rule(t);
        const auto steps = static_cast<std::int64_t>(warm_up_->steps);
        return t < steps ? (*warm_up_)(t)*rule(0) : rule(t - steps);
      },
      rule_);
}

}  // namespace fcnn
