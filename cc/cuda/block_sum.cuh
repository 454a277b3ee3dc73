// Sums over the threads that share a row.
#pragma once

#include <cuda_runtime.h>

namespace paddlemend::cuda {

__device__ __forceinline__ double WarpSum(double value) {
#pragma unroll
  for (int d = 16; d > 0; d /= 2) value += __shfl_xor_sync(~0u, value, d);
  return value;
}

/// The sum over kThreads threads, the same in all of them: a warp, or the whole block. `memory` has
/// room for a number for each warp.
template <int kThreads>
__device__ __forceinline__ double RowSum(double value, double* memory) {
  value = WarpSum(value);
  if constexpr (kThreads == 32) return value;
  __syncthreads();
  if (threadIdx.x % 32 == 0) memory[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) sum += memory[w];
  return sum;
}

}  // namespace paddlemend::cuda
