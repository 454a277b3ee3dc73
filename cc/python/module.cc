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
      "CPU, and where libpaddlemend_cuda.so lies beside this module, of a GPU. Tensor arguments "
      "are objects with __dlpack__, or DLPack capsules.";
  BindTensor(module);
  BindOperators(module);
  BindUnique(module);
  module.def(
      "set_num_threads",
      [](int32_t num_threads) {
        RaiseIfError(Library::Of(kCpu), pm_context_set_num_threads(ModuleContext(), num_threads));
      },
      py::arg("num_threads"),
      "Threads that later calls may use; 0 for the default: PADDLEMEND_NUM_THREADS, else "
      "OMP_NUM_THREADS, else the CPUs of this process. Results never depend on it.");
  module.def(
      "set_stream", &SetStream, py::arg("stream"),
      "The stream in which later calls of this thread on GPUs run: a cudaStream_t as a number, for "
      "example torch.cuda.current_stream().cuda_stream; 0 is the default stream.");
  module.def(
      "set_asynchronous",
      [](bool asynchronous) {
        const Library& library = Library::Of({kDLCUDA, 0});
        RaiseIfError(library, PM_CALL(library, pm_context_set_asynchronous, library.context(),
                                      asynchronous));
      },
      py::arg("asynchronous"),
      "Whether later calls of this thread on GPUs return before it is known if an index is out of "
      "range; native.wait() raises for it then.");
  module.def(
      "wait",
      [] {
        const Library& library = Library::Of({kDLCUDA, 0});
        pm_context* const context = library.context();
        Call(library, [&] { return PM_CALL(library, pm_context_wait, context); });
      },
      "Waits for this thread's stream. Raises ValueError, once, if an index of an asynchronous "
      "call "
      "was out of range.");
  module.def("build_id", &pm_build_id, "The build id of the loaded libpaddlemend.so.");
  module.attr("__version__") = pm_version();
}
