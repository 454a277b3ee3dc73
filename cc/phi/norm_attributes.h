// What the adapters of the norms share.
#pragma once

#include <cmath>

#include "paddle/phi/common/data_type.h"

namespace paddlemend::phi_adapter {

inline bool IsHalf(phi::DataType dtype) {
  return dtype == phi::DataType::FLOAT16 || dtype == phi::DataType::BFLOAT16;
}

/// The dtype of statistics and parameters for elements of `dtype`.
inline phi::DataType StatisticsDtype(phi::DataType dtype) {
  return IsHalf(dtype) ? phi::DataType::FLOAT32 : dtype;
}

/// An attribute that Paddle keeps as float32 and the program gave as a decimal number: the one with
/// the fewest decimals that is rounded to it.
inline double AsWritten(float attribute) {
  double power = 1;
  for (int decimals = 0; decimals < 16; ++decimals, power *= 10) {
    const double written = std::nearbyint(attribute * power) / power;
    if (static_cast<float>(written) == attribute) return written;
  }
  return attribute;
}

}  // namespace paddlemend::phi_adapter
