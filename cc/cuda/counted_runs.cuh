// Runs of places sorted by counting.
#pragma once

#include "cc/cuda/slice_runs.cuh"

namespace paddlemend::cuda {

/// Runs up to this length are put in order by the warp that adds them.
constexpr int kShortRun = 32;

/// The end of a run of one place, which is its begin.
constexpr int32_t kSingle = -1;

/// Runs that lie anywhere. The places of a short one may have any order; those of a longer one are
/// in order in `ordered`.
struct LooseRuns {
  const int32_t* places;
  const int32_t* ordered;
  const Run<int32_t>* runs;

  /// The places of a run, in order, for the lanes of a warp.
  __device__ __forceinline__ PlacesOfRun<int32_t> Places(const Run<int32_t>& run, int lane) const {
    if (run.end == kSingle) return PlacesOfRun<int32_t>(run.begin, lane);
    const bool is_short = run.end - run.begin <= kShortRun;
    PlacesOfRun<int32_t> found(is_short ? places : ordered, run, lane);
    if (is_short && found.length > 1) {
      found.first = OrderLanes(found.first, static_cast<int>(found.length), lane);
    }
    return found;
  }
};

/// How many additions are sorted by counting: the places of a run must fit in the bits of a block's
/// shared memory.
constexpr int64_t kMostCounted = int64_t{1} << 19;

/// Numbers that kernels count up.
struct Totals {
  int32_t places;     // that have been given to runs
  int32_t long_runs;  // whose places have to be put in order
};

/// ranks[i] = how many of the same index were counted before.
template <typename Number>
void Rank(const Number* indices, int64_t count, int32_t* counts, int32_t* ranks) {
  ForEach(count, [=] __device__(int64_t i) { ranks[i] = atomicAdd(counts + indices[i], 1); });
}

/// Writes the places of all runs, and makes those of one place single.
template <typename Number>
void Fill(const Number* indices, int64_t count, const int32_t* ranks, Run<int32_t>* runs,
          int32_t* places) {
  ForEach(count, [=] __device__(int64_t i) {
    const auto place = static_cast<int32_t>(i);
    const Run<int32_t> run = runs[indices[i]];
    if (run.end - run.begin == 1) {
      runs[indices[i]] = {place, kSingle};
    } else {
      places[run.begin + ranks[i]] = place;
    }
  });
}

constexpr int kBlockThreads = 1024;

/// The sum of `own` over the threads of the block before this one; *all is that over all threads.
/// `memory` has room for a number for each warp.
__device__ __forceinline__ int SumBefore(int own, int* memory, int* all) {
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  int sum = own;  // of the lanes up to this one
#pragma unroll
  for (int d = 1; d < 32; d *= 2) {
    const int other = __shfl_up_sync(~0u, sum, d);
    if (lane >= d) sum += other;
  }
  if (lane == 31) memory[warp] = sum;
  __syncthreads();
  int before = sum - own;
  *all = 0;
  for (int w = 0; w < kBlockThreads / 32; ++w) {
    if (w < warp) before += memory[w];
    *all += memory[w];
  }
  __syncthreads();
  return before;
}

/// For each slice a run of the length that was counted, and a list of the long ones.
static __global__ void __launch_bounds__(kBlockThreads)
    PlaceRunsKernel(int64_t size, const int32_t* counts, Totals* totals, Run<int32_t>* runs,
                    int32_t* long_runs) {
  __shared__ int memory[kBlockThreads / 32];
  __shared__ int32_t base;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kBlockThreads + threadIdx.x;
  const int32_t count = i < size ? counts[i] : 0;
  int all;
  const int before = SumBefore(count, memory, &all);
  if (threadIdx.x == 0) base = atomicAdd(&totals->places, all);
  __syncthreads();
  if (i >= size) return;
  const int32_t begin = base + before;
  runs[i] = {begin, begin + count};
  if (count > kShortRun) long_runs[atomicAdd(&totals->long_runs, 1)] = static_cast<int32_t>(i);
}

/// Writes the places of long runs in order: a block marks them as bits in shared memory, one for
/// each addition, and reads the bits off.
static __global__ void __launch_bounds__(kBlockThreads)
    OrderLongRunsKernel(const Totals* totals, const int32_t* long_runs, const Run<int32_t>* runs,
                        const int32_t* places, int bit_words, int32_t* ordered) {
  extern __shared__ uint32_t bits[];
  __shared__ int before[kBlockThreads / 32];
  const int each = (bit_words + kBlockThreads - 1) / kBlockThreads;
  const int first = threadIdx.x * each;
  const int last = min(first + each, bit_words);
  for (int k = blockIdx.x; k < totals->long_runs; k += gridDim.x) {
    const Run<int32_t> run = runs[long_runs[k]];
    for (int i = threadIdx.x; i < bit_words; i += kBlockThreads) bits[i] = 0;
    __syncthreads();
    for (int i = run.begin + threadIdx.x; i < run.end; i += kBlockThreads) {
      atomicOr(bits + places[i] / 32, 1u << (places[i] % 32));
    }
    __syncthreads();
    int own = 0;
    for (int i = first; i < last; ++i) own += __popc(bits[i]);
    int all;
    int at = run.begin + SumBefore(own, before, &all);
    for (int i = first; i < last; ++i) {
      for (uint32_t rest = bits[i]; rest != 0; rest &= rest - 1) {
        ordered[at++] = i * 32 + __ffs(rest) - 1;
      }
    }
    __syncthreads();
  }
}

/// The places of `count` indices, which are below `size`, by index. Those of an index get places
/// next to each other as they come, and are put in order only then. Long runs are few, so this is
/// quicker than a radix sort.
class CountedRuns {
 public:
  template <typename Number>
  CountedRuns(const Number* indices, int64_t count, int64_t size)
      : counters_(size + 2),
        ranks_(count),
        places_(count),
        ordered_(count),
        long_runs_(count / kShortRun + 1),
        runs_(size) {
    auto* const totals = reinterpret_cast<Totals*>(counters_.data());
    int32_t* const counts = counters_.data() + 2;
    int32_t* const rank = ranks_.data();
    int32_t* const place = places_.data();
    Run<int32_t>* const runs = runs_.data();
    SetBytes(counters_.data(), 0, (size + 2) * static_cast<int64_t>(sizeof(int32_t)));
    Rank(indices, count, counts, rank);
    const cudaStream_t stream = Call::Current().stream();
    PlaceRunsKernel<<<static_cast<unsigned>(CeilDiv(size, kBlockThreads)), kBlockThreads, 0,
                      stream>>>(size, counts, totals, runs, long_runs_.data());
    CheckLaunch();
    Fill(indices, count, rank, runs, place);
    const int bit_words = static_cast<int>(CeilDiv(count, 32));
    AllowSharedMemory(&OrderLongRunsKernel, bit_words * 4);
    OrderLongRunsKernel<<<Multiprocessors(), kBlockThreads, bit_words * 4, stream>>>(
        totals, long_runs_.data(), runs, place, bit_words, ordered_.data());
    CheckLaunch();
  }

  LooseRuns view() const { return {places_.data(), ordered_.data(), runs_.data()}; }

 private:
  const Temporary<int32_t> counters_, ranks_, places_, ordered_, long_runs_;
  const Temporary<Run<int32_t>> runs_;
};

}  // namespace paddlemend::cuda
