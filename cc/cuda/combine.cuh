// How put_along_axis combines elements.
#pragma once

#include "cc/cuda/element.cuh"
#include "cc/kernels/reduction.h"

namespace paddlemend::cuda {

template <Reduction kReduction, typename W>
__device__ __forceinline__ W Combine(W element, W value) {
  if constexpr (kReduction == Reduction::kAssign) {
    return value;
  } else if constexpr (kReduction == Reduction::kMul) {
    return Times(element, value);
  } else if constexpr (kReduction == Reduction::kAmax) {
    return Greater(element, value);
  } else if constexpr (kReduction == Reduction::kAmin) {
    return Lesser(element, value);
  } else {
    return Plus(element, value);
  }
}

template <Reduction kReduction, typename W>
__device__ __forceinline__ W Neutral() {
  if constexpr (kReduction == Reduction::kMul) {
    return One<W>();
  } else if constexpr (kReduction == Reduction::kAmax || kReduction == Reduction::kAmin) {
    constexpr bool kIsLeast = kReduction == Reduction::kAmax;
    if constexpr (std::is_same_v<W, Bool8>) {
      return Bool8{static_cast<uint8_t>(kIsLeast ? 0 : 1)};
    } else if constexpr (std::is_integral_v<W>) {
      constexpr W kLowest = std::numeric_limits<W>::min();
      constexpr W kHighest = std::numeric_limits<W>::max();
      return kIsLeast ? kLowest : kHighest;
    } else {
      const W infinity = static_cast<W>(INFINITY);
      return kIsLeast ? -infinity : infinity;
    }
  } else {
    return Zero<W>();
  }
}

template <Reduction kReduction>
struct ReductionTag {
  static constexpr Reduction value = kReduction;
};

/// Calls `function(ReductionTag)` for a reduction that T has.
template <typename T, typename Function>
void DispatchReduction(Reduction reduction, Function&& function) {
  switch (reduction) {
    case Reduction::kAssign:
      return function(ReductionTag<Reduction::kAssign>());
    case Reduction::kAdd:
      return function(ReductionTag<Reduction::kAdd>());
    case Reduction::kMul:
      return function(ReductionTag<Reduction::kMul>());
    case Reduction::kMean:
      return function(ReductionTag<Reduction::kMean>());
    case Reduction::kAmax:
      if constexpr (!kIsComplex<T>) function(ReductionTag<Reduction::kAmax>());
      return;
    case Reduction::kAmin:
      if constexpr (!kIsComplex<T>) function(ReductionTag<Reduction::kAmin>());
      return;
  }
}

}  // namespace paddlemend::cuda
