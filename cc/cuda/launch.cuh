// Launching kernels over many items.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/cuda/call.h"
#include "cc/kernels/contiguous.h"

namespace paddlemend::cuda {

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <typename Function>
__global__ void __launch_bounds__(256) ForEachKernel(int64_t n, Function function) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    function(i);
  }
}

/// Calls the device function `function(i)` for 0 <= i < n.
template <typename Function>
void ForEach(int64_t n, const Function& function) {
  if (n <= 0) return;
  constexpr int kThreads = 256;
  // Enough blocks for a second wave and the tail; each takes several items.
  const int64_t most = static_cast<int64_t>(Multiprocessors()) * 64;
  const auto blocks = static_cast<unsigned>(std::min(CeilDiv(n, kThreads), most));
  ForEachKernel<<<blocks, kThreads, 0, Call::Current().stream()>>>(n, function);
  CheckLaunch();
}

/// `count` elements of temporary memory.
template <typename T>
class Temporary {
 public:
  explicit Temporary(int64_t count) : buffer_(count * static_cast<int64_t>(sizeof(T))) {}
  T* data() const { return static_cast<T*>(buffer_.data()); }

 private:
  const Buffer buffer_;
};

inline void SetBytes(void* memory, int byte, int64_t bytes) {
  if (bytes > 0) Check(cudaMemsetAsync(memory, byte, bytes, Call::Current().stream()));
}

inline void CopyBytes(void* to, const void* from, int64_t bytes) {
  if (bytes == 0 || to == from) return;
  Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, Call::Current().stream()));
}

/// A vector of `n` elements that is read and written at once.
template <typename T, int n>
struct alignas(sizeof(T) * n) Vector {
  T values[n];
};

inline bool IsAligned(const void* pointer, int64_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

/// Whether a kernel may write: no entry of the index was found out of range. A null word means that
/// nothing is checked.
__device__ __forceinline__ bool MayWrite(const BadEntry* word) {
  return word == nullptr || *word == kNoBadEntry;
}

/// Raises the blocks' limit of shared memory for `kernel` if it needs more than the default.
template <typename Kernel>
void AllowSharedMemory(Kernel* kernel, int64_t bytes) {
  if (bytes > 48 << 10) {
    Check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(bytes)));
  }
}

}  // namespace paddlemend::cuda
