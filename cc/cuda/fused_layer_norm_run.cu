#include "cc/cuda/block_sum.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/fused_layer_norm_run.h"
#include "cc/kernels/optional_values.h"

namespace paddlemend {
namespace cuda {
namespace {

/// One call. What is not there is null.
template <typename T, typename Out>
struct LayerNorm {
  using W = Work<T>;

  const T* x;
  const T* bias;
  const T* residual;
  W alpha;
  const W* weight;
  const W* shift;
  bool normalizes;
  double epsilon;
  int64_t rows;
  int64_t columns;
  Out* out;
  T* sums;
  W* means;
  W* inverses;
  W factor, low, high;  // of an int8 out
  bool to_even;

  __device__ __forceinline__ Out Store(W value) const {
    if constexpr (std::is_same_v<Out, T>) {
      return Convert<T>(value);
    } else {
      const W scaled = value * factor;
      const W away = copysign(floor(fabs(scaled) + W(0.5)), scaled);
      const W rounded = to_even ? rint(scaled) : away;
      if (rounded != rounded) return 0;
      return static_cast<Out>(fmin(fmax(rounded, low), high));
    }
  }

  template <int kVector>
  __device__ __forceinline__ Vector<Out, kVector> StoreAll(const W (&values)[kVector]) const {
    Vector<Out, kVector> stored;
    if constexpr (std::is_same_v<Out, T>) {
      stored = ConvertAll<T>(values);
    } else {
#pragma unroll
      for (int k = 0; k < kVector; ++k) stored.values[k] = Store(values[k]);
    }
    return stored;
  }

  __device__ __forceinline__ W Sum(T of_x, int64_t row, int64_t column) const {
    W sum = Convert<W>(of_x);
    if (bias != nullptr) sum += Convert<W>(bias[column]);
    if (residual != nullptr) sum += alpha * Convert<W>(residual[row * columns + column]);
    return sum;
  }
};

template <typename W>
struct RowMoments {
  W mean;
  W mean_rest;  // what the mean is above `mean`
  W inverse;
};

template <typename W>
__device__ __forceinline__ void SetMean(double pivot, double mean_distance, RowMoments<W>* of) {
  of->mean = static_cast<W>(pivot + mean_distance);
  of->mean_rest = static_cast<W>((pivot - static_cast<double>(of->mean)) + mean_distance);
}

/// Some vectors of a row that stays in registers: those of one of its kThreads threads.
template <typename T, typename Out, int kVector, int kItems, int kThreads>
struct RowPart {
  using W = Work<T>;
  using Read = Vector<T, kVector>;
  /// Sums over the row. Distances of half precisions need no more than float.
  using Number = std::conditional_t<kIsHalf<T>, float, double>;

  const LayerNorm<T, Out>& of;
  const int64_t row;
  const int64_t offset;
  const int thread;
  W elements[kItems][kVector];

  __device__ __forceinline__ RowPart(const LayerNorm<T, Out>& of, int64_t row, int thread)
      : of(of), row(row), offset(row * of.columns), thread(thread) {}

  __device__ __forceinline__ int64_t column(int item) const {
    return static_cast<int64_t>(item * kThreads + thread) * kVector;
  }

  /// Calls function(item, column) for the vectors of this thread.
  template <typename Function>
  __device__ __forceinline__ void ForEachVector(const Function& function) const {
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      if (column(i) < of.columns) function(i, column(i));
    }
  }

  /// elements = x + bias + alpha * residual, written to `sums`.
  __device__ __forceinline__ void Load() {
    Read x[kItems], residual[kItems];
    ForEachVector([&](int i, int64_t c) {
      x[i] = *reinterpret_cast<const Read*>(of.x + offset + c);
      if (of.residual != nullptr) {
        residual[i] = *reinterpret_cast<const Read*>(of.residual + offset + c);
      }
    });
    ForEachVector([&](int i, int64_t c) {
      W(&own)[kVector] = elements[i];
#pragma unroll
      for (int k = 0; k < kVector; ++k) own[k] = Convert<W>(x[i].values[k]);
      if (of.bias != nullptr) {
        const auto bias = *reinterpret_cast<const Read*>(of.bias + c);
#pragma unroll
        for (int k = 0; k < kVector; ++k) own[k] += Convert<W>(bias.values[k]);
      }
      if (of.residual != nullptr) {
#pragma unroll
        for (int k = 0; k < kVector; ++k) own[k] += of.alpha * Convert<W>(residual[i].values[k]);
      }
      if (of.sums != nullptr) {
        *reinterpret_cast<Read*>(of.sums + offset + c) = ConvertAll<T>(own);
      }
    });
  }

  /// Makes the elements distances from their mean.
  __device__ __forceinline__ RowMoments<W> Center(Number* memory) {
    RowMoments<W> moments{0, 0, 0};
    const Number count = static_cast<Number>(of.columns);
    const W pivot = of.Sum(of.x[offset], row, 0);
    W sum = 0;
    ForEachVector([&](int i, int64_t) {
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        const W distance = elements[i][k] - pivot;
        if constexpr (kIsHalf<T>) elements[i][k] = distance;
        sum += distance;
      }
    });
    const Number mean = RowSum<kThreads>(static_cast<Number>(sum), memory) / count;
    SetMean(static_cast<double>(pivot), static_cast<double>(mean), &moments);
    W squares = 0;
    ForEachVector([&](int i, int64_t) {
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        if constexpr (kIsHalf<T>) {
          elements[i][k] -= mean;
        } else {
          elements[i][k] = (elements[i][k] - moments.mean) - moments.mean_rest;
        }
        squares += elements[i][k] * elements[i][k];
      }
    });
    const Number variance = RowSum<kThreads>(static_cast<Number>(squares), memory) / count;
    moments.inverse = static_cast<W>(Number(1) / sqrt(variance + static_cast<Number>(of.epsilon)));
    return moments;
  }

  /// Writes (elements * factor) * weight + shift.
  __device__ __forceinline__ void Store(W factor) const {
    ForEachVector([&](int i, int64_t c) {
      using Parameters = Vector<W, kVector>;
      Parameters weight, shift;
      if (of.weight != nullptr) weight = *reinterpret_cast<const Parameters*>(of.weight + c);
      if (of.shift != nullptr) shift = *reinterpret_cast<const Parameters*>(of.shift + c);
      W values[kVector];
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        values[k] = elements[i][k] * factor;
        if (of.weight != nullptr) values[k] *= weight.values[k];
        if (of.shift != nullptr) values[k] += shift.values[k];
      }
      *reinterpret_cast<Vector<Out, kVector>*>(of.out + offset + c) = of.StoreAll(values);
    });
  }

  __device__ __forceinline__ void StoreMoments(const RowMoments<W>& moments) const {
    if (thread != 0) return;
    if (of.means != nullptr) of.means[row] = moments.mean;
    if (of.inverses != nullptr) of.inverses[row] = moments.inverse;
  }
};

/// Blocks of a multiprocessor. Float16 fits in few enough registers for more than it would get.
template <typename T, typename Out, int kThreads>
constexpr int kLeastBlocks =
    kThreads == 32 && std::is_same_v<T, __half> && std::is_same_v<T, Out> ? 8 : 1;

/// Rows whose elements stay in registers: kThreads threads for a row, each with kItems vectors of
/// kVector elements.
template <typename T, typename Out, int kVector, int kItems, int kThreads>
__global__ void __launch_bounds__(kThreads < 128 ? 128 : kThreads, (kLeastBlocks<T, Out, kThreads>))
    ShortRowsKernel(const LayerNorm<T, Out> of) {
  using Part = RowPart<T, Out, kVector, kItems, kThreads>;
  __shared__ typename Part::Number memory[kThreads == 32 ? 1 : kThreads / 32];
  const int thread = kThreads == 32 ? threadIdx.x % 32 : threadIdx.x;
  const int64_t row = kThreads == 32
                          ? static_cast<int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32
                          : blockIdx.x;
  if (row >= of.rows) return;
  Part part(of, row, thread);
  part.Load();
  RowMoments<Work<T>> moments{0, 0, 0};
  if (of.normalizes) moments = part.Center(memory);
  part.Store(of.normalizes ? moments.inverse : Work<T>(1));
  part.StoreMoments(moments);
}

/// Rows of any length: they are read once for each pass.
template <typename T, typename Out>
__global__ void __launch_bounds__(512) LongRowsKernel(const LayerNorm<T, Out> of) {
  using W = Work<T>;
  constexpr int kThreads = 512;
  __shared__ double memory[kThreads / 32];
  const double count = static_cast<double>(of.columns);
  for (int64_t row = blockIdx.x; row < of.rows; row += gridDim.x) {
    const int64_t offset = row * of.columns;
    const auto element = [&](int64_t i) { return of.Sum(of.x[offset + i], row, i); };
    const W pivot = element(0);
    RowMoments<W> moments{0, 0, 0};
    if (of.normalizes) {
      double sum = 0;
      for (int64_t i = threadIdx.x; i < of.columns; i += kThreads) sum += element(i) - pivot;
      SetMean(static_cast<double>(pivot), RowSum<kThreads>(sum, memory) / count, &moments);
      double squares = 0;
      for (int64_t i = threadIdx.x; i < of.columns; i += kThreads) {
        const double distance = (element(i) - moments.mean) - moments.mean_rest;
        squares += distance * distance;
      }
      const double variance = RowSum<kThreads>(squares, memory) / count;
      moments.inverse = static_cast<W>(1 / sqrt(variance + of.epsilon));
    }
    for (int64_t i = threadIdx.x; i < of.columns; i += kThreads) {
      const W sum = element(i);
      W value = sum;
      if (of.sums != nullptr) of.sums[offset + i] = Convert<T>(sum);
      if (of.normalizes) value = ((sum - moments.mean) - moments.mean_rest) * moments.inverse;
      if (of.weight != nullptr) value *= of.weight[i];
      if (of.shift != nullptr) value += of.shift[i];
      of.out[offset + i] = of.Store(value);
    }
    if (threadIdx.x == 0) {
      if (of.means != nullptr) of.means[row] = moments.mean;
      if (of.inverses != nullptr) of.inverses[row] = moments.inverse;
    }
  }
}

template <int kVector, int kItems, int kThreads, typename T, typename Out>
void LaunchShort(const LayerNorm<T, Out>& of) {
  constexpr int kBlock = kThreads == 32 ? 128 : kThreads;
  const int64_t blocks = CeilDiv(of.rows, kBlock / kThreads);
  ShortRowsKernel<T, Out, kVector, kItems, kThreads>
      <<<static_cast<unsigned>(blocks), kBlock, 0, Call::Current().stream()>>>(of);
  CheckLaunch();
}

/// Returns false for rows that do not fit.
template <int kVector, typename T, typename Out>
bool RunShort(const LayerNorm<T, Out>& of) {
  constexpr int kRegisters = sizeof(Work<T>) == 8 ? 16 : 32;  // elements of a thread
  constexpr int kMost = kRegisters / kVector > 8 ? 8 : kRegisters / kVector;
  const int64_t vectors = CeilDiv(of.columns, kVector);
  if (of.rows >= int64_t{1} << 31) return false;
  if (vectors <= 32) return LaunchShort<kVector, 1, 32>(of), true;
  if (vectors <= 64) return LaunchShort<kVector, 2, 32>(of), true;
  if (vectors <= 32 * kMost) return LaunchShort<kVector, kMost, 32>(of), true;
  if (vectors <= 256 * 2) return LaunchShort<kVector, 2, 256>(of), true;
  if (vectors <= 256 * kMost) return LaunchShort<kVector, kMost, 256>(of), true;
  if (vectors <= 1024 * kMost) return LaunchShort<kVector, kMost, 1024>(of), true;
  return false;
}

template <typename T, typename Out>
void Run(const LayerNorm<T, Out>& of) {
  constexpr int kVector = 16 / sizeof(T);
  const bool is_wide = of.columns % kVector == 0 && IsAligned(of.x, 16) && IsAligned(of.bias, 16) &&
                       IsAligned(of.residual, 16) && IsAligned(of.out, 16) &&
                       IsAligned(of.sums, 16) && IsAligned(of.weight, 32) &&
                       IsAligned(of.shift, 32);
  if (is_wide && RunShort<kVector>(of)) return;
  if (of.columns <= 2048 && RunShort<1>(of)) return;
  const int64_t most = static_cast<int64_t>(Multiprocessors()) * 16;
  const auto blocks = static_cast<unsigned>(std::min(of.rows, most));
  LongRowsKernel<<<blocks, 512, 0, Call::Current().stream()>>>(of);
  CheckLaunch();
}

template <typename T, typename Out>
void RunRows(const LayerNormArguments& of, const LayerNormSize& size,
             const LayerNormQuantization* quantization, const Context& context) {
  using W = Work<T>;
  const OptionalInput<T> x(&of.x, context), bias(of.bias, context), residual(of.residual, context);
  const OptionalInput<W> weight(of.norm_weight, context), shift(of.norm_bias, context);
  const ContiguousOutput out(of.out);
  const OptionalOutput<T> sums(of.residual_out);
  const OptionalOutput<W> means(of.mean), inverses(of.inverse_deviation);
  LayerNorm<T, Out> call{x.data(),
                         bias.data(),
                         residual.data(),
                         static_cast<W>(of.residual_alpha),
                         weight.data(),
                         shift.data(),
                         of.norm_weight != nullptr || of.norm_bias != nullptr,
                         of.epsilon,
                         size.rows,
                         size.columns,
                         static_cast<Out*>(out.data()),
                         sums.data(),
                         means.data(),
                         inverses.data(),
                         1,
                         0,
                         0,
                         true};
  if (quantization != nullptr) {
    call.factor = static_cast<W>(quantization->factor);
    call.low = static_cast<W>(quantization->low);
    call.high = static_cast<W>(quantization->high);
    call.to_even = quantization->to_even;
  }
  Run(call);
  out.Finish(context);
  sums.Finish(context);
  means.Finish(context);
  inverses.Finish(context);
}

}  // namespace
}  // namespace cuda

void RunLayerNorm(const LayerNormArguments& of, const LayerNormSize& size,
                  const LayerNormQuantization* quantization, const Context& context) {
  cuda::DispatchFloat(of.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (quantization == nullptr) return cuda::RunRows<T, T>(of, size, nullptr, context);
    cuda::RunRows<T, int8_t>(of, size, quantization, context);
  });
}

}  // namespace paddlemend
