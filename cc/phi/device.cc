#include "cc/phi/device.h"

#include <memory>
#include <stdexcept>

namespace paddlemend::phi_adapter {

#ifdef PADDLE_WITH_CUDA

/// phi::GPUContext::stream() const. A wheel for CPUs has no such function: the library loads there
/// all the same, and the address is null.
extern "C" __attribute__((weak)) void* StreamOfGpuContext(const phi::GPUContext* context) __asm__(
    "_ZNK3phi10GPUContext6streamEv");

DLDevice DeviceOf(const phi::Place& place) { return {kDLCUDA, place.GetDeviceId()}; }

pm_context* CallContext(const DeviceContext& context) {
  thread_local const std::unique_ptr<pm_context, decltype(&pm_context_destroy)> own(
      [] {
        pm_context* created = nullptr;
        if (pm_context_create(&created) != PM_OK) throw std::runtime_error(pm_last_error());
        return created;
      }(),
      &pm_context_destroy);
  pm_context_set_stream(own.get(), StreamOfGpuContext(&context));
  return own.get();
}

const char* DeviceMissing() {
  return StreamOfGpuContext == nullptr ? "this Paddle is one without GPUs" : "";
}

#else

DLDevice DeviceOf(const phi::Place&) { return {kDLCPU, 0}; }

pm_context* CallContext(const DeviceContext&) { return nullptr; }

const char* DeviceMissing() { return ""; }

#endif

}  // namespace paddlemend::phi_adapter
