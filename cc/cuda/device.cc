// The library for GPUs: calls run on the stream of their context.
#include <mutex>
#include <optional>

#include "cc/capi/context.h"
#include "cc/cuda/call.h"

namespace paddlemend::capi {

struct DeviceState {
  std::mutex mutex;
  cuda::PendingErrors pending;
};
void DeleteDeviceState::operator()(DeviceState* state) const { delete state; }

namespace {

constexpr int kNoDevice = -1;

/// The device of the tensors of the call in this thread.
thread_local int call_device = kNoDevice;

/// Makes the device of the tensors the current one until it goes.
class DeviceGuard {
 public:
  DeviceGuard() { cuda::Check(cudaGetDevice(&before_)); }
  ~DeviceGuard() {
    cudaSetDevice(before_);
    call_device = kNoDevice;
  }

 private:
  int before_ = 0;
};

/// The word for errors that nobody waits for; it stays for as long as the context. Made at the
/// first call, because a capture allows no allocation.
void PrepareWord(DeviceState* state) {
  const std::lock_guard<std::mutex> lock(state->mutex);
  if (state->pending.word != nullptr) return;
  cuda::Check(cudaGetDevice(&state->pending.device));
  void* word = nullptr;
  cuda::Check(cudaMalloc(&word, sizeof(cuda::BadEntry)));
  cuda::Check(cudaMemset(word, 0xff, sizeof(cuda::BadEntry)));
  state->pending.word = static_cast<cuda::BadEntry*>(word);
}

}  // namespace

struct CallScope::State {
  DeviceGuard device;
  std::optional<cuda::Call> call;
};

CallScope::CallScope(pm_context* context)
    : context_{context == nullptr ? 0 : context->num_threads.load(std::memory_order_relaxed)},
      state_(std::make_unique<State>()) {
  if (context == nullptr) {
    state_->call.emplace(nullptr, false, nullptr);
    return;
  }
  if (context->device->pending.word == nullptr) PrepareWord(context->device.get());
  state_->call.emplace(context->stream.load(), context->is_asynchronous.load(),
                       &context->device->pending);
}

CallScope::~CallScope() = default;

Status CallScope::Finish() { return state_->call->Finish(); }

Status CheckDevice(const DLDevice& device, const char* name) {
  if (device.device_type != kDLCUDA) {
    return InvalidArgument(name, " is on DLPack device type ", int{device.device_type},
                           ", expected a GPU, ", int{kDLCUDA});
  }
  if (!cuda::Call::IsRunning()) return OkStatus();  // a view is described, nothing is computed
  if (call_device == kNoDevice) {
    cuda::Check(cudaSetDevice(device.device_id));
    call_device = device.device_id;
  }
  if (call_device == device.device_id) return OkStatus();
  return InvalidArgument(name, " is on GPU ", device.device_id,
                         ", but the tensors before it are on GPU ", call_device);
}

Status WaitForErrors(pm_context* context) {
  DeviceState& state = *context->device;
  if (state.pending.word == nullptr) return OkStatus();
  const auto stream = static_cast<cudaStream_t>(context->stream.load());
  cuda::BadEntry number;
  cuda::Check(cudaStreamSynchronize(stream));
  cuda::Check(cudaMemcpy(&number, state.pending.word, sizeof(number), cudaMemcpyDeviceToHost));
  if (number == cuda::kNoBadEntry) return OkStatus();
  cuda::Check(cudaMemset(state.pending.word, 0xff, sizeof(number)));
  return InvalidArgument("an index of an asynchronous call is out of range at its entry number ",
                         number);
}

bool HasStreams() { return true; }

}  // namespace paddlemend::capi

pm_context::pm_context() : device(new paddlemend::capi::DeviceState) {}
