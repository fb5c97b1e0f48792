// Trainer32, Trainer64 and the exception Divergence.
#include <pybind11/stl.h>

#include <exception>
#include <utility>

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
  Index rows_checked_for = -1;  // so many rows of X
};

template <class T>
std::unique_ptr<TrainerHandle<T>> make_trainer(NetworkHandle<T>& network,
                                               const std::string& optimizer,
                                               const Given& hyperparameters,
                                               const Schedule& schedule) {
  network.guard->check();
  const FloatState float_state;
  return std::unique_ptr<TrainerHandle<T>>(new TrainerHandle<T>{
      Trainer<T>(network.network, optimizer, hyperparameters, schedule),
      network.guard});
}

// The batches first_batch..last_batch (-1: to the end) of an epoch, from the sums that
// came before.
template <class T>
py::tuple epoch(TrainerHandle<T>& self, const py::object& x, const py::array& y,
                bool labels, const std::string& loss_name,
                const std::optional<Weights64>& weight, const Rows64& rows,
                EpochOptions options, Index first_batch, Index last_batch,
                std::pair<double, double> sums, std::optional<py::array>& outputs) {
  Network<T>& network = self.trainer.network();
  const Samples samples = samples_of<T>(network, x, &y, labels, weight, rows, false);
  // when an epoch begins, and where a callback has resized X: not for each batch again
  if (first_batch == 0 || self.rows_checked_for != samples.x.rows) {
    check_row_numbers(samples);
    self.rows_checked_for = samples.x.rows;
  }
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  options.first_batch = first_batch;
  options.last_batch = last_batch;
  T* to = outputs ? writable<T>(*outputs, samples.count, network.n_out(), "outputs")
                  : nullptr;
  const EpochSums after = train(*self.guard, [&](Interrupt& interrupt) {
    return self.trainer.epoch(samples, loss, options, {sums.first, sums.second}, to,
                              interrupt);
  });
  return py::make_tuple(after.loss, after.weight);
}

template <class T>
py::tuple step(TrainerHandle<T>& self, const py::object& x, const py::array& y,
               bool labels, const std::string& loss_name,
               const std::optional<Weights64>& weight, const EpochOptions& options,
               Index first_sample, std::optional<py::array>& outputs) {
  Network<T>& network = self.trainer.network();
  const Samples samples = samples_of<T>(network, x, &y, labels, weight, {});
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  T* to = outputs ? writable<T>(*outputs, samples.count, network.n_out(), "outputs")
                  : nullptr;
  const EpochSums sums = train(*self.guard, [&](Interrupt& interrupt) {
    return self.trainer.step(samples, loss, options, first_sample, to, interrupt);
  });
  return py::make_tuple(sums.loss, sums.weight);
}

EpochOptions make_options(Index batch_size, int shuffle, std::uint64_t seed,
                          std::uint32_t epoch, double l1, double l2, bool per_sample,
                          double clip_norm, double max_norm, double label_smoothing,
                          int n_threads) {
  EpochOptions options;
  options.batch_size = batch_size;
  options.shuffle = static_cast<Shuffle>(shuffle);
  options.seed = seed;
  options.epoch = epoch;
  options.penalties = {l1, l2, per_sample};
  options.bounds = {clip_norm, max_norm};
  options.label_smoothing = label_smoothing;
  options.n_threads = n_threads;
  return options;
}

template <class T>
double learning_rate(TrainerHandle<T>& self) {
  const Guard::Reading reading(*self.guard);
  const FloatState float_state;
  return self.trainer.learning_rate();
}

template <class T>
void set_learning_rate(TrainerHandle<T>& self, double lr) {
  const Guard::Reading reading(*self.guard);
  const FloatState float_state;
  self.trainer.set_learning_rate(lr);
}

template <class T>
py::tuple row_sums(TrainerHandle<T>& self) {
  const Guard::Reading reading(*self.guard);
  const RowSums& sums = self.trainer.row_sums();
  return py::make_tuple(sums.rows, sums.loss, sums.penalty);
}

template <class T>
py::dict state(TrainerHandle<T>& self) {
  const Guard::Reading reading(*self.guard);
  self.guard->check_between_steps();
  return state_dict<T>(self.trainer.state());
}

template <class T>
void set_state(TrainerHandle<T>& self, const py::dict& state) {
  const Guard::Reading reading(*self.guard);
  self.trainer.set_state(state_from<T>(state));
}

template <class T>
void register_trainer(py::module_& m, const char* name) {
  using namespace py::literals;
  using Handle = TrainerHandle<T>;
  py::class_<Handle>(m, name)
      .def(py::init(&make_trainer<T>), "network"_a, "optimizer"_a, "hyperparameters"_a,
           "schedule"_a)
      .def("epoch", &epoch<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a, "sample_weight"_a,
           "rows"_a, "options"_a, "first_batch"_a, "last_batch"_a, "sums"_a,
           "outputs"_a)
      .def("step", &step<T>, "X"_a, "Y"_a, "labels"_a, "loss"_a, "sample_weight"_a,
           "options"_a, "first_sample"_a, "outputs"_a)
      .def_property_readonly("learning_rate", &learning_rate<T>)
      .def("set_learning_rate", &set_learning_rate<T>, "lr"_a)
      .def_property_readonly("row_sums", &row_sums<T>)
      .def("state", &state<T>)
      .def("set_state", &set_state<T>, "state"_a);
}

}  // namespace

void register_trainers(py::module_& m) {
  // args: the number of the batch in its epoch
  static py::exception<Divergence> divergence(m, "Divergence", PyExc_ArithmeticError);
  py::register_local_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(std::move(error));
    } catch (const Divergence& e) {
      PyErr_SetObject(divergence.ptr(), py::make_tuple(e.batch).ptr());
    }
  });
  using namespace py::literals;
  py::class_<EpochOptions>(m, "EpochOptions")
      .def(py::init(&make_options), py::kw_only(), "batch_size"_a, "shuffle"_a,
           "seed"_a, "epoch"_a, "l1"_a, "l2"_a, "per_sample"_a, "clip_norm"_a,
           "max_norm"_a, "label_smoothing"_a, "n_threads"_a);
  register_trainer<float>(m, "Trainer32");
  register_trainer<double>(m, "Trainer64");
}

}  // namespace fcnn::bindings
