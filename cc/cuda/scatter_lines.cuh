// Combining values with the elements of lines that fit shared memory: a warp for each line.
#pragma once

#include "cc/cuda/axis_map.cuh"
#include "cc/cuda/combine.cuh"

namespace paddlemend::cuda {

/// The lanes of this warp with the same `entry`, and which of them comes first to `mine`: equal
/// entries are rare, so they are looked for only where a bit of `seen` for each entry shows one.
struct LanePeers {
  unsigned lanes;  // 0 if there are no others
  int rank;
};

__device__ __forceinline__ LanePeers FindPeers(bool is_active, int entry, int lane,
                                               uint32_t* seen) {
  const uint32_t bit = 1u << (entry & 31);
  const uint32_t before = is_active ? atomicOr(seen + (entry >> 5), bit) : 0;
  const bool has_peers = __any_sync(~0u, (before & bit) != 0);
  if (is_active) atomicAnd(seen + (entry >> 5), ~bit);  // for the next step
  if (!has_peers) return {0, 0};
  const unsigned active = __ballot_sync(~0u, is_active);
  if (!is_active) return {~0u, 0};
  const unsigned peers = __match_any_sync(active, entry);
  return {peers, __popc(peers & ((1u << lane) - 1))};
}

/// Bytes of the elements of a line, and what follows is aligned.
template <typename W>
__host__ __device__ constexpr int64_t RoundedLine(int64_t size) {
  return (size * static_cast<int64_t>(sizeof(W)) + 15) / 16 * 16;
}

struct LineScatter {
  bool include_self;
  int warp_bytes;  // shared memory of a warp
};

/// Combines the values of 32 entries, one of each lane, with the elements of a line.
template <Reduction kReduction, bool kCounts, typename W>
__device__ __forceinline__ void CombineStep(bool include_self, bool is_active, int entry, W mine,
                                            int lane, W* elements, uint32_t* counts,
                                            uint32_t* seen) {
  const LanePeers peers = FindPeers(is_active, entry, lane, seen);
  const auto combine = [&] {
    W element = elements[entry];
    if constexpr (kCounts) {
      if (!include_self && counts[entry] == 0) element = Neutral<kReduction, W>();
      ++counts[entry];
    }
    elements[entry] = Combine<kReduction>(element, mine);
  };
  if (peers.lanes == 0) {
    if (is_active) combine();
  } else if constexpr (kReduction == Reduction::kAssign) {
    if (is_active && (peers.lanes >> lane) == 1u) elements[entry] = mine;
  } else {
    const int rank = is_active ? peers.rank : -1;
    for (int turn = 0; __any_sync(~0u, rank >= turn); ++turn) {
      if (rank == turn) combine();
      __syncwarp();
    }
  }
  __syncwarp();
}

constexpr int kSteps = 4;

/// A line in shared memory: its elements, how many values came to each, and a bit for each.
template <typename T, Reduction kReduction, bool kCounts>
__global__ void __launch_bounds__(128)
    ScatterLinesKernel(AxisMap map, LineScatter of, const T* x, const T* value, T* out) {
  using W = Work<T>;
  extern __shared__ __align__(16) char memory[];
  if (!MayWrite(map.word)) return;
  const int lane = threadIdx.x % 32;
  const int64_t line = static_cast<int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  if (line * map.count >= map.total) return;
  W* const elements = reinterpret_cast<W*>(memory + (threadIdx.x / 32) * of.warp_bytes);
  auto* const counts =
      reinterpret_cast<uint32_t*>(reinterpret_cast<char*>(elements) + RoundedLine<W>(map.size));
  auto* const seen = counts + (kCounts ? map.size : 0);
  const int64_t size = map.size;
#pragma unroll 4
  for (int64_t i = lane; i < size; i += 32) {
    elements[i] = x == nullptr ? Zero<W>() : Convert<W>(x[line * size + i]);
    if (kCounts) counts[i] = 0;
  }
  for (int64_t i = lane; i < (size + 31) / 32; i += 32) seen[i] = 0;
  __syncwarp();
  const int64_t first = line * map.count;
  const int count = static_cast<int>(map.count);
  for (int begin = 0; begin < count; begin += 32 * kSteps) {
    // What several steps need is asked for at once.
    int64_t entries[kSteps];
    T values[kSteps];
#pragma unroll
    for (int k = 0; k < kSteps; ++k) {
      const int at = begin + k * 32 + lane;
      entries[k] = at < count ? map.Entry(first + at) : 0;
      if (at < count) values[k] = value[first + at];
    }
#pragma unroll
    for (int k = 0; k < kSteps; ++k) {
      const int at = begin + k * 32 + lane;
      if (begin + k * 32 >= count) break;
      const bool is_active = at < count && map.Resolve(first + at, &entries[k]);
      CombineStep<kReduction, kCounts>(of.include_self, is_active, static_cast<int>(entries[k]),
                                       Convert<W>(values[k]), lane, elements, counts, seen);
    }
  }
#pragma unroll 4
  for (int64_t i = lane; i < size; i += 32) {
    W element = elements[i];
    if constexpr (kReduction == Reduction::kMean) {
      if (counts[i] > 0) {
        element = DividedBy(element, static_cast<int64_t>(counts[i]) + (of.include_self ? 1 : 0));
      }
    }
    out[line * size + i] = Convert<T>(element);
  }
}

/// Bytes of shared memory that a line needs.
template <typename T>
int64_t LineBytes(int64_t size, bool has_counts) {
  return RoundedLine<Work<T>>(size) +
         ((has_counts ? 4 * size : 0) + (size + 31) / 32 * 4 + 15) / 16 * 16;
}

/// The longest line, in bytes: of longer ones too few fit a multiprocessor.
constexpr int64_t kMostLineBytes = 24 << 10;

template <Reduction kReduction, bool kCounts, typename T>
void ScatterLines(const AlongAxis& plan, bool include_self, const T* x, const T* value, T* out) {
  const AxisMap map(plan);
  const int64_t bytes = LineBytes<T>(plan.size, kCounts);
  const int64_t warps = std::max<int64_t>(std::min<int64_t>((48 << 10) / bytes, 4), 1);
  auto* const kernel = ScatterLinesKernel<T, kReduction, kCounts>;
  AllowSharedMemory(kernel, warps * bytes);
  const LineScatter of{include_self, static_cast<int>(bytes)};
  kernel<<<static_cast<unsigned>(CeilDiv(plan.blocks, warps)), static_cast<unsigned>(32 * warps),
           warps * bytes, Call::Current().stream()>>>(map, of, x, value, out);
  CheckLaunch();
}

}  // namespace paddlemend::cuda
