// The opaque pm_context.
#pragma once

#include <atomic>

#include "cc/capi/paddlemend.h"
#include "cc/kernels/context.h"

struct pm_context {
  std::atomic<int> num_threads{0};
};

namespace paddlemend::capi {

/// `context` may be null: the defaults.
inline Context KernelContext(const pm_context* context) {
  return Context{context == nullptr ? 0 : context->num_threads.load(std::memory_order_relaxed)};
}

}  // namespace paddlemend::capi
