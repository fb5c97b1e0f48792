// What every call into the core does around the work: the floating-point state, the
// network's guard, the GIL, Ctrl-C.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "fcnn/errors.hpp"
#include "fcnn/float_state.hpp"
#include "fcnn/interrupt.hpp"
#include "fcnn/network.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace fcnn::bindings {

namespace py = pybind11;

// While the interpreter ends, a thread that asks for the GIL is ended by force, by
// unwinding its stack through the core's frames (until Python 3.14, where it sleeps):
// so it must not ask, and where the end comes while it waits for the answer, it sleeps.
inline bool interpreter_ends() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

[[noreturn]] inline void sleep_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

// f(), which takes the GIL and throws nothing but that unwinding.
template <class F>
auto take_gil(F f) {
  try {
    return f();
  } catch (...) {
    sleep_for_ever();
  }
}

class ReleasedGil {
 public:
  // The thread that ends the interpreter keeps the GIL: nobody else may have it.
  ReleasedGil() : state_(interpreter_ends() ? nullptr : PyEval_SaveThread()) {}
  ~ReleasedGil() {
    if (!state_) return;
    if (interpreter_ends()) sleep_for_ever();
    take_gil([&] { PyEval_RestoreThread(state_); });
  }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

// Whether Ctrl-C, or another signal's handler, has raised an exception.
inline bool signal_raised() {
  if (interpreter_ends()) return false;
  const PyGILState_STATE gil = take_gil(PyGILState_Ensure);
  const bool raised = PyErr_CheckSignals() != 0;
  PyGILState_Release(gil);
  return raised;
}

// How many forks this process and its parents have behind them.
inline std::atomic<int>& forks() {
  static std::atomic<int> count{0};
#if defined(__unix__) || defined(__APPLE__)
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1); });
  static_cast<void>(registered);
#endif
  return count;
}

// While one thread trains a network, the others are turned away; the training thread
// itself (in callbacks) is not. Training begins when the calls under way have ended.
class Guard {
 public:
  class Reading;

  void begin() {
    forget_lost_readers();
    for (const Reading* r = innermost(); r; r = r->outer_)
      if (&r->guard_ == this)  // a signal's handler, called from within a call
        throw Busy("this network is in use by the call that was interrupted");
    std::thread::id nobody;
    if (!trainer_.compare_exchange_strong(nobody, std::this_thread::get_id()))
      throw Busy("this network is being trained already");
    trainings_.fetch_add(1);
    while (readers_.load() > 0) {
      if (PyErr_CheckSignals() != 0) {
        end();
        throw py::error_already_set();
      }
      const ReleasedGil released;  // a reader may need it to end
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  void end() { trainer_.store(std::thread::id()); }
  bool trains_here() const { return trainer_.load() == std::this_thread::get_id(); }
  // How many have begun: what was computed in an earlier one may no longer hold.
  std::int64_t trainings() const { return trainings_.load(); }
  void check() const {
    const std::thread::id trainer = trainer_.load();
    if (trainer != std::thread::id() && trainer != std::this_thread::get_id())
      throw Busy("this network is being trained by another thread");
  }

  // Of what a step changes, parts at a time: a signal's handler may ask meanwhile.
  void check_between_steps() const {
    if (stepping_.load())
      throw Busy(
          "this network is in the midst of a step: copy it in a callback, not in "
          "a signal's handler");
  }

  // A call under way.
  class Reading {
   public:
    explicit Reading(Guard& guard) : guard_(guard), outer_(innermost()) {
      guard_.forget_lost_readers();
      guard_.readers_.fetch_add(1);
      try {
        guard_.check();
      } catch (...) {
        guard_.readers_.fetch_sub(1);
        throw;
      }
      innermost() = this;
    }
    ~Reading() {
      // Not always the innermost: greenlets of one thread end in any order.
      Reading** r = &innermost();
      while (*r != nullptr && *r != this) r = &(*r)->outer_;
      if (*r == this) *r = outer_;
      guard_.readers_.fetch_sub(1);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    friend class Guard;
    Guard& guard_;
    Reading* outer_;  // this thread's call from within which this one was made
  };

  // Steps of the training thread.
  class Stepping {
   public:
    explicit Stepping(Guard& guard) : guard_(guard) { guard_.stepping_.store(true); }
    ~Stepping() { guard_.stepping_.store(false); }
    Stepping(const Stepping&) = delete;
    Stepping& operator=(const Stepping&) = delete;

   private:
    Guard& guard_;
  };

 private:
  // After a fork the other threads, and their calls under way, are the parent's.
  void forget_lost_readers() {
    int seen = forks_.load();
    const int now = forks().load();
    if (seen == now || !forks_.compare_exchange_strong(seen, now)) return;
    int own = 0;
    for (const Reading* r = innermost(); r; r = r->outer_) own += &r->guard_ == this;
    readers_.store(own);
  }

  static Reading*& innermost() {
    thread_local Reading* reading = nullptr;
    return reading;
  }

  std::atomic<std::thread::id> trainer_{};
  std::atomic<std::int64_t> trainings_{0};
  std::atomic<int> readers_{0};
  std::atomic<bool> stepping_{false};
  std::atomic<int> forks_{forks().load()};
};

// A training under way, until end() or until it is gone: where a signal's exception
// comes before Python has it in a variable, too.
class Training {
 public:
  explicit Training(std::shared_ptr<Guard> guard) : guard_(std::move(guard)) {
    guard_->begin();
  }
  ~Training() { end(); }
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  void end() {
    if (const auto guard = std::exchange(guard_, nullptr)) guard->end();
  }

 private:
  std::shared_ptr<Guard> guard_;
};

// A reading that is several calls of Python's: `with network.reading():`.
class ReadingBlock {
 public:
  explicit ReadingBlock(std::shared_ptr<Guard> guard) : guard_(std::move(guard)) {}
  void enter() { reading_.emplace(*guard_); }
  void exit(const py::args&) { reading_.reset(); }

 private:
  std::shared_ptr<Guard> guard_;
  std::optional<Guard::Reading> reading_;
};

// The network as Python holds it.
template <class T>
struct NetworkHandle {
  std::shared_ptr<Network<T>> network;
  std::shared_ptr<Guard> guard = std::make_shared<Guard>();
};

// f() in the core's floating-point state: for what is computed, and for numbers that
// are read or converted, before `call`.
template <class F>
auto as_core(F f) {
  const FloatState float_state;
  return f();
}

// Runs f(interrupt) with the GIL released, if the work is worth it, and turns Ctrl-C
// into Python's exception.
template <class F>
auto interruptible(F f, bool release) {
  const FloatState float_state;
  Interrupt interrupt([&] { return float_state.as_caller(signal_raised); });
  try {
    std::optional<ReleasedGil> released;
    if (release) released.emplace();
    return f(interrupt);
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

// The same with a network, which no other thread may train meanwhile.
template <class F>
auto call(Guard& guard, F f, bool release = true) {
  const Guard::Reading reading(guard);
  return interruptible(f, release);
}

// The same for steps that change theta and the optimizer's state.
template <class F>
auto train(Guard& guard, F f) {
  const Guard::Reading reading(guard);
  const Guard::Stepping stepping(guard);
  return interruptible(f, true);
}

}  // namespace fcnn::bindings
