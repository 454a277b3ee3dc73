#include <cstdlib>

#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/copy_plan.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend::cuda {
namespace {

/// From the number of an element, in the order of the loops, to its places in bytes.
struct CopyMap {
  int ndim;
  Divisor sizes[kMaxNdim];  // innermost first
  int64_t src[kMaxNdim];
  int64_t dst[kMaxNdim];

  __device__ __forceinline__ void Locate(int64_t number, int64_t* from, int64_t* to) const {
    int64_t s = 0;
    int64_t d = 0;
    for (int i = 0; i < ndim - 1; ++i) {
      const int64_t rest = sizes[i].Divide(number);
      int64_t step = number;
      step -= rest * size(i);
      s += step * src[i];
      d += step * dst[i];
      number = rest;
    }
    *from = s + number * src[ndim - 1];
    *to = d + number * dst[ndim - 1];
  }

  __device__ __forceinline__ int64_t size(int i) const { return lengths[i]; }
  int64_t lengths[kMaxNdim];
};

/// Maps the first `ndim` loops.
CopyMap MapLoops(const CopyLoop* loops, int ndim, int64_t most) {
  CopyMap map;
  map.ndim = std::max(ndim, 1);
  map.src[0] = map.dst[0] = 0;
  map.lengths[0] = 1;
  map.sizes[0] = Divisor(1, most);
  for (int i = 0; i < ndim; ++i) {
    const CopyLoop& loop = loops[ndim - 1 - i];
    map.sizes[i] = Divisor(loop.size, most);
    map.lengths[i] = loop.size;
    map.src[i] = loop.src;
    map.dst[i] = loop.dst;
  }
  return map;
}

int64_t CountOf(const CopyLoop* loops, int ndim) {
  int64_t count = 1;
  for (int i = 0; i < ndim; ++i) count *= loops[i].size;
  return count;
}

/// Cuts elements that are not aligned to their size: a plan may join neighbours to one element.
void Narrow(CopyPlan* plan) {
  int64_t element = plan->element;
  const auto fits = [&] {
    bool good = IsAligned(plan->src, element) && IsAligned(plan->dst, element);
    for (int i = 0; i < plan->ndim; ++i) {
      good &= plan->loops[i].src % element == 0 && plan->loops[i].dst % element == 0;
    }
    return good;
  };
  while (!fits()) element /= 2;
  if (element == plan->element) return;
  plan->loops[plan->ndim++] = {plan->element / element, element, element};
  plan->element = element;
}

/// Merges the innermost elements into longer ones while all strides allow it.
void Widen(CopyPlan* plan) {
  CopyLoop& inner = plan->loops[plan->ndim - 1];
  if (inner.src != plan->element || inner.dst != plan->element) return;
  const auto fits = [&](int64_t bytes) {
    bool good = inner.size * plan->element % bytes == 0 && IsAligned(plan->src, bytes) &&
                IsAligned(plan->dst, bytes);
    for (int i = 0; i + 1 < plan->ndim; ++i) {
      good &= plan->loops[i].src % bytes == 0 && plan->loops[i].dst % bytes == 0;
    }
    return good;
  };
  while (plan->element < 16 && fits(2 * plan->element)) {
    plan->element *= 2;
    inner.size /= 2;
    inner.src = inner.dst = plan->element;
  }
}

template <typename T>
void CopyElements(const CopyPlan& plan) {
  const int64_t count = CountOf(plan.loops, plan.ndim);
  const CopyMap map = MapLoops(plan.loops, plan.ndim, count);
  const char* const src = plan.src;
  char* const dst = plan.dst;
  ForEach(count, [=] __device__(int64_t i) {
    int64_t from, to;
    map.Locate(i, &from, &to);
    *reinterpret_cast<T*>(dst + to) = *reinterpret_cast<const T*>(src + from);
  });
}

/// A vector of one repeated element.
template <typename T>
struct Fill {
  char* to;
  T value;
};

/// Every row of the innermost loop, which is contiguous in dst, is one repeated element.
template <typename T>
void FillRows(const CopyPlan& plan) {
  constexpr int kVector = 16 / sizeof(T);
  using Words = Vector<T, kVector>;
  const CopyLoop& inner = plan.loops[plan.ndim - 1];
  bool wide = inner.size % kVector == 0 && IsAligned(plan.dst, 16);
  for (int i = 0; i + 1 < plan.ndim; ++i) wide &= plan.loops[i].dst % 16 == 0;
  if (!wide) return CopyElements<T>(plan);
  const int64_t rows = CountOf(plan.loops, plan.ndim - 1);
  const int64_t vectors = inner.size / kVector;
  const CopyMap map = MapLoops(plan.loops, plan.ndim - 1, rows);
  const Divisor divisor(vectors, rows * vectors);
  const char* const src = plan.src;
  char* const dst = plan.dst;
  const auto load = [=] __device__(int64_t i) {
    int64_t from, to;
    map.Locate(divisor.Split(&i), &from, &to);
    return Fill<T>{dst + to + i * 16, *reinterpret_cast<const T*>(src + from)};
  };
  Stream<4>(rows * vectors, load, [=] __device__(int64_t, const Fill<T>& fill) {
    Words words;
#pragma unroll
    for (int k = 0; k < kVector; ++k) words.values[k] = fill.value;
    *reinterpret_cast<Words*>(fill.to) = words;
  });
}

/// Rows of dst are columns of src: `columns` elements that are contiguous in dst, `rows` in src.
struct Transposition {
  const char* src;
  char* dst;
  int64_t columns, src_step;  // bytes from one column to the next in src
  int64_t rows, dst_step;     // bytes from one row to the next in dst
  int64_t row_tiles, column_tiles;
  CopyMap others;
};

/// One tile a block, through shared memory; kVector elements are moved at once on both sides.
template <typename T, int kVector, int kTile>
__global__ void __launch_bounds__(256) TransposeKernel(Transposition of) {
  constexpr int kLanes = kTile / kVector;  // threads for a line of the tile
  constexpr int kLines = 256 / kLanes;     // lines at once
  constexpr int kPitch = kTile + kVector * (kVector == 1 ? 1 : 1);
  using Words = Vector<T, kVector>;
  __shared__ alignas(16) T tile[kTile * kPitch];
  int64_t block = blockIdx.x;
  const int64_t row_tile = block % of.row_tiles;
  block /= of.row_tiles;
  const int64_t column_tile = block % of.column_tiles;
  int64_t from, to;
  of.others.Locate(block / of.column_tiles, &from, &to);
  const int64_t row = row_tile * kTile;
  const int64_t column = column_tile * kTile;
  const int lane = threadIdx.x % kLanes * kVector;
  const int line = threadIdx.x / kLanes;
  from += column * of.src_step + row * static_cast<int64_t>(sizeof(T));
  to += row * of.dst_step + column * static_cast<int64_t>(sizeof(T));
  Words words[kTile / kLines];
#pragma unroll
  for (int i = 0; i < kTile / kLines; ++i) {
    const int c = line + i * kLines;
    if (column + c < of.columns && row + lane < of.rows) {
      words[i] = *reinterpret_cast<const Words*>(of.src + from + c * of.src_step +
                                                 lane * static_cast<int64_t>(sizeof(T)));
    }
  }
#pragma unroll
  for (int i = 0; i < kTile / kLines; ++i) {
    *reinterpret_cast<Words*>(tile + (line + i * kLines) * kPitch + lane) = words[i];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kTile / kLines; ++i) {
    const int r = line + i * kLines;
    if (row + r < of.rows && column + lane < of.columns) {
      Words out;
#pragma unroll
      for (int k = 0; k < kVector; ++k) out.values[k] = tile[(lane + k) * kPitch + r];
      *reinterpret_cast<Words*>(of.dst + to + r * of.dst_step +
                                lane * static_cast<int64_t>(sizeof(T))) = out;
    }
  }
}

template <typename T, int kVector>
void LaunchTransposition(Transposition of, const CopyLoop* others, int ndim) {
  constexpr int kTile = sizeof(T) >= 8 ? 32 : 64;
  of.row_tiles = CeilDiv(of.rows, kTile);
  of.column_tiles = CeilDiv(of.columns, kTile);
  const int64_t rest = CountOf(others, ndim);
  of.others = MapLoops(others, ndim, rest);
  const int64_t blocks = of.row_tiles * of.column_tiles * rest;
  TransposeKernel<T, kVector, kTile>
      <<<static_cast<unsigned>(blocks), 256, 0, Call::Current().stream()>>>(of);
  CheckLaunch();
}

/// `across` is the loop whose elements are contiguous in src. Returns false if it is not worth it.
template <typename T>
bool Transpose(const CopyPlan& plan, int across) {
  constexpr int64_t kLeast = 8;  // elements along each side
  const CopyLoop inner = plan.loops[plan.ndim - 1];
  const CopyLoop outer = plan.loops[across];
  if (inner.size < kLeast || outer.size < kLeast) return false;
  CopyLoop others[kMaxNdim];
  int ndim = 0;
  for (int i = 0; i + 1 < plan.ndim; ++i) {
    if (i != across) others[ndim++] = plan.loops[i];
  }
  const Transposition of{plan.src,  plan.dst, inner.size, inner.src, outer.size,
                         outer.dst, 0,        0,          {}};
  const int64_t tiles = CeilDiv(inner.size, 32) * CeilDiv(outer.size, 32) * CountOf(others, ndim);
  if (tiles >= int64_t{1} << 31) return false;
  constexpr int kVector = sizeof(T) < 4 ? 4 / sizeof(T) : 1;
  bool wide = inner.size % kVector == 0 && outer.size % kVector == 0 && inner.src % 4 == 0 &&
              outer.dst % 4 == 0 && IsAligned(plan.src, 4) && IsAligned(plan.dst, 4);
  for (int i = 0; i < ndim; ++i) wide &= others[i].src % 4 == 0 && others[i].dst % 4 == 0;
  if (wide) {
    LaunchTransposition<T, kVector>(of, others, ndim);
  } else {
    LaunchTransposition<T, 1>(of, others, ndim);
  }
  return true;
}

template <typename T>
void Run(const CopyPlan& plan) {
  const CopyLoop& inner = plan.loops[plan.ndim - 1];
  if (inner.dst == plan.element) {
    if (inner.src == 0) return FillRows<T>(plan);
    for (int i = 0; i + 1 < plan.ndim; ++i) {
      if (plan.loops[i].src == plan.element && inner.src != plan.element && Transpose<T>(plan, i)) {
        return;
      }
    }
  }
  CopyElements<T>(plan);
}

}  // namespace
}  // namespace paddlemend::cuda

namespace paddlemend {

void StridedCopy(const TensorView& src, const MutableTensorView& dst, const Context&) {
  if (Numel(dst) == 0) return;
  CopyPlan plan = MakeCopyPlan(src, dst);
  const bool is_run =
      plan.ndim == 1 && plan.loops[0].src == plan.element && plan.loops[0].dst == plan.element;
  if (plan.ndim == 0 || is_run) {
    return cuda::CopyBytes(plan.dst, plan.src,
                           plan.ndim == 0 ? plan.element : plan.element * plan.loops[0].size);
  }
  // A plan of all dimensions has joined none.
  if (plan.ndim < kMaxNdim) cuda::Narrow(&plan);
  cuda::Widen(&plan);
  cuda::DispatchBytes(plan.element,
                      [&](auto tag) { cuda::Run<typename decltype(tag)::type>(plan); });
}

void FillZero(const MutableTensorView& out, const Context& context) {
  if (Numel(out) == 0) return;
  if (IsContiguous(out)) return cuda::SetBytes(out.data, 0, ByteSize(out));
  const Buffer zero(16);
  cuda::SetBytes(zero.data(), 0, 16);
  TensorView source{out, zero.data()};
  source.strides.fill(0);
  StridedCopy(source, out, context);
}

}  // namespace paddlemend
