// How the kernels of batch_norm share the channels of a tensor.
#pragma once

#include "cc/cuda/divide.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/channel_layout.h"

namespace paddlemend::cuda {

/// How the elements of a channel are shared among threads. Where they have neighbours (inner is
/// long), a block takes whole runs of one channel; else a block takes 32 channels that lie side by
/// side, a column of threads each.
struct Split {
  ChannelLayout layout;
  int64_t chunks;  // parts of each channel
  int64_t chunk;   // their elements, or rows of [outer, channels]
  bool by_runs;
};

constexpr int kThreads = 256;
constexpr int kColumns = 32;

inline Split SplitChannels(const ChannelLayout& layout) {
  Split split{layout, 1, 1, layout.inner >= 32 || layout.channels == 1};
  const int64_t blocks = static_cast<int64_t>(Multiprocessors()) * 8;
  if (split.by_runs) {
    const int64_t most = std::max<int64_t>(layout.count() / 8192, 1);
    split.chunks = std::min(CeilDiv(blocks * 2, layout.channels), most);
  } else {
    const int64_t most = std::max<int64_t>(layout.count() / 64, 1);
    split.chunks = std::min(CeilDiv(blocks, CeilDiv(layout.channels, kColumns)), most);
  }
  split.chunk = CeilDiv(layout.count(), split.chunks);
  if (split.by_runs) split.chunk = CeilDiv(split.chunk, 8) * 8;
  split.chunks = CeilDiv(layout.count(), split.chunk);
  return split;
}

/// For the vectors of elements [begin, end) of a channel that are this thread's, a whole number of
/// vectors: use(load(offset)), with the loads of kAtOnce vectors before their uses. With kVector
/// above 1 inner is a multiple of it.
template <int kVector, int kAtOnce, typename Load, typename Use>
__device__ __forceinline__ void ForEachRun(const ChannelLayout& layout, int64_t channel,
                                           int64_t begin, int64_t end, const Load& load,
                                           const Use& use) {
  constexpr int kStep = kThreads * kVector;
  const int64_t period = layout.channels * layout.inner;
  int64_t at = begin + static_cast<int64_t>(threadIdx.x) * kVector;
  int64_t outer = at / layout.inner;
  int64_t inner = at - outer * layout.inner;
  for (; at < end; at += kAtOnce * kStep) {
    decltype(load(at)) loaded[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (at + k * kStep < end) loaded[k] = load(outer * period + channel * layout.inner + inner);
      inner += kStep;
      while (inner >= layout.inner) {
        inner -= layout.inner;
        ++outer;
      }
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (at + k * kStep < end) use(loaded[k]);
    }
  }
}

/// store(offset, load(channel, offset)) for vectors of elements, which are in one channel.
template <int kVector, typename Load, typename Store>
void MapVectors(const ChannelLayout& layout, const Load& load, const Store& store) {
  const int64_t n = layout.count() * layout.channels / kVector;
  const Divisor by_inner(layout.inner / kVector, n);
  const Divisor by_channels(layout.channels, n);
  const auto load_vector = [=] __device__(int64_t i) {
    int64_t channel = by_inner.Divide(i);
    by_channels.Split(&channel);
    return load(channel, i * kVector);
  };
  Stream<2>(n, load_vector,
            [=] __device__(int64_t i, const auto& loaded) { store(i * kVector, loaded); });
}

template <typename T>
bool IsWide(const ChannelLayout& layout, const void* a, const void* b, const void* c) {
  constexpr int kVector = 16 / sizeof(T);
  return layout.inner % kVector == 0 && IsAligned(a, 16) && IsAligned(b, 16) && IsAligned(c, 16);
}

}  // namespace paddlemend::cuda
