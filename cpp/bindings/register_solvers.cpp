// The full-batch solvers: LBFGS32, LevenbergMarquardt32 and of 64 bits; and the
// line search, for tests.
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <map>

#include "call.hpp"
#include "fcnn/lbfgs.hpp"
#include "fcnn/levenberg_marquardt.hpp"
#include "fcnn/line_search.hpp"
#include "register.hpp"
#include "samples.hpp"
#include "state.hpp"

namespace fcnn::bindings {

namespace {

using Numbers = std::map<std::string, double>;

template <class Solver>
struct SolverHandle {
  Solver solver;
  std::shared_ptr<Guard> guard;
  std::int64_t training;  // the one that the solver has last worked in
};

template <class T>
Lbfgs<T> make_solver(std::shared_ptr<Network<T>> network, const Numbers& h, Lbfgs<T>*) {
  LbfgsOptions options;
  options.memory = static_cast<int>(h.at("memory"));
  options.tol_gradient = h.at("tol_gradient");
  options.tol_loss = h.at("tol_loss");
  options.max_evaluations = static_cast<int>(h.at("max_line_search"));
  return Lbfgs<T>(std::move(network), options);
}

template <class T>
LevenbergMarquardt<T> make_solver(std::shared_ptr<Network<T>> network, const Numbers& h,
                                  LevenbergMarquardt<T>*) {
  LevenbergMarquardtOptions options;
  options.mu = h.at("mu");
  options.mu_dec = h.at("mu_dec");
  options.mu_inc = h.at("mu_inc");
  options.mu_max = h.at("mu_max");
  options.goal = h.at("goal");
  options.min_gradient = h.at("min_gradient");
  return LevenbergMarquardt<T>(std::move(network), options);
}

template <class T, class Solver>
std::unique_ptr<SolverHandle<Solver>> make(NetworkHandle<T>& network,
                                           const Numbers& hyperparameters) {
  network.guard->check();
  const FloatState float_state;
  return std::unique_ptr<SolverHandle<Solver>>(new SolverHandle<Solver>{
      make_solver(network.network, hyperparameters, static_cast<Solver*>(nullptr)),
      network.guard, network.guard->trainings()});
}

template <class T, class Solver>
double iterate(SolverHandle<Solver>& self, const py::object& x, const py::array& y,
               bool labels, const std::string& loss_name,
               const std::optional<Weights64>& weight,
               const std::optional<Rows64>& rows, double l1, double l2, int n_threads) {
  Network<T>& network = self.solver.network();
  const Samples samples = samples_of<T>(network, x, &y, labels, weight, rows);
  const Loss<T> loss =
      as_core([&] { return find_loss<T>(loss_name, network.output()); });
  if (std::exchange(self.training, self.guard->trainings()) != self.guard->trainings())
    self.solver.forget_evaluation();
  return train(*self.guard, [&](Interrupt& interrupt) {
    return self.solver.iterate({samples, loss, Penalties{l1, l2}, n_threads},
                               interrupt);
  });
}

template <class T, class Solver>
void register_solver(py::module_& m, const char* name) {
  using namespace py::literals;
  using Handle = SolverHandle<Solver>;
  py::class_<Handle>(m, name)
      .def(py::init(&make<T, Solver>), "network"_a, "hyperparameters"_a)
      .def("iterate", &iterate<T, Solver>, "X"_a, "Y"_a, "labels"_a, "loss"_a,
           "sample_weight"_a, "rows"_a, "l1"_a, "l2"_a, "n_threads"_a)
      .def_property_readonly("finished",
                             [](Handle& self) { return self.solver.finished(); })
      .def_property_readonly("evaluations",
                             [](Handle& self) { return self.solver.evaluations(); })
      // there is none
      .def_property_readonly("learning_rate", [](Handle&) { return py::none(); })
      .def("state",
           [](Handle& self) {
             const Guard::Reading reading(*self.guard);
             self.guard->check_between_steps();
             return state_dict<T>(self.solver.state());
           })
      .def(
          "set_state",
          [](Handle& self, const py::dict& state) {
            const Guard::Reading reading(*self.guard);
            self.solver.set_state(state_from<T>(state));
          },
          "state"_a);
}

// The step found for phi, and how often it was evaluated; step None: not found.
py::tuple line_search(const std::function<std::pair<double, double>(double)>& phi,
                      double step, double ftol, double gtol, double xtol,
                      int max_evaluations) {
  const auto [value, slope] = phi(0);
  LineSearch line(value, slope, step, {ftol, gtol, xtol, 1e10});
  int n = 0;
  for (auto status = LineSearch::Status::evaluate;
       status == LineSearch::Status::evaluate && n < max_evaluations;) {
    const double at = line.step();
    const auto [there, slope_there] = phi(at);
    status = line.next(there, slope_there);
    ++n;
    if (status == LineSearch::Status::found) return py::make_tuple(at, n);
  }
  return py::make_tuple(py::none(), n);
}

}  // namespace

void register_solvers(py::module_& m) {
  using namespace py::literals;
  register_solver<float, Lbfgs<float>>(m, "LBFGS32");
  register_solver<double, Lbfgs<double>>(m, "LBFGS64");
  register_solver<float, LevenbergMarquardt<float>>(m, "LevenbergMarquardt32");
  register_solver<double, LevenbergMarquardt<double>>(m, "LevenbergMarquardt64");
  m.def("line_search", line_search, "phi"_a, "step"_a, "ftol"_a, "gtol"_a, "xtol"_a,
        "max_evaluations"_a);
}

}  // namespace fcnn::bindings
