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

constexpr int kFillThreads = 256;
constexpr int kFillVectors = 2;  // of a thread

/// A piece of a row a block: what is the same for the whole row is computed once.
template <typename T>
__global__ void __launch_bounds__(kFillThreads)
    FillRowsKernel(const char* src, char* dst, CopyMap map, Divisor by_pieces, int64_t vectors) {
  constexpr int kVector = 16 / sizeof(T);
  int64_t piece = blockIdx.x;
  const int64_t row = by_pieces.Split(&piece);
  int64_t from, to;
  map.Locate(row, &from, &to);
  const T value = *reinterpret_cast<const T*>(src + from);
  Vector<T, kVector> words;
#pragma unroll
  for (int k = 0; k < kVector; ++k) words.values[k] = value;
  const int64_t first = piece * (kFillThreads * kFillVectors) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < kFillVectors; ++k) {
    const int64_t i = first + k * kFillThreads;
    if (i < vectors) reinterpret_cast<Vector<T, kVector>*>(dst + to)[i] = words;
  }
}

/// Every row of the innermost loop, which is contiguous in dst, is one repeated element.
template <typename T>
void FillRows(const CopyPlan& plan) {
  constexpr int kVector = 16 / sizeof(T);
  const CopyLoop& inner = plan.loops[plan.ndim - 1];
  bool wide = inner.size % kVector == 0 && IsAligned(plan.dst, 16);
  for (int i = 0; i + 1 < plan.ndim; ++i) wide &= plan.loops[i].dst % 16 == 0;
  const int64_t rows = CountOf(plan.loops, plan.ndim - 1);
  const int64_t vectors = inner.size / kVector;
  const int64_t pieces = CeilDiv(vectors, kFillThreads * kFillVectors);
  if (!wide || vectors < kFillThreads || rows * pieces >= int64_t{1} << 31) {
    return CopyElements<T>(plan);
  }
  FillRowsKernel<T>
      <<<static_cast<unsigned>(rows * pieces), kFillThreads, 0, Call::Current().stream()>>>(
          plan.src, plan.dst, MapLoops(plan.loops, plan.ndim - 1, rows),
          Divisor(pieces, rows * pieces), vectors);
  CheckLaunch();
}

/// Rows of dst are columns of src: `columns` elements that are contiguous in dst, `rows` in src.
struct Transposition {
  const char* src;
  char* dst;
  int64_t columns, src_step;  // bytes from one column to the next in src
  int64_t rows, dst_step;     // bytes from one row to the next in dst
  Divisor row_tiles, column_tiles;
  CopyMap others;
};

/// The tile of a block: where it begins, and the rows and columns that it has.
struct Tile {
  const char* from;
  char* to;
  int rows, columns;
};

/// Blocks that run at a time write neighbouring pieces of the same rows.
template <typename T, int kRows, int kColumns>
__device__ __forceinline__ Tile TileOfBlock(const Transposition& of) {
  constexpr auto kSize = static_cast<int64_t>(sizeof(T));
  int64_t column = blockIdx.x;
  int64_t row = of.column_tiles.Split(&column);
  const int64_t other = of.row_tiles.Split(&row);
  row *= kRows;
  column *= kColumns;
  int64_t from, to;
  of.others.Locate(other, &from, &to);
  return {of.src + from + column * of.src_step + row * kSize,
          of.dst + to + row * of.dst_step + column * kSize,
          static_cast<int>(min(of.rows - row, int64_t{kRows})),
          static_cast<int>(min(of.columns - column, int64_t{kColumns}))};
}

/// One tile a block, through shared memory; kVector elements are moved at once on both sides.
template <typename T, int kVector, int kRows, int kColumns>
__global__ void __launch_bounds__(256) TransposeKernel(Transposition of) {
  constexpr int kPitch = kRows + kVector;
  constexpr int kInLine = kRows / kVector;  // threads for a column of the tile
  constexpr int kOutLine = kColumns / kVector;
  constexpr int kInStep = 256 / kInLine;
  constexpr int kOutStep = 256 / kOutLine;
  constexpr int kReads = kColumns / kInStep;
  constexpr int kWrites = kRows / kOutStep;
  using Words = Vector<T, kVector>;
  __shared__ alignas(16) T tile[kColumns * kPitch];
  const Tile own = TileOfBlock<T, kRows, kColumns>(of);
  const int in_row = threadIdx.x % kInLine * kVector;
  const int in_column = threadIdx.x / kInLine;
  const char* const from = own.from + in_column * of.src_step + in_row * sizeof(T);
  const int columns = in_row < own.rows ? own.columns - in_column : 0;
  Words words[kReads];
#pragma unroll
  for (int i = 0; i < kReads; ++i) {
    if (i * kInStep < columns) {
      words[i] = *reinterpret_cast<const Words*>(from + i * (kInStep * of.src_step));
    }
  }
#pragma unroll
  for (int i = 0; i < kReads; ++i) {
    *reinterpret_cast<Words*>(tile + (in_column + i * kInStep) * kPitch + in_row) = words[i];
  }
  __syncthreads();
  const int out_column = threadIdx.x % kOutLine * kVector;
  const int out_row = threadIdx.x / kOutLine;
  char* const to = own.to + out_row * of.dst_step + out_column * sizeof(T);
  const int rows = out_column < own.columns ? own.rows - out_row : 0;
#pragma unroll
  for (int i = 0; i < kWrites; ++i) {
    if (i * kOutStep >= rows) continue;
    Words out;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      out.values[k] = tile[(out_column + k) * kPitch + out_row + i * kOutStep];
    }
    *reinterpret_cast<Words*>(to + i * (kOutStep * of.dst_step)) = out;
  }
}

constexpr int kPairThreads = 128;
constexpr int kPairRows = 64;
constexpr int kPairColumns = 32;

/// As TransposeKernel for 2-byte elements in pairs: a thread turns two words, of two neighbours in
/// a column each, into two of neighbours in a row. Where a word lies in the tile is exchanged with
/// others of its column, so that few lanes meet in a bank.
__global__ void __launch_bounds__(kPairThreads) TransposePairsKernel(Transposition of) {
  constexpr int kInLine = kPairRows / 2;  // words of a column of the tile
  constexpr int kOutLine = kPairColumns / 2;
  constexpr int kInStep = kPairThreads / kInLine;
  constexpr int kOutStep = kPairThreads / kOutLine;
  constexpr int kReads = kPairColumns / kInStep;
  constexpr int kWrites = kInLine / kOutStep;
  __shared__ uint32_t tile[kPairColumns * kInLine];  // [column][pair of rows]
  const auto place = [](int column, int word) { return column * kInLine + (word ^ (column / 2)); };
  const Tile own = TileOfBlock<uint16_t, kPairRows, kPairColumns>(of);
  const int in_word = threadIdx.x % kInLine;
  const int in_column = threadIdx.x / kInLine;
  const char* const from = own.from + in_column * of.src_step + in_word * 4;
  const int columns = 2 * in_word < own.rows ? own.columns - in_column : 0;
  uint32_t words[kReads];
#pragma unroll
  for (int i = 0; i < kReads; ++i) {
    if (i * kInStep < columns) {
      words[i] = *reinterpret_cast<const uint32_t*>(from + i * (kInStep * of.src_step));
    }
  }
#pragma unroll
  for (int i = 0; i < kReads; ++i) tile[place(in_column + i * kInStep, in_word)] = words[i];
  __syncthreads();
  const int out_word = threadIdx.x % kOutLine;
  const int out_pair = threadIdx.x / kOutLine;
  char* const to = own.to + 2 * out_pair * of.dst_step + out_word * 4;
  const int pairs = 2 * out_word < own.columns ? own.rows / 2 - out_pair : 0;
#pragma unroll
  for (int i = 0; i < kWrites; ++i) {
    if (i * kOutStep >= pairs) continue;
    const uint32_t left = tile[place(2 * out_word, out_pair + i * kOutStep)];
    const uint32_t right = tile[place(2 * out_word + 1, out_pair + i * kOutStep)];
    char* const row = to + i * (2 * kOutStep * of.dst_step);
    *reinterpret_cast<uint32_t*>(row) = __byte_perm(left, right, 0x5410);
    *reinterpret_cast<uint32_t*>(row + of.dst_step) = __byte_perm(left, right, 0x7632);
  }
}

/// Launches `kernel` for tiles of that many rows and columns.
template <typename Kernel>
void LaunchTransposition(Kernel* kernel, int rows, int columns, int threads, Transposition of,
                         const CopyLoop* others, int ndim) {
  const int64_t row_tiles = CeilDiv(of.rows, rows);
  const int64_t column_tiles = CeilDiv(of.columns, columns);
  const int64_t rest = CountOf(others, ndim);
  const int64_t blocks = row_tiles * column_tiles * rest;
  of.row_tiles = Divisor(row_tiles, blocks);
  of.column_tiles = Divisor(column_tiles, blocks);
  of.others = MapLoops(others, ndim, rest);
  kernel<<<static_cast<unsigned>(blocks), threads, 0, Call::Current().stream()>>>(of);
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
                         outer.dst, {},       {},         {}};
  const int64_t tiles = CeilDiv(inner.size, 32) * CeilDiv(outer.size, 32) * CountOf(others, ndim);
  if (tiles >= int64_t{1} << 31) return false;
  constexpr int kVector = sizeof(T) < 4 ? 4 / sizeof(T) : 1;
  bool wide = inner.size % kVector == 0 && outer.size % kVector == 0 && inner.src % 4 == 0 &&
              outer.dst % 4 == 0 && IsAligned(plan.src, 4) && IsAligned(plan.dst, 4);
  for (int i = 0; i < ndim; ++i) wide &= others[i].src % 4 == 0 && others[i].dst % 4 == 0;
  const auto launch = [&](auto* kernel, int rows, int columns, int threads = 256) {
    LaunchTransposition(kernel, rows, columns, threads, of, others, ndim);
    return true;
  };
  // What a thread holds is short, so that many blocks run at a time.
  if constexpr (sizeof(T) == 1) {
    if (wide) return launch(&TransposeKernel<T, kVector, 64, 64>, 64, 64);
    return launch(&TransposeKernel<T, 1, 64, 64>, 64, 64);
  } else if constexpr (sizeof(T) == 2) {
    if (wide) return launch(&TransposePairsKernel, kPairRows, kPairColumns, kPairThreads);
    return launch(&TransposeKernel<T, 1, 64, 32>, 64, 32);
  } else if constexpr (sizeof(T) == 4) {
    return launch(&TransposeKernel<T, 1, 64, 32>, 64, 32);
  } else {
    return launch(&TransposeKernel<T, 1, 32, 32>, 32, 32);
  }
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
