#include "cc/capi/context.h"

#include "cc/capi/error.h"

using paddlemend::InvalidArgument;
using paddlemend::OkStatus;
using paddlemend::Status;
using paddlemend::capi::Guard;

pm_status pm_context_create(pm_context** context) {
  return Guard("pm_context_create", [&]() -> Status {
    if (context == nullptr) return InvalidArgument("context is NULL");
    *context = new pm_context();
    return OkStatus();
  });
}

void pm_context_destroy(pm_context* context) { delete context; }

pm_status pm_context_set_num_threads(pm_context* context, int32_t num_threads) {
  return Guard("pm_context_set_num_threads", [&]() -> Status {
    if (context == nullptr) return InvalidArgument("context is NULL");
    if (num_threads < 0) {
      return InvalidArgument("num_threads is ", num_threads, ", expected at least 1, or 0");
    }
    context->num_threads.store(num_threads, std::memory_order_relaxed);
    return OkStatus();
  });
}
