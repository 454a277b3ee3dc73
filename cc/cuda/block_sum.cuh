// Sums over the threads that share a row.
#pragma once

#include <cuda_runtime.h>

namespace paddlemend::cuda {

template <typename Number>
__device__ __forceinline__ Number WarpSum(Number value) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2) value += __shfl_xor_sync(~0u, value, d);
  return value;
}

/// The sum over kThreads threads, the same in all of them: a warp, or the whole block. `memory` has
/// room for a number for each warp.
template <int kThreads, typename Number>
__device__ __forceinline__ Number RowSum(Number value, Number* memory) {
  value = WarpSum(value);
  if constexpr (kThreads == 32) return value;
  __syncthreads();
  if (threadIdx.x % 32 == 0) memory[threadIdx.x / 32] = value;
  __syncthreads();
  Number sum = 0;
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) sum += memory[w];
  return sum;
}

}  // namespace paddlemend::cuda
