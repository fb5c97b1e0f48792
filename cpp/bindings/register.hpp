// One function a family; module.cpp calls them.
#pragma once

#include <pybind11/pybind11.h>

namespace fcnn::bindings {

void register_lists(pybind11::module_& m);
void register_threads(pybind11::module_& m);
void register_networks(pybind11::module_& m);
void register_predictors(pybind11::module_& m);
void register_derivatives(pybind11::module_& m);
void register_trainers(pybind11::module_& m);
void register_solvers(pybind11::module_& m);

}  // namespace fcnn::bindings
