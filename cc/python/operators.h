// The operators of the module.
#pragma once

#include <pybind11/pybind11.h>

namespace paddlemend::python {

/// Those whose binding cc/capi/generate.py generates.
void BindOperators(pybind11::module_& module);

void BindUnique(pybind11::module_& module);

}  // namespace paddlemend::python
