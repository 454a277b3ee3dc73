// The library for the CPU: no streams, and nothing is left to do at the end of a call.
#include "cc/capi/context.h"

namespace paddlemend::capi {

struct DeviceState {};
void DeleteDeviceState::operator()(DeviceState* state) const { delete state; }

struct CallScope::State {};

CallScope::CallScope(pm_context* context)
    : context_{context == nullptr ? 0 : context->num_threads.load(std::memory_order_relaxed)} {}

CallScope::~CallScope() = default;

Status CallScope::Finish() { return OkStatus(); }

Status CheckDevice(const DLDevice& device, const char* name) {
  if (device.device_type == kDLCPU) return OkStatus();
  return InvalidArgument(name, " is on DLPack device type ", int{device.device_type},
                         ", expected the CPU, ", int{kDLCPU});
}

Status WaitForErrors(pm_context*) { return OkStatus(); }

bool HasStreams() { return false; }

}  // namespace paddlemend::capi

pm_context::pm_context() = default;
