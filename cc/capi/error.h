// From kernel statuses and C++ exceptions to pm_status and pm_last_error().
#pragma once

#include <exception>
#include <new>

#include "cc/capi/paddlemend.h"
#include "cc/kernels/status.h"

namespace paddlemend::capi {

/// Records the message for pm_last_error(), preceded by the operator's name, and returns the code.
pm_status ReportError(const char* operator_name, const Status& status) noexcept;

/// Calls `function`, which returns a Status, and lets nothing but a pm_status out.
template <typename Function>
pm_status Guard(const char* operator_name, const Function& function) noexcept {
  try {
    const Status status = function();
    return status.ok() ? PM_OK : ReportError(operator_name, status);
  } catch (const std::bad_alloc&) {
    return ReportError(operator_name, {StatusCode::kOutOfMemory, "out of memory"});
  } catch (const std::exception& error) {
    return ReportError(operator_name, {StatusCode::kInternal, error.what()});
  } catch (...) {
    return ReportError(operator_name, {StatusCode::kInternal, "unknown exception"});
  }
}

}  // namespace paddlemend::capi
