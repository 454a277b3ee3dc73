#include "cc/capi/error.h"
#include "cc/capi/paddlemend_cuda.h"
#include "cc/cuda/call.h"

using paddlemend::InvalidArgument;
using paddlemend::OkStatus;
using paddlemend::Status;
using paddlemend::capi::Guard;
using paddlemend::cuda::Check;

namespace {

/// Makes `device` the current one until it goes.
class Device {
 public:
  explicit Device(int device) {
    Check(cudaGetDevice(&before_));
    Check(cudaSetDevice(device));
  }
  ~Device() { cudaSetDevice(before_); }

 private:
  int before_ = 0;
};

}  // namespace

pm_status pm_cuda_allocate(int32_t device, int64_t bytes, void* stream, void** memory) {
  return Guard("pm_cuda_allocate", [&]() -> Status {
    if (memory == nullptr || bytes < 0) {
      return InvalidArgument("memory is NULL or bytes is negative: ", bytes);
    }
    const Device current(device);
    Check(cudaMallocFromPoolAsync(memory, bytes > 0 ? bytes : 1, paddlemend::cuda::Pool(),
                                  static_cast<cudaStream_t>(stream)));
    return OkStatus();
  });
}

void pm_cuda_free(int32_t device, void* memory, void* stream) {
  if (memory == nullptr) return;
  int before = 0;
  // While the process ends, CUDA may be gone already: nothing is to be done then.
  if (cudaGetDevice(&before) != cudaSuccess || cudaSetDevice(device) != cudaSuccess) return;
  cudaFreeAsync(memory, static_cast<cudaStream_t>(stream));
  cudaSetDevice(before);
}

pm_status pm_cuda_order(int32_t device, void* earlier, void* later) {
  return Guard("pm_cuda_order", [&]() -> Status {
    const Device current(device);
    cudaEvent_t event;
    Check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    const cudaError_t recorded = cudaEventRecord(event, static_cast<cudaStream_t>(earlier));
    const cudaError_t waits = recorded != cudaSuccess
                                  ? recorded
                                  : cudaStreamWaitEvent(static_cast<cudaStream_t>(later), event);
    cudaEventDestroy(event);
    Check(waits);
    return OkStatus();
  });
}
