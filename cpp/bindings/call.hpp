// What every call into the core does around the work: the floating-point state, the
// network's guard, the GIL, Ctrl-C.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "fcnn/errors.hpp"
#include "fcnn/float_state.hpp"
#include "fcnn/interrupt.hpp"
#include "fcnn/network.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

// While one thread trains a network, the others are turned away; the training thread
// itself (in callbacks) is not.
class Guard {
 public:
  void begin() {
    std::thread::id nobody;
    if (!trainer_.compare_exchange_strong(nobody, std::this_thread::get_id()))
      throw Busy("this network is being trained already");
  }
  void end() { trainer_.store(std::thread::id()); }
  void check() const {
    const std::thread::id trainer = trainer_.load();
    if (trainer != std::thread::id() && trainer != std::this_thread::get_id())
      throw Busy("this network is being trained by another thread");
  }

 private:
  std::atomic<std::thread::id> trainer_{};
};

// The network as Python holds it.
template <class T>
struct NetworkHandle {
  std::shared_ptr<Network<T>> network;
  std::shared_ptr<Guard> guard = std::make_shared<Guard>();
};

// Runs f(interrupt) with the GIL released, if the work is worth it, and turns Ctrl-C into
// Python's exception.
template <class F>
auto call(const Guard& guard, F f, bool release = true) {
  guard.check();
  const FloatState float_state;
  Interrupt interrupt([] {
    const py::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  });
  try {
    std::optional<py::gil_scoped_release> released;
    if (release) released.emplace();
    return f(interrupt);
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

}  // namespace fcnn::bindings
