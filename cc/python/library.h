// Which kernel library computes a call: the one for the CPU, or the one for GPUs, which is loaded
// at its first call. A machine without GPUs needs none of it.
#pragma once

#include <dlpack/dlpack.h>

#include <cstdint>

#include "cc/capi/paddlemend.h"
#include "cc/capi/paddlemend_cuda.h"

namespace paddlemend::python {

constexpr DLDevice kCpu{kDLCPU, 0};

class Library {
 public:
  /// The library for tensors on this device. Raises RuntimeError if it cannot be loaded, and
  /// BufferError for a device of another kind.
  static const Library& Of(DLDevice device);

  /// A function of paddlemend.h in this library: `function`, whose name is `name`, is that of the
  /// library for the CPU.
  template <typename Function>
  Function* Get(Function* function, const char* name) const {
    return handle_ == nullptr ? function : reinterpret_cast<Function*>(Symbol(name));
  }

  /// The context of this thread's calls on a GPU, or of all on the CPU.
  pm_context* context() const;

  const char* last_error() const { return Get(&pm_last_error, "pm_last_error")(); }

  /// For GPUs: the functions of paddlemend_cuda.h.
  template <typename Function>
  Function* GetCuda(const char* name) const {
    return reinterpret_cast<Function*>(Symbol(name));
  }

 private:
  explicit Library(void* handle) : handle_(handle) {}

  void* Symbol(const char* name) const;

  void* const handle_;  // null for the CPU
};

/// Calls a function of paddlemend.h in a library.
#define PM_CALL(library, function, ...) (library).Get(&function, #function)(__VA_ARGS__)

/// The stream in which this thread's calls on GPUs run, as a number; 0 is the default stream.
void SetStream(std::uintptr_t stream);
std::uintptr_t Stream();

}  // namespace paddlemend::python
