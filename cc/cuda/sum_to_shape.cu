#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/strided_copy.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend::cuda {
namespace {

/// Some dimensions of x as nested loops, innermost first; strides count elements.
struct Loops {
  int ndim = 0;
  int64_t count = 1;
  int64_t sizes[kMaxNdim];
  int64_t x[kMaxNdim];
  int64_t out[kMaxNdim];
  Divisor divisors[kMaxNdim];

  /// Adds the next outer dimension, or lengthens the last one by it.
  void Add(int64_t size, int64_t x_stride, int64_t out_stride) {
    if (size == 1) return;
    count *= size;
    if (ndim > 0 && x[ndim - 1] * sizes[ndim - 1] == x_stride &&
        out[ndim - 1] * sizes[ndim - 1] == out_stride) {
      sizes[ndim - 1] *= size;
      return;
    }
    sizes[ndim] = size;
    x[ndim] = x_stride;
    out[ndim++] = out_stride;
  }

  void Finish() {
    for (int i = 0; i < ndim; ++i) divisors[i] = Divisor(sizes[i], count);
  }

  __device__ __forceinline__ void Locate(int64_t number, int64_t* in_x, int64_t* in_out) const {
    int64_t a = 0;
    int64_t b = 0;
    for (int i = 0; i < ndim; ++i) {
      const int64_t rest = i + 1 < ndim ? divisors[i].Divide(number) : 0;
      const int64_t step = number - rest * sizes[i];
      a += step * x[i];
      b += step * out[i];
      number = rest;
    }
    *in_x = a;
    *in_out = b;
  }
};

struct Reduction {
  Loops kept;
  Loops reduced;
  int64_t chunks;  // of what is summed
  int64_t chunk;   // its size
};

/// Contiguous numbers, 16 bytes at once: [begin, end) is a whole number of vectors.
template <typename T, typename W>
__device__ W SumOfVectors(const T* x, int64_t begin, int64_t end, int64_t step) {
  constexpr int kVector = 16 / sizeof(T);
  W sum = Zero<W>();
#pragma unroll 4
  for (int64_t i = begin; i < end; i += step) {
    const auto vector = *reinterpret_cast<const Vector<T, kVector>*>(x + i);
#pragma unroll
    for (int k = 0; k < kVector; ++k) sum = Plus(sum, Convert<W>(vector.values[k]));
  }
  return sum;
}

template <typename T, typename W>
__device__ W SumOf(const T* x, const Loops& reduced, int64_t begin, int64_t end, int64_t step) {
  W sum = Zero<W>();
  if (reduced.ndim <= 1) {
    const int64_t stride = reduced.ndim == 0 ? 0 : reduced.x[0];
#pragma unroll 4
    for (int64_t i = begin; i < end; i += step) sum = Plus(sum, Convert<W>(x[i * stride]));
    return sum;
  }
  for (int64_t i = begin; i < end; i += step) {
    int64_t at, unused;
    reduced.Locate(i, &at, &unused);
    sum = Plus(sum, Convert<W>(x[at]));
  }
  return sum;
}

/// The sums of kVector neighbours over rows [begin, end), which lie `stride` apart.
template <int kVector, typename T, typename W>
__device__ __forceinline__ void SumsOf(const T* x, int64_t stride, int64_t begin, int64_t end,
                                       W (&sums)[kVector]) {
#pragma unroll
  for (int k = 0; k < kVector; ++k) sums[k] = Zero<W>();
#pragma unroll 4
  for (int64_t i = begin; i < end; ++i) {
    const auto row = *reinterpret_cast<const Vector<T, kVector>*>(x + i * stride);
#pragma unroll
    for (int k = 0; k < kVector; ++k) sums[k] = Plus(sums[k], Convert<W>(row.values[k]));
  }
}

/// Whether sums of neighbours can be computed from vectors of `size` elements.
template <typename T>
bool HasVectorColumns(const Reduction& of, const T* x, int size) {
  if (of.kept.ndim == 0 || of.kept.x[0] != 1 || of.reduced.ndim != 1) return false;
  bool good = IsAligned(x, size * static_cast<int64_t>(sizeof(T))) &&
              of.kept.sizes[0] % size == 0 && of.reduced.x[0] % size == 0;
  for (int i = 1; i < of.kept.ndim; ++i) good &= of.kept.x[i] % size == 0;
  return good;
}

/// A thread for kVector sums that lie side by side: neighbours in memory belong to different ones.
template <int kVector, typename T, typename Out, typename W>
void SumColumns(const Reduction& of, const T* x, Out* out, bool is_partial) {
  const Reduction r = of;
  const int64_t out_step = is_partial || r.kept.ndim == 0 ? 1 : r.kept.out[0];
  ForEach(r.kept.count / kVector * r.chunks, [=] __device__(int64_t i) {
    const int64_t chunk = i * kVector / r.kept.count;
    const int64_t number = i * kVector - chunk * r.kept.count;
    int64_t from, to;
    r.kept.Locate(number, &from, &to);
    const T* const first = x + from;
    const int64_t begin = chunk * r.chunk;
    const int64_t end = min(begin + r.chunk, r.reduced.count);
    W sums[kVector];
    if constexpr (kVector == 1) {
      sums[0] = SumOf<T, W>(first, r.reduced, begin, end, 1);
    } else {
      SumsOf(first, r.reduced.x[0], begin, end, sums);
    }
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      out[(is_partial ? i * kVector : to) + k * out_step] = Convert<Out>(sums[k]);
    }
  });
}

template <typename W>
__device__ W Shuffled(W value, int distance) {
  constexpr int kWords = (sizeof(W) + 3) / 4;
  uint32_t words[kWords] = {};
  memcpy(words, &value, sizeof(W));
#pragma unroll
  for (int i = 0; i < kWords; ++i) words[i] = __shfl_down_sync(~0u, words[i], distance);
  memcpy(&value, words, sizeof(W));
  return value;
}

/// A block for each sum: neighbours in memory belong to one.
template <typename T, typename Out, typename W>
__global__ void __launch_bounds__(256)
    SumRowsKernel(Reduction of, const T* x, Out* out, bool is_partial) {
  __shared__ alignas(16) char memory[8 * sizeof(W)];
  W* const warps = reinterpret_cast<W*>(memory);
  for (int64_t i = blockIdx.x; i < of.kept.count * of.chunks; i += gridDim.x) {
    const int64_t chunk = i / of.kept.count;
    const int64_t number = i - chunk * of.kept.count;
    int64_t from, to;
    of.kept.Locate(number, &from, &to);
    const int64_t begin = chunk * of.chunk;
    const int64_t end = min(begin + of.chunk, of.reduced.count);
    constexpr int kVector = sizeof(T) < 16 ? 16 / sizeof(T) : 1;
    const bool is_wide = of.reduced.ndim == 1 && begin % kVector == 0 && end % kVector == 0 &&
                         reinterpret_cast<uintptr_t>(x + from) % 16 == 0;
    W sum = is_wide ? SumOfVectors<T, W>(x + from, begin + threadIdx.x * kVector, end,
                                         blockDim.x * kVector)
                    : SumOf<T, W>(x + from, of.reduced, begin + threadIdx.x, end, blockDim.x);
    for (int d = 16; d > 0; d /= 2) sum = Plus(sum, Shuffled(sum, d));
    if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int w = 1; w < static_cast<int>(blockDim.x) / 32; ++w) sum = Plus(sum, warps[w]);
      out[is_partial ? i : to] = Convert<Out>(sum);
    }
    __syncthreads();
  }
}

template <typename T, typename Out, typename W>
void SumRows(const Reduction& of, const T* x, Out* out, bool is_partial) {
  const int64_t most = static_cast<int64_t>(Multiprocessors()) * 64;
  const auto blocks = static_cast<unsigned>(std::min(of.kept.count * of.chunks, most));
  const int threads = of.chunk >= 1024 ? 256 : 64;
  SumRowsKernel<T, Out, W>
      <<<blocks, threads, 0, Call::Current().stream()>>>(of, x, out, is_partial);
  CheckLaunch();
}

template <typename T, typename Out>
void Reduce(Reduction of, const T* x, Out* out) {
  using W = Wide<T>;
  constexpr int kVector = sizeof(T) < 8 ? (sizeof(T) < 2 ? 4 : 8 / sizeof(T)) : 1;
  const bool by_vectors = kVector > 1 && HasVectorColumns(of, x, kVector);
  const bool by_rows = of.reduced.ndim > 0 && of.reduced.x[0] == 1 && of.reduced.sizes[0] >= 32;
  // Chunks, so that few sums keep the device busy.
  const int64_t wanted = static_cast<int64_t>(Multiprocessors()) * (by_rows      ? 16
                                                                    : by_vectors ? 1024 * kVector
                                                                                 : 2048);
  const int64_t least = by_rows ? 8192 : 64;
  const int64_t chunks =
      std::min(CeilDiv(wanted, of.kept.count), std::max<int64_t>(of.reduced.count / least, 1));
  of.chunk = CeilDiv(of.reduced.count, chunks);
  if (chunks > 1) of.chunk = CeilDiv(of.chunk, 16) * 16;
  of.chunks = CeilDiv(of.reduced.count, of.chunk);
  const auto sum = [&](auto* to, bool is_partial) {
    using To = std::remove_pointer_t<decltype(to)>;
    if (by_rows) return SumRows<T, To, W>(of, x, to, is_partial);
    if (by_vectors) return SumColumns<kVector, T, To, W>(of, x, to, is_partial);
    SumColumns<1, T, To, W>(of, x, to, is_partial);
  };
  if (of.chunks == 1) return sum(out, false);
  const Temporary<W> partial(of.chunks * of.kept.count);
  sum(partial.data(), true);
  // The sums of the chunks, [chunks, outputs].
  Reduction join;
  join.kept = of.kept;
  int64_t stride = 1;
  for (int i = 0; i < join.kept.ndim; ++i) {
    join.kept.x[i] = stride;
    stride *= join.kept.sizes[i];
  }
  join.reduced.Add(of.chunks, of.kept.count, 0);
  join.reduced.Finish();
  join.chunks = 1;
  join.chunk = of.chunks;
  SumColumns<1, W, Out, W>(join, partial.data(), out, false);
}

}  // namespace
}  // namespace paddlemend::cuda

namespace paddlemend {

void SumToShape(const TensorView& x, const MutableTensorView& out, const Context& context) {
  if (Numel(out) == 0) return;
  if (Numel(x) == 0) return FillZero(out, context);
  cuda::Reduction of;
  for (int d = x.ndim - 1; d >= 0; --d) {
    const int in_out = d - (x.ndim - out.ndim);
    const bool is_kept = in_out >= 0 && (out.shape[in_out] != 1 || x.shape[d] == 1);
    if (is_kept) {
      of.kept.Add(x.shape[d], x.strides[d], out.strides[in_out]);
    } else {
      of.reduced.Add(x.shape[d], x.strides[d], 0);
    }
  }
  of.kept.Finish();
  of.reduced.Finish();
  if (of.reduced.count == 1 && x.dtype == out.dtype) {
    TensorView same = x;
    same.ndim = out.ndim;
    same.shape = out.shape;
    for (int d = 0; d < out.ndim; ++d) same.strides[d] = x.strides[d + x.ndim - out.ndim];
    return StridedCopy(same, out, context);
  }
  cuda::Dispatch(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* const from = static_cast<const T*>(x.data);
    if constexpr (cuda::kIsHalf<T>) {
      if (out.dtype == DType::kFloat32) {
        return cuda::Reduce(of, from, static_cast<float*>(out.data));
      }
    }
    cuda::Reduce(of, from, static_cast<T*>(out.data));
  });
}

}  // namespace paddlemend
