// The Python module paddlemend.native.
#include <pybind11/pybind11.h>

#include "cc/capi/paddlemend.h"
#include "cc/python/call.h"
#include "cc/python/operators.h"
#include "cc/python/tensor.h"

namespace py = pybind11;

PYBIND11_MODULE(native, module) {
  using namespace paddlemend::python;
  module.doc() =
      "The operators of libpaddlemend.so on any DLPack tensors (NumPy, Torch, Paddle, ...) of the "
      "CPU. Tensor arguments are objects with __dlpack__, or DLPack capsules.";
  BindTensor(module);
  BindOperators(module);
  BindUnique(module);
  module.def(
      "set_num_threads",
      [](int32_t num_threads) {
        RaiseIfError(pm_context_set_num_threads(ModuleContext(), num_threads));
      },
      py::arg("num_threads"),
      "Threads that later calls may use; 0 for the default: PADDLEMEND_NUM_THREADS, else "
      "OMP_NUM_THREADS, else the CPUs of this process. Results never depend on it.");
  module.def("build_id", &pm_build_id, "The build id of the loaded libpaddlemend.so.");
  module.attr("__version__") = pm_version();
}
