// Ctrl-C: a long computation asks now and then whether to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "fcnn/errors.hpp"

namespace fcnn {

class Interrupt {
 public:
  // `asked` says whether to stop; it is called on the entering thread alone, at most
  // every 50 ms.
  explicit Interrupt(std::function<bool()> asked = {}) : asked_(std::move(asked)) {}

  // Called between long passes over the parameters, on the entering thread.
  void between_passes() { after(2 * kWorkBetweenLooks, 0); }

  // Called after so many steps of work, multiply-adds of a register or two; `part` 0 is
  // the entering thread. Throws Interrupted on every thread once the answer was yes.
  void after(double steps, int part) {
    if (part == 0 && asked_) {
      work_ += steps;
      if (work_ > kWorkBetweenLooks) look();
    }
    if (stop_.load(std::memory_order_relaxed)) throw Interrupted();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kWorkBetweenLooks = 100e3;  // well below 50 ms on any CPU

  void look() {
    work_ = 0;
    const Clock::time_point now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    if (asked_()) stop_.store(true, std::memory_order_relaxed);
  }

  std::function<bool()> asked_;
  double work_ = 0;
  Clock::time_point last_ = Clock::now();
  std::atomic<bool> stop_{false};
};

}  // namespace fcnn
