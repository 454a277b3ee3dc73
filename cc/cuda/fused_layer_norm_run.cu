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

/// Rows whose elements stay in registers: kThreads threads for a row, each with kItems vectors of
/// kVector elements.
template <typename T, typename Out, int kVector, int kItems, int kThreads>
__global__ void __launch_bounds__(kThreads < 128 ? 128 : kThreads)
    ShortRowsKernel(const LayerNorm<T, Out> of) {
  using W = Work<T>;
  __shared__ double memory[kThreads == 32 ? 1 : kThreads / 32];
  const int thread = kThreads == 32 ? threadIdx.x % 32 : threadIdx.x;
  const int64_t row = kThreads == 32
                          ? static_cast<int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32
                          : blockIdx.x;
  if (row >= of.rows) return;
  const int64_t offset = row * of.columns;
  const double count = static_cast<double>(of.columns);
  W elements[kItems][kVector];
  Vector<T, kVector> read[kItems];
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int64_t column = static_cast<int64_t>(i * kThreads + thread) * kVector;
    if (column < of.columns) {
      read[i] = *reinterpret_cast<const Vector<T, kVector>*>(of.x + offset + column);
    }
  }
  W sum = 0;
  const W pivot = of.Sum(of.x[offset], row, 0);
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int64_t column = static_cast<int64_t>(i * kThreads + thread) * kVector;
    if (column >= of.columns) continue;
    if (of.bias == nullptr && of.residual == nullptr) {
#pragma unroll
      for (int k = 0; k < kVector; ++k) elements[i][k] = Convert<W>(read[i].values[k]);
    } else {
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        elements[i][k] = of.Sum(read[i].values[k], row, column + k);
      }
    }
    if (of.sums != nullptr) {
      Vector<T, kVector> stored;
#pragma unroll
      for (int k = 0; k < kVector; ++k) stored.values[k] = Convert<T>(elements[i][k]);
      *reinterpret_cast<Vector<T, kVector>*>(of.sums + offset + column) = stored;
    }
#pragma unroll
    for (int k = 0; k < kVector; ++k) sum += elements[i][k] - pivot;
  }
  RowMoments<W> moments{0, 0, 0};
  if (of.normalizes) {
    const double mean_distance = RowSum<kThreads>(static_cast<double>(sum), memory) / count;
    SetMean(static_cast<double>(pivot), mean_distance, &moments);
    W squares = 0;
#pragma unroll
    for (int i = 0; i < kItems; ++i) {
      if (static_cast<int64_t>(i * kThreads + thread) * kVector >= of.columns) continue;
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        elements[i][k] = (elements[i][k] - moments.mean) - moments.mean_rest;
        squares += elements[i][k] * elements[i][k];
      }
    }
    const double variance = RowSum<kThreads>(static_cast<double>(squares), memory) / count;
    moments.inverse = static_cast<W>(1 / sqrt(variance + of.epsilon));
  }
#pragma unroll
  for (int i = 0; i < kItems; ++i) {
    const int64_t column = static_cast<int64_t>(i * kThreads + thread) * kVector;
    if (column >= of.columns) continue;
    Vector<W, kVector> weight, shift;
    if (of.weight != nullptr)
      weight = *reinterpret_cast<const Vector<W, kVector>*>(of.weight + column);
    if (of.shift != nullptr)
      shift = *reinterpret_cast<const Vector<W, kVector>*>(of.shift + column);
    Vector<Out, kVector> stored;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      W value = elements[i][k];
      if (of.normalizes) value *= moments.inverse;
      if (of.weight != nullptr) value *= weight.values[k];
      if (of.shift != nullptr) value += shift.values[k];
      stored.values[k] = of.Store(value);
    }
    *reinterpret_cast<Vector<Out, kVector>*>(of.out + offset + column) = stored;
  }
  if (thread == 0) {
    if (of.means != nullptr) of.means[row] = moments.mean;
    if (of.inverses != nullptr) of.inverses[row] = moments.inverse;
  }
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
  const bool is_wide = of.columns % kVector == 0 && IsAligned(of.x, 16) && IsAligned(of.out, 16) &&
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
