// The result of an operator: a code and, unless it is kOk, a message for the user.
#pragma once

#include <sstream>
#include <string>
#include <utility>

namespace paddlemend {

enum class StatusCode {
  kOk = 0,
  kInvalidArgument,
  kOutOfRange,
  kUnsupportedDType,
  kOutOfMemory,
  kInternal,
};

struct [[nodiscard]] Status {
  StatusCode code = StatusCode::kOk;
  std::string message;

  bool ok() const { return code == StatusCode::kOk; }
};

inline Status OkStatus() { return Status(); }

/// Builds a status whose message is the concatenation of `parts` (anything with operator<<).
template <typename... Parts>
Status MakeStatus(StatusCode code, const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  return Status{code, message.str()};
}

template <typename... Parts>
Status InvalidArgument(const Parts&... parts) {
  return MakeStatus(StatusCode::kInvalidArgument, parts...);
}

template <typename... Parts>
Status OutOfRange(const Parts&... parts) {
  return MakeStatus(StatusCode::kOutOfRange, parts...);
}

template <typename... Parts>
Status UnsupportedDType(const Parts&... parts) {
  return MakeStatus(StatusCode::kUnsupportedDType, parts...);
}

}  // namespace paddlemend

/// Returns from the enclosing function if `expression` is a Status that is not ok.
#define PM_RETURN_IF_ERROR(expression)                   \
  do {                                                   \
    ::paddlemend::Status pm_status_value = (expression); \
    if (!pm_status_value.ok()) return pm_status_value;   \
  } while (false)
