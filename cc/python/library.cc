#include "cc/python/library.h"

#include <dlfcn.h>
#include <pybind11/pybind11.h>

#include <string>

#include "cc/python/call.h"

namespace py = pybind11;

namespace paddlemend::python {
namespace {

thread_local std::uintptr_t current_stream = 0;

/// libpaddlemend_cuda.so in the folder of this module.
std::string PathOfCudaLibrary() {
  Dl_info info{};
  dladdr(reinterpret_cast<const void*>(&PathOfCudaLibrary), &info);
  const std::string path = info.dli_fname == nullptr ? "" : info.dli_fname;
  return path.substr(0, path.rfind('/') + 1) + "libpaddlemend_cuda.so";
}

void* LoadCudaLibrary() {
  void* const handle = dlopen(PathOfCudaLibrary().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  const char* const reason = dlerror();
  throw std::runtime_error(std::string("the library for tensors on a GPU cannot be loaded: ") +
                           (reason == nullptr ? "unknown reason" : reason));
}

}  // namespace

const Library& Library::Of(DLDevice device) {
  static const Library cpu(nullptr);
  if (device.device_type == kDLCPU) return cpu;
  if (device.device_type != kDLCUDA) {
    throw py::buffer_error("a tensor is on DLPack device type " +
                           std::to_string(static_cast<int>(device.device_type)) +
                           ", expected the CPU, 1, or a GPU, 2");
  }
  static const Library gpu(LoadCudaLibrary());
  return gpu;
}

void* Library::Symbol(const char* name) const {
  void* const symbol = dlsym(handle_, name);
  if (symbol != nullptr) return symbol;
  throw py::type_error(std::string(name) + " is not there for tensors on a GPU");
}

pm_context* Library::context() const {
  if (handle_ == nullptr) return ModuleContext();
  // Lives as long as the process, as ModuleContext() does.
  thread_local pm_context* context = nullptr;
  if (context == nullptr) {
    RaiseIfError(*this, Get(&pm_context_create, "pm_context_create")(&context));
  }
  RaiseIfError(*this, Get(&pm_context_set_stream, "pm_context_set_stream")(
                          context, reinterpret_cast<void*>(current_stream)));
  return context;
}

void SetStream(std::uintptr_t stream) { current_stream = stream; }
std::uintptr_t Stream() { return current_stream; }

}  // namespace paddlemend::python
