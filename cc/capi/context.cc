#include "cc/capi/context.h"

#include "cc/capi/error.h"

using paddlemend::InvalidArgument;
using paddlemend::OkStatus;
using paddlemend::Status;
using paddlemend::capi::Guard;
using paddlemend::capi::HasStreams;
using paddlemend::capi::WaitForErrors;

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

pm_status pm_context_set_stream(pm_context* context, void* stream) {
  return Guard("pm_context_set_stream", [&]() -> Status {
    if (context == nullptr) return InvalidArgument("context is NULL");
    if (stream != nullptr && !HasStreams()) {
      return InvalidArgument("stream is not NULL, but this library computes on the CPU");
    }
    context->stream.store(stream);
    return OkStatus();
  });
}

pm_status pm_context_set_asynchronous(pm_context* context, bool asynchronous) {
  return Guard("pm_context_set_asynchronous", [&]() -> Status {
    if (context == nullptr) return InvalidArgument("context is NULL");
    context->is_asynchronous.store(asynchronous);
    return OkStatus();
  });
}

pm_status pm_context_wait(pm_context* context) {
  return Guard("pm_context_wait", [&]() -> Status {
    if (context == nullptr) return InvalidArgument("context is NULL");
    return WaitForErrors(context);
  });
}
