// Calling the C ABI from Python: without the GIL, with Python exceptions for its errors.
#pragma once

#include <pybind11/pybind11.h>

#include "cc/capi/paddlemend.h"
#include "cc/python/library.h"
#include "cc/python/tensor.h"

namespace paddlemend::python {

/// The context of every call on the CPU; native.set_num_threads changes it.
pm_context* ModuleContext();

/// Raises the exception for a status other than PM_OK, with pm_last_error() of the library as its
/// text: ValueError, IndexError (out of range), TypeError (dtype), MemoryError or RuntimeError.
void RaiseIfError(const Library& library, pm_status status);

/// Calls `function`, which returns a pm_status, with the GIL released.
template <typename Function>
void Call(const Library& library, const Function& function) {
  pm_status status;
  {
    const pybind11::gil_scoped_release release;
    status = function();
  }
  RaiseIfError(library, status);
}

/// The shape that `function(int64_t* sizes, int32_t* ndim)` computes.
template <typename Function>
Sizes CallShape(const Function& function) {
  int64_t sizes[PM_MAX_NDIM];
  int32_t ndim = 0;
  RaiseIfError(Library::Of(kCpu), function(sizes, &ndim));
  return Sizes(sizes, sizes + ndim);
}

}  // namespace paddlemend::python
