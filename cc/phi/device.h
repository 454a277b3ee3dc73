// The device that this adapter's kernels are for: the CPU, or with -DPADDLE_WITH_CUDA GPUs.
#pragma once

#include "cc/capi/paddlemend.h"
#ifdef PADDLE_WITH_CUDA
#include "paddle/phi/backends/gpu/gpu_context.h"
#else
#include "paddle/phi/backends/cpu/cpu_context.h"
#endif
#include "paddle/phi/common/backend.h"
#include "paddle/phi/common/place.h"

namespace paddlemend::phi_adapter {

#ifdef PADDLE_WITH_CUDA
// A wheel for CPUs has no such class. With a weak reference the library loads there all the same;
// what needs the class runs only after DeviceMissing() was asked.
__asm__(".weak _ZTIN3phi10GPUContextE");  // its type information

using DeviceContext = phi::GPUContext;
inline constexpr phi::Backend kBackend = phi::Backend::GPU;
inline constexpr char kBackendName[] = "GPU";
#else
using DeviceContext = phi::CPUContext;
inline constexpr phi::Backend kBackend = phi::Backend::CPU;
inline constexpr char kBackendName[] = "CPU";
#endif

/// Where memory of `place` is, for DLPack.
DLDevice DeviceOf(const phi::Place& place);

/// How the C ABI runs a call of this context: on GPUs, in its stream. It belongs to the thread.
pm_context* CallContext(const DeviceContext& context);

/// "" or the reason why the Paddle of this process cannot run these kernels.
const char* DeviceMissing();

}  // namespace paddlemend::phi_adapter
