#include "cc/python/call.h"

namespace py = pybind11;

namespace paddlemend::python {
namespace {

PyObject* ExceptionFor(pm_status status) {
  switch (status) {
    case PM_INVALID_ARGUMENT:
      return PyExc_ValueError;
    case PM_OUT_OF_RANGE:
      return PyExc_IndexError;
    case PM_UNSUPPORTED_DTYPE:
      return PyExc_TypeError;
    case PM_OUT_OF_MEMORY:
      return PyExc_MemoryError;
    default:
      return PyExc_RuntimeError;
  }
}

pm_context* CreateContext() {
  pm_context* context = nullptr;
  RaiseIfError(Library::Of(kCpu), pm_context_create(&context));
  return context;
}

}  // namespace

pm_context* ModuleContext() {
  // Lives as long as the process: a call in another thread may use it while Python shuts down.
  static pm_context* const context = CreateContext();
  return context;
}

void RaiseIfError(const Library& library, pm_status status) {
  if (status == PM_OK) return;
  PyErr_SetString(ExceptionFor(status), library.last_error());
  throw py::error_already_set();
}

}  // namespace paddlemend::python
