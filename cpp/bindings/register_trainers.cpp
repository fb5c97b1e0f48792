// Trainer32, Trainer64 and the exception Divergence.
#include <pybind11/stl.h>

#include "call.hpp"
#include "fcnn/trainer.hpp"
#include "register.hpp"
#include "samples.hpp"
#include "state.hpp"

namespace fcnn::bindings {

namespace {

template <class T>
struct TrainerHandle {
  Trainer<T> trainer;
  std::shared_ptr<Guard> guard;
};

template <class T>
std::unique_ptr<TrainerHandle<T>> make_trainer(
    NetworkHandle<T>& network, const std::string& optimizer,
    const std::map<std::string, double>& hyperparameters) {
  network.guard->check();
  return std::unique_ptr<TrainerHandle<T>>(new TrainerHandle<T>{
      Trainer<T>(network.network, optimizer, hyperparameters), network.guard});
}

template <class T>
double epoch(TrainerHandle<T>& self, const py::array& x, const py::array& y,
             bool labels, const std::string& loss_name,
             const std::optional<Weights64>& weight, const Rows64& rows,
             Index batch_size, int shuffle, std::uint64_t seed,
             std::uint32_t epoch_number, double l1, double l2, double clip_norm,
             std::optional<py::array>& outputs, int n_threads) {
  Network<T>& network = self.trainer.network();
  const Samples samples = samples_of<T>(network, x, &y, labels, weight, rows);
  const Loss<T> loss = find_loss<T>(loss_name, network.output());
  EpochOptions options;
  options.batch_size = batch_size;
  options.shuffle = static_cast<Shuffle>(shuffle);
  options.seed = seed;
  options.epoch = epoch_number;
  options.penalties = {l1, l2};
  options.clip_norm = clip_norm;
  options.n_threads = n_threads;
  T* to = outputs ? writable<T>(*outputs, samples.count, network.n_out(), "outputs")
                  : nullptr;
  return call(*self.guard, [&](Interrupt& interrupt) {
    return self.trainer.epoch(samples, loss, options, to, interrupt);
  });
}

template <class T>
double step(TrainerHandle<T>& self, const py::array& x, const py::array& y, bool labels,
            const std::string& loss_name, const std::optional<Weights64>& weight,
            double l1, double l2, double clip_norm, int n_threads) {
  Network<T>& network = self.trainer.network();
  const Samples samples = samples_of<T>(network, x, &y, labels, weight, {});
  const Loss<T> loss = find_loss<T>(loss_name, network.output());
  EpochOptions options;
  options.penalties = {l1, l2};
  options.clip_norm = clip_norm;
  options.n_threads = n_threads;
  return call(*self.guard, [&](Interrupt& interrupt) {
    return self.trainer.step(samples, loss, options, interrupt);
  });
}

template <class T>
py::dict state(TrainerHandle<T>& self) {
  self.guard->check();
  return state_dict<T>(self.trainer.state());
}

template <class T>
void set_state(TrainerHandle<T>& self, const py::dict& state) {
  self.guard->check();
  self.trainer.set_state(state_from<T>(state));
}

template <class T>
void register_trainer(py::module_& m, const char* name) {
  using namespace py::literals;
  using Handle = TrainerHandle<T>;
  py::class_<Handle>(m, name)
      .def(py::init(&make_trainer<T>), "network"_a, "optimizer"_a, "hyperparameters"_a)
      .def("epoch", &epoch<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a, "sample_weight"_a,
           "rows"_a, "batch_size"_a, "shuffle"_a, "seed"_a, "epoch"_a, "l1"_a, "l2"_a,
           "clip_norm"_a, "outputs"_a, "n_threads"_a)
      .def("step", &step<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a, "sample_weight"_a,
           "l1"_a, "l2"_a, "clip_norm"_a, "n_threads"_a)
      .def_property_readonly("learning_rate",
                             [](Handle& self) { return self.trainer.learning_rate(); })
      .def("set_learning_rate",
           [](Handle& self, double lr) { self.trainer.set_learning_rate(lr); })
      .def("state", &state<T>)
      .def("set_state", &set_state<T>, "state"_a);
}

}  // namespace

void register_trainers(py::module_& m) {
  // args: the number of the batch in its epoch
  static py::exception<Divergence> divergence(m, "Divergence", PyExc_ArithmeticError);
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Divergence& e) {
      PyErr_SetObject(divergence.ptr(), py::make_tuple(e.batch).ptr());
    }
  });
  register_trainer<float>(m, "Trainer32");
  register_trainer<double>(m, "Trainer64");
}

}  // namespace fcnn::bindings
