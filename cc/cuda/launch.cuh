// Launching kernels over many items.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/cuda/call.h"
#include "cc/kernels/contiguous.h"

namespace paddlemend::cuda {

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

constexpr int kItemThreads = 256;

/// A block takes items that lie side by side: what runs at a time is then a short stretch of
/// memory.
template <typename Function>
__global__ void __launch_bounds__(kItemThreads)
    ForEachKernel(int64_t n, int each, Function function) {
  int64_t i = static_cast<int64_t>(blockIdx.x) * each * kItemThreads + threadIdx.x;
  for (int k = 0; k < each && i < n; ++k, i += kItemThreads) function(i);
}

/// Calls the device function `function(i)` for 0 <= i < n.
template <typename Function>
void ForEach(int64_t n, const Function& function) {
  if (n <= 0) return;
  // Several items a thread, where there are enough for all multiprocessors.
  const int64_t enough = static_cast<int64_t>(Multiprocessors()) * 64 * kItemThreads;
  const int each = static_cast<int>(std::clamp<int64_t>(n / enough, 1, 8));
  const auto blocks = static_cast<unsigned>(CeilDiv(n, int64_t{each} * kItemThreads));
  ForEachKernel<<<blocks, kItemThreads, 0, Call::Current().stream()>>>(n, each, function);
  CheckLaunch();
}

template <int kEach, typename Load, typename Store>
__global__ void __launch_bounds__(kItemThreads) StreamKernel(int64_t n, Load load, Store store) {
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kEach * kItemThreads + threadIdx.x;
  decltype(load(first)) loaded[kEach];
#pragma unroll
  for (int k = 0; k < kEach; ++k) {
    if (first + k * kItemThreads < n) loaded[k] = load(first + k * kItemThreads);
  }
#pragma unroll
  for (int k = 0; k < kEach; ++k) {
    if (first + k * kItemThreads < n) store(first + k * kItemThreads, loaded[k]);
  }
}

/// Calls the device functions `store(i, load(i))` for 0 <= i < n, the loads of kEach items before
/// their stores: for little work on much memory.
template <int kEach, typename Load, typename Store>
void Stream(int64_t n, const Load& load, const Store& store) {
  if (n <= 0) return;
  const auto blocks = static_cast<unsigned>(CeilDiv(n, int64_t{kEach} * kItemThreads));
  StreamKernel<kEach><<<blocks, kItemThreads, 0, Call::Current().stream()>>>(n, load, store);
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

/// Calls a function of CUB twice: for the size of its scratch memory, and to run.
template <typename Function>
void WithScratch(const Function& function) {
  size_t bytes = 0;
  Check(function(static_cast<void*>(nullptr), bytes));
  const Buffer scratch(static_cast<int64_t>(bytes));
  Check(function(scratch.data(), bytes));
}

inline void SetBytes(void* memory, int byte, int64_t bytes) {
  if (bytes > 0) Check(cudaMemsetAsync(memory, byte, bytes, Call::Current().stream()));
}

inline void CopyBytes(void* to, const void* from, int64_t bytes) {
  if (bytes == 0 || to == from) return;
  Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, Call::Current().stream()));
}

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
