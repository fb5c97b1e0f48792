// The extension module of one CPU level. It calls itself fcnn._core whatever the level,
// so that pickles, stubs and reprs never name one.
#include <pybind11/pybind11.h>

#include <Eigen/Core>

#include "register.hpp"

#define FCNN_STRING(x) #x
#define FCNN_VERSION_STRING(a, b, c) \
  FCNN_STRING(a) "." FCNN_STRING(b) "." FCNN_STRING(c)

namespace {

const char* compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " __VERSION__;
#elif defined(_MSC_VER)
  return "MSVC " FCNN_STRING(_MSC_VER);
#else
  return "unknown";
#endif
}

}  // namespace

PYBIND11_MODULE(FCNN_MODULE, m, pybind11::mod_gil_not_used()) {
  m.attr("__name__") = "fcnn._core";
  m.attr("level") = FCNN_LEVEL;
  m.attr("compiler") = compiler();
#if defined(EIGEN_MAJOR_VERSION) && EIGEN_MAJOR_VERSION >= 5
  m.attr("eigen_version") = FCNN_VERSION_STRING(
      EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION, EIGEN_PATCH_VERSION);
#else
  m.attr("eigen_version") = FCNN_VERSION_STRING(
      EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION);
#endif
  fcnn::bindings::register_lists(m);
  fcnn::bindings::register_threads(m);
  fcnn::bindings::register_networks(m);
  fcnn::bindings::register_predictors(m);
  fcnn::bindings::register_derivatives(m);
  fcnn::bindings::register_trainers(m);
  fcnn::bindings::register_solvers(m);
}
