#include "cc/cuda/batch_norm_channels.cuh"
#include "cc/cuda/block_sum.cuh"
#include "cc/cuda/element.cuh"
#include "cc/kernels/batch_norm_run.h"
#include "cc/kernels/optional_values.h"

namespace paddlemend {
namespace cuda {
namespace {

/// What is known of some values of a channel: Chan, Golub and LeVeque, "Updating formulae and a
/// pairwise algorithm for computing sample variances", 1979.
struct Moments {
  double count;
  double mean;
  double squares;  // of the distances from the mean
};

__device__ __forceinline__ Moments Merge(const Moments& a, const Moments& b) {
  if (b.count == 0) return a;
  if (a.count == 0) return b;
  const double count = a.count + b.count;
  const double distance = b.mean - a.mean;
  return {count, a.mean + distance * (b.count / count),
          a.squares + b.squares + distance * distance * (a.count * b.count / count)};
}

template <typename T, int kVector>
__global__ void __launch_bounds__(kThreads) MomentsOfRuns(Split split, const T* x, Moments* out) {
  using W = Work<T>;
  __shared__ double memory[kThreads / 32];
  const int64_t channel = blockIdx.x / split.chunks;
  const int64_t begin = (blockIdx.x - channel * split.chunks) * split.chunk;
  const int64_t end = min(begin + split.chunk, split.layout.count());
  const int64_t period = split.layout.channels * split.layout.inner;
  const int64_t outer = begin / split.layout.inner;
  const double pivot_wide = Convert<double>(
      x[outer * period + channel * split.layout.inner + (begin - outer * split.layout.inner)]);
  const W pivot = static_cast<W>(pivot_wide);
  double sum = 0;
  double squares = 0;
  const auto load = [&](int64_t offset) {
    return *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
  };
  const auto use = [&](const Vector<T, kVector>& read) {
    W part = 0;
    W part_of_squares = 0;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const W distance = Convert<W>(read.values[k]) - pivot;
      part += distance;
      part_of_squares += distance * distance;
    }
    sum += part;
    squares += part_of_squares;
  };
  ForEachRun<kVector, kVector == 1 ? 8 : 4>(split.layout, channel, begin, end, load, use);
  sum = RowSum<kThreads>(sum, memory);
  squares = RowSum<kThreads>(squares, memory);
  if (threadIdx.x == 0) {
    const double count = static_cast<double>(end - begin);
    out[blockIdx.x] = {count, pivot_wide + sum / count, squares - sum * sum / count};
  }
}

/// Threads [kThreads / kColumns][kColumns]: a column of threads for each channel.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    MomentsOfColumns(Split split, const T* x, Moments* out) {
  __shared__ Moments memory[kThreads];
  const int64_t channels = split.layout.channels;
  const int64_t inner = split.layout.inner;
  const int64_t tiles = (channels + kColumns - 1) / kColumns;
  const int64_t chunk = blockIdx.x / tiles;
  const int64_t channel = (blockIdx.x - chunk * tiles) * kColumns + threadIdx.x % kColumns;
  const int64_t begin = chunk * split.chunk;
  const int64_t end = min(begin + split.chunk, split.layout.count());
  Moments moments{0, 0, 0};
  const auto at = [&](int64_t i) {
    const int64_t outer = i / inner;
    return Convert<double>(x[(outer * channels + channel) * inner + (i - outer * inner)]);
  };
  const int64_t first = begin + threadIdx.x / kColumns;
  if (channel < channels && first < end) {
    const double pivot = at(first);
    double sum = 0;
    double squares = 0;
    int64_t count = 0;
    for (int64_t i = first; i < end; i += kThreads / kColumns) {
      const double distance = at(i) - pivot;
      sum += distance;
      squares += distance * distance;
      ++count;
    }
    const double n = static_cast<double>(count);
    moments = {n, pivot + sum / n, squares - sum * sum / n};
  }
  memory[threadIdx.x] = moments;
  __syncthreads();
  if (threadIdx.x < kColumns && channel < channels) {
    for (int row = 1; row < kThreads / kColumns; ++row) {
      moments = Merge(moments, memory[row * kColumns + threadIdx.x]);
    }
    out[channel * split.chunks + chunk] = moments;
  }
}

template <typename W>
struct Statistics {
  const W* running_mean;
  const W* running_var;
  const W* weight;
  const W* bias;
  W* running_mean_out;
  W* running_var_out;
  W* saved_mean;
  W* saved_inverse;
  double momentum;
  double epsilon;
};

/// What the elements of a channel are mapped with: (x - mean - mean_rest) * scale + shift.
template <typename W>
struct Parameters {
  W mean;
  W mean_rest;
  W scale;
  W shift;
};

template <typename W>
__device__ void Save(const Statistics<W>& of, int64_t c, W mean, W mean_rest, double inverse,
                     Parameters<W>* parameters) {
  of.saved_mean[c] = mean;
  of.saved_inverse[c] = static_cast<W>(inverse);
  const double weight = of.weight == nullptr ? 1.0 : static_cast<double>(of.weight[c]);
  parameters[c] = {mean, mean_rest, static_cast<W>(inverse * weight),
                   of.bias == nullptr ? W(0) : of.bias[c]};
}

template <typename W>
void FinishBatch(const Moments* moments, int64_t chunks, int64_t channels, const Statistics<W>& s,
                 Parameters<W>* parameters) {
  const Statistics<W> of = s;
  ForEach(channels, [=] __device__(int64_t c) {
    Moments all = moments[c * chunks];
    for (int64_t i = 1; i < chunks; ++i) all = Merge(all, moments[c * chunks + i]);
    const double squares = all.squares < 0 ? 0 : all.squares;
    const double variance = squares / all.count;
    const W mean = static_cast<W>(all.mean);
    const auto moved = [&](W running, double batch) {
      return static_cast<W>(of.momentum * running + (1 - of.momentum) * batch);
    };
    of.running_mean_out[c] = moved(of.running_mean[c], all.mean);
    of.running_var_out[c] = moved(of.running_var[c], variance);
    Save(of, c, mean, static_cast<W>(all.mean - static_cast<double>(mean)),
         1 / sqrt(variance + of.epsilon), parameters);
  });
}

template <typename W>
void FinishRunning(int64_t channels, const Statistics<W>& s, Parameters<W>* parameters) {
  const Statistics<W> of = s;
  ForEach(channels, [=] __device__(int64_t c) {
    const W mean = of.running_mean[c];
    const W variance = of.running_var[c];
    of.running_mean_out[c] = mean;
    of.running_var_out[c] = variance;
    Save(of, c, mean, W(0), 1 / sqrt(static_cast<double>(variance) + of.epsilon), parameters);
  });
}

template <typename T, int kVector>
struct ToNormalize {
  Parameters<Work<T>> of;
  Vector<T, kVector> read;
};

template <typename T, int kVector>
void Normalize(const ChannelLayout& layout, const T* x, const Parameters<Work<T>>* parameters,
               T* out) {
  using W = Work<T>;
  using Loaded = ToNormalize<T, kVector>;
  const auto load = [=] __device__(int64_t channel, int64_t offset) {
    return Loaded{parameters[channel], *reinterpret_cast<const Vector<T, kVector>*>(x + offset)};
  };
  const auto store = [=] __device__(int64_t offset, const Loaded& loaded) {
    const Parameters<W>& p = loaded.of;
    Vector<T, kVector> stored;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const W distance = (Convert<W>(loaded.read.values[k]) - p.mean) - p.mean_rest;
      stored.values[k] = Convert<T>(distance * p.scale + p.shift);
    }
    *reinterpret_cast<Vector<T, kVector>*>(out + offset) = stored;
  };
  MapVectors<kVector>(layout, load, store);
}

template <typename T>
void MeasureMoments(const Split& split, const T* x, Moments* moments) {
  constexpr int kVector = 16 / sizeof(T);
  const cudaStream_t stream = Call::Current().stream();
  if (!split.by_runs) {
    const int64_t blocks = split.chunks * CeilDiv(split.layout.channels, kColumns);
    MomentsOfColumns<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, moments);
  } else if (IsWide<T>(split.layout, x, nullptr, nullptr)) {
    const int64_t blocks = split.chunks * split.layout.channels;
    MomentsOfRuns<T, kVector>
        <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, moments);
  } else {
    const int64_t blocks = split.chunks * split.layout.channels;
    MomentsOfRuns<T, 1><<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, moments);
  }
  CheckLaunch();
}

template <typename T>
void Run(const BatchNormForward& of, const ChannelLayout& layout, const Context& context) {
  using W = Work<T>;
  const OptionalInput<T> x(&of.x, context);
  const OptionalInput<W> mean(&of.running_mean, context), var(&of.running_var, context);
  const OptionalInput<W> weight(of.weight, context), bias(of.bias, context);
  const OptionalOutput<T> out(&of.out);
  const OptionalOutput<W> mean_out(&of.running_mean_out), var_out(&of.running_var_out);
  const OptionalOutput<W> saved_mean(&of.saved_mean), saved_inverse(&of.saved_inverse_deviation);
  const Statistics<W> statistics{
      mean.data(),    var.data(),        weight.data(),        bias.data(), mean_out.data(),
      var_out.data(), saved_mean.data(), saved_inverse.data(), of.momentum, of.epsilon};
  const Temporary<Parameters<W>> parameters(layout.channels);
  if (of.use_batch_statistics) {
    const Split split = SplitChannels(layout);
    const Temporary<Moments> moments(split.chunks * layout.channels);
    MeasureMoments(split, x.data(), moments.data());
    FinishBatch(moments.data(), split.chunks, layout.channels, statistics, parameters.data());
  } else {
    FinishRunning(layout.channels, statistics, parameters.data());
  }
  if (IsWide<T>(layout, x.data(), out.data(), nullptr)) {
    Normalize<T, 16 / sizeof(T)>(layout, x.data(), parameters.data(), out.data());
  } else {
    Normalize<T, 1>(layout, x.data(), parameters.data(), out.data());
  }
  out.Finish(context);
  for (const auto* output : {&mean_out, &var_out, &saved_mean, &saved_inverse}) {
    output->Finish(context);
  }
}

}  // namespace
}  // namespace cuda

void RunBatchNorm(const BatchNormForward& of, const ChannelLayout& layout, const Context& context) {
  cuda::DispatchFloat(
      of.x.dtype, [&](auto tag) { cuda::Run<typename decltype(tag)::type>(of, layout, context); });
}

}  // namespace paddlemend
