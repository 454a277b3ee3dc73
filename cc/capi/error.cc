#include "cc/capi/error.h"

#include <algorithm>
#include <cstdio>

namespace paddlemend::capi {
namespace {

// A fixed buffer: reporting that memory ran out needs none.
thread_local char last_error[2048] = "";

}  // namespace

pm_status ReportError(const char* operator_name, const Status& status) noexcept {
  std::snprintf(last_error, sizeof(last_error), "%s: %s", operator_name, status.message.c_str());
  return static_cast<pm_status>(status.code);
}

static_assert(static_cast<int>(StatusCode::kOk) == PM_OK);
static_assert(static_cast<int>(StatusCode::kInvalidArgument) == PM_INVALID_ARGUMENT);
static_assert(static_cast<int>(StatusCode::kOutOfRange) == PM_OUT_OF_RANGE);
static_assert(static_cast<int>(StatusCode::kUnsupportedDType) == PM_UNSUPPORTED_DTYPE);
static_assert(static_cast<int>(StatusCode::kOutOfMemory) == PM_OUT_OF_MEMORY);
static_assert(static_cast<int>(StatusCode::kInternal) == PM_INTERNAL);

}  // namespace paddlemend::capi

const char* pm_last_error(void) { return paddlemend::capi::last_error; }
