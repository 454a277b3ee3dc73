// Walking over the elements of a layout in row-major order.
#pragma once

#include <cstdint>

#include "cc/kernels/tensor_view.h"

namespace paddlemend {

namespace internal {

template <typename Function>
void ForEachAddressFrom(const TensorLayout& layout, int d, int64_t address,
                        const Function& function) {
  if (d == layout.ndim) return function(address);
  for (int64_t i = 0; i < layout.shape[d]; ++i) {
    const int64_t next = address + i * layout.strides[d];
    if (d == layout.ndim - 1) {
      function(next);
    } else {
      ForEachAddressFrom(layout, d + 1, next, function);
    }
  }
}

}  // namespace internal

/// Calls function(address) for each element, where element 0 has the address `start`.
template <typename Function>
void ForEachAddress(const TensorLayout& layout, int64_t start, const Function& function) {
  internal::ForEachAddressFrom(layout, 0, start, function);
}

}  // namespace paddlemend
