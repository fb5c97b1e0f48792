// The number of threads, and what they did.
#include <pybind11/stl.h>

#include "fcnn/thread_team.hpp"
#include "register.hpp"

namespace fcnn::bindings {

namespace py = pybind11;

void register_threads(py::module_& m) {
  using namespace py::literals;
  m.def("get_num_threads", num_threads);
  m.def("set_num_threads", set_num_threads, "n"_a);
  m.def("set_always_split", set_always_split, "split"_a);
  m.def("thread_stats", [] {
    const ThreadTeam::Statistics done = ThreadTeam::statistics();
    py::dict row;
    row["runs"] = done.runs;
    row["parts"] = done.parts;
    return row;
  });
}

}  // namespace fcnn::bindings
