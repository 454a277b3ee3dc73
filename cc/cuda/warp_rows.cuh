// Rows that are long enough for a warp each.
#pragma once

#include "cc/cuda/launch.cuh"

namespace paddlemend::cuda {

template <int kWarps, typename Function>
__global__ void __launch_bounds__(32 * kWarps) ForEachWarpKernel(int64_t n, Function function) {
  const int64_t warp = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (warp < n) function(warp, static_cast<int>(threadIdx.x % 32));
}

/// Calls the device function `function(i, lane)` with all lanes of a warp for each 0 <= i < n,
/// which is less than 2^32. Blocks of few warps suit rows that take different times.
template <int kWarps = 4, typename Function>
void ForEachWarp(int64_t n, const Function& function) {
  if (n <= 0) return;
  const auto blocks = static_cast<unsigned>(CeilDiv(n, kWarps));
  ForEachWarpKernel<kWarps><<<blocks, 32 * kWarps, 0, Call::Current().stream()>>>(n, function);
  CheckLaunch();
}

/// Whether there are enough rows of that many bytes, and each is long enough.
inline bool SuitsWarps(int64_t rows, int64_t row_bytes) {
  return row_bytes >= 512 && rows >= 256 && rows < int64_t{1} << 32;
}

/// Copies a row, several accesses of each lane at once.
template <typename T>
__device__ __forceinline__ void CopyRow(const T* from, T* to, int64_t size, int lane) {
  constexpr int kAtOnce = 8;
  for (int64_t begin = 0; begin < size; begin += 32 * kAtOnce) {
    T values[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int64_t i = begin + k * 32 + lane;
      if (i < size) values[k] = from[i];
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int64_t i = begin + k * 32 + lane;
      if (i < size) to[i] = values[k];
    }
  }
}

}  // namespace paddlemend::cuda
