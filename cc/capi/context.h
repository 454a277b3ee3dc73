// The opaque pm_context, and calls that run in one.
#pragma once

#include <atomic>
#include <memory>

#include "cc/capi/paddlemend.h"
#include "cc/kernels/context.h"
#include "cc/kernels/status.h"

namespace paddlemend::capi {

/// What a device keeps in a context; each library has its own.
struct DeviceState;
struct DeleteDeviceState {
  void operator()(DeviceState* state) const;
};

}  // namespace paddlemend::capi

struct pm_context {
  pm_context();

  std::atomic<int> num_threads{0};
  std::atomic<void*> stream{nullptr};
  std::atomic<bool> is_asynchronous{false};
  const std::unique_ptr<paddlemend::capi::DeviceState, paddlemend::capi::DeleteDeviceState> device;
};

namespace paddlemend::capi {

/// A call of an operator, from before its arguments are looked at. `context` may be null: the
/// defaults.
class CallScope {
 public:
  explicit CallScope(pm_context* context);
  ~CallScope();
  CallScope(const CallScope&) = delete;

  const Context& context() const { return context_; }

  /// What only the end of the call shows; the operator itself succeeded.
  Status Finish();

 private:
  struct State;

  const Context context_;
  const std::unique_ptr<State> state_;
};

/// Whether tensors may lie on `device`; `name` is the argument's name. In a call, all lie on the
/// same one.
///
/// Errors: invalid argument.
Status CheckDevice(const DLDevice& device, const char* name);

/// Waits for the calls in `context` that were asynchronous.
///
/// Errors: invalid argument for an index out of range in one of them, once.
Status WaitForErrors(pm_context* context);

/// Whether this library computes on streams.
bool HasStreams();

}  // namespace paddlemend::capi
