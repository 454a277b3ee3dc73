#include "cc/cuda/block_sum.cuh"
#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
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

/// Two sums of gradients over values of a channel.
struct GradientSums {
  double gradient;
  double product;   // of gradient and distance from the mean that was saved
  double distance;  // from the mean that was saved
};

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

Split SplitChannels(const ChannelLayout& layout) {
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

/// Calls `function(offset, n)` for the runs, at most kVector elements each, that are this thread's
/// of elements [begin, end) of a channel. With kVector above 1 inner is a multiple of it.
template <int kVector, typename Function>
__device__ __forceinline__ void ForEachRun(const ChannelLayout& layout, int64_t channel,
                                           int64_t begin, int64_t end, const Function& function) {
  const int64_t period = layout.channels * layout.inner;
  int64_t at = begin + static_cast<int64_t>(threadIdx.x) * kVector;
  int64_t outer = at / layout.inner;
  int64_t inner = at - outer * layout.inner;
  for (; at < end; at += kThreads * kVector) {
    function(outer * period + channel * layout.inner + inner);
    inner += kThreads * kVector;
    while (inner >= layout.inner) {
      inner -= layout.inner;
      ++outer;
    }
  }
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
  ForEachRun<kVector>(split.layout, channel, begin, end, [&](int64_t offset) {
    const auto read = *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
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
  });
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

/// Calls function(channel, offset) for vectors of elements, which are in one channel.
template <int kVector, typename Function>
void MapVectors(const ChannelLayout& layout, const Function& function) {
  const int64_t n = layout.count() * layout.channels / kVector;
  const Divisor by_inner(layout.inner / kVector, n);
  const Divisor by_channels(layout.channels, n);
  ForEach(n, [=] __device__(int64_t i) {
    int64_t channel = by_inner.Divide(i);
    by_channels.Split(&channel);
    function(channel, i * kVector);
  });
}

template <typename T, int kVector>
void Normalize(const ChannelLayout& layout, const T* x, const Parameters<Work<T>>* parameters,
               T* out) {
  using W = Work<T>;
  const auto map = [=] __device__(int64_t channel, int64_t offset) {
    const Parameters<W> p = parameters[channel];
    const auto read = *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
    Vector<T, kVector> stored;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const W distance = (Convert<W>(read.values[k]) - p.mean) - p.mean_rest;
      stored.values[k] = Convert<T>(distance * p.scale + p.shift);
    }
    *reinterpret_cast<Vector<T, kVector>*>(out + offset) = stored;
  };
  MapVectors<kVector>(layout, map);
}

template <typename T>
bool IsWide(const ChannelLayout& layout, const void* a, const void* b, const void* c) {
  constexpr int kVector = 16 / sizeof(T);
  return layout.inner % kVector == 0 && IsAligned(a, 16) && IsAligned(b, 16) && IsAligned(c, 16);
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

template <typename T, int kVector>
__global__ void __launch_bounds__(kThreads)
    GradientsOfRuns(Split split, const T* x, const T* out_grad, const Work<T>* means,
                    GradientSums* out) {
  using W = Work<T>;
  __shared__ double memory[kThreads / 32];
  const int64_t channel = blockIdx.x / split.chunks;
  const int64_t begin = (blockIdx.x - channel * split.chunks) * split.chunk;
  const int64_t end = min(begin + split.chunk, split.layout.count());
  const W mean = means[channel];
  GradientSums sums{0, 0, 0};
  ForEachRun<kVector>(split.layout, channel, begin, end, [&](int64_t offset) {
    const auto of_x = *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
    const auto of_grad = *reinterpret_cast<const Vector<T, kVector>*>(out_grad + offset);
    W gradient = 0, product = 0, distances = 0;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const W distance = Convert<W>(of_x.values[k]) - mean;
      const W g = Convert<W>(of_grad.values[k]);
      gradient += g;
      product += g * distance;
      distances += distance;
    }
    sums.gradient += gradient;
    sums.product += product;
    sums.distance += distances;
  });
  sums.gradient = RowSum<kThreads>(sums.gradient, memory);
  sums.product = RowSum<kThreads>(sums.product, memory);
  sums.distance = RowSum<kThreads>(sums.distance, memory);
  if (threadIdx.x == 0) out[blockIdx.x] = sums;
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    GradientsOfColumns(Split split, const T* x, const T* out_grad, const Work<T>* means,
                       GradientSums* out) {
  __shared__ GradientSums memory[kThreads];
  const int64_t channels = split.layout.channels;
  const int64_t inner = split.layout.inner;
  const int64_t tiles = (channels + kColumns - 1) / kColumns;
  const int64_t chunk = blockIdx.x / tiles;
  const int64_t channel = (blockIdx.x - chunk * tiles) * kColumns + threadIdx.x % kColumns;
  const int64_t begin = chunk * split.chunk;
  const int64_t end = min(begin + split.chunk, split.layout.count());
  GradientSums sums{0, 0, 0};
  if (channel < channels) {
    const Work<T> mean = means[channel];
    for (int64_t i = begin + threadIdx.x / kColumns; i < end; i += kThreads / kColumns) {
      const int64_t outer = i / inner;
      const int64_t offset = (outer * channels + channel) * inner + (i - outer * inner);
      const double distance = Convert<Work<T>>(x[offset]) - mean;
      const double gradient = Convert<double>(out_grad[offset]);
      sums.gradient += gradient;
      sums.product += gradient * distance;
      sums.distance += distance;
    }
  }
  memory[threadIdx.x] = sums;
  __syncthreads();
  if (threadIdx.x < kColumns && channel < channels) {
    for (int row = 1; row < kThreads / kColumns; ++row) {
      const GradientSums& other = memory[row * kColumns + threadIdx.x];
      sums.gradient += other.gradient;
      sums.product += other.product;
      sums.distance += other.distance;
    }
    out[channel * split.chunks + chunk] = sums;
  }
}

template <typename T>
void MeasureGradients(const Split& split, const T* x, const T* out_grad, const Work<T>* means,
                      GradientSums* sums) {
  constexpr int kVector = 16 / sizeof(T);
  const cudaStream_t stream = Call::Current().stream();
  if (!split.by_runs) {
    const int64_t blocks = split.chunks * CeilDiv(split.layout.channels, kColumns);
    GradientsOfColumns<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, out_grad,
                                                                               means, sums);
  } else if (IsWide<T>(split.layout, x, out_grad, nullptr)) {
    const int64_t blocks = split.chunks * split.layout.channels;
    GradientsOfRuns<T, kVector>
        <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, out_grad, means, sums);
  } else {
    const int64_t blocks = split.chunks * split.layout.channels;
    GradientsOfRuns<T, 1>
        <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(split, x, out_grad, means, sums);
  }
  CheckLaunch();
}

/// x_grad = out_grad * scale + (x - mean) * slope + shift.
template <typename W>
struct GradientParameters {
  W mean;
  W scale;
  W slope;
  W shift;
};

template <typename W>
struct GradientStatistics {
  const W* weight;
  const W* mean;
  const W* inverse;  // null: of `variance`
  const W* variance;
  double epsilon;
  bool by_batch;
  W* weight_grad;
  W* bias_grad;
};

template <typename W>
void FinishGradients(const GradientSums* sums, int64_t chunks, const ChannelLayout& layout,
                     const GradientStatistics<W>& s, GradientParameters<W>* parameters) {
  const GradientStatistics<W> of = s;
  const double count = static_cast<double>(layout.count());
  ForEach(layout.channels, [=] __device__(int64_t c) {
    GradientSums all{0, 0, 0};
    for (int64_t i = 0; i < chunks; ++i) {
      all.gradient += sums[c * chunks + i].gradient;
      all.product += sums[c * chunks + i].product;
      all.distance += sums[c * chunks + i].distance;
    }
    const W rounded =
        of.by_batch ? of.inverse[c]
                    : static_cast<W>(1 / sqrt(static_cast<double>(of.variance[c]) + of.epsilon));
    const double inverse = rounded;
    // What the mean is above the rounded one that was saved.
    const double rest = of.by_batch ? all.distance / count : 0;
    const double product = all.product - rest * all.gradient;
    const double scale = inverse * (of.weight == nullptr ? 1.0 : static_cast<double>(of.weight[c]));
    if (of.bias_grad != nullptr) of.bias_grad[c] = static_cast<W>(all.gradient);
    if (of.weight_grad != nullptr) of.weight_grad[c] = static_cast<W>(product * inverse);
    const double slope = of.by_batch ? -scale * inverse * inverse * product / count : 0;
    const double shift = of.by_batch ? -scale * all.gradient / count - slope * rest : 0;
    parameters[c] = {of.mean[c], static_cast<W>(scale), static_cast<W>(slope),
                     static_cast<W>(shift)};
  });
}

template <typename T, int kVector>
void MapGradients(const ChannelLayout& layout, const T* x, const T* out_grad,
                  const GradientParameters<Work<T>>* parameters, bool by_batch, T* x_grad) {
  using W = Work<T>;
  const auto map = [=] __device__(int64_t channel, int64_t offset) {
    const GradientParameters<W> p = parameters[channel];
    const auto of_grad = *reinterpret_cast<const Vector<T, kVector>*>(out_grad + offset);
    Vector<T, kVector> stored;
    if (by_batch) {
      const auto of_x = *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        stored.values[k] = Convert<T>(Convert<W>(of_grad.values[k]) * p.scale +
                                      (Convert<W>(of_x.values[k]) - p.mean) * p.slope + p.shift);
      }
    } else {
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        stored.values[k] = Convert<T>(Convert<W>(of_grad.values[k]) * p.scale);
      }
    }
    *reinterpret_cast<Vector<T, kVector>*>(x_grad + offset) = stored;
  };
  MapVectors<kVector>(layout, map);
}

template <typename T>
void Run(const BatchNormBackward& of, const ChannelLayout& layout, const Context& context) {
  using W = Work<T>;
  const bool by_batch = of.use_batch_statistics;
  const OptionalInput<T> x(&of.x, context), out_grad(&of.out_grad, context);
  const OptionalInput<W> weight(of.weight, context);
  const OptionalInput<W> mean(by_batch ? &of.saved_mean : &of.running_mean, context);
  const OptionalInput<W> inverse(&of.saved_inverse_deviation, context);
  const OptionalInput<W> variance(&of.running_var, context);
  const OptionalOutput<T> x_grad(of.x_grad);
  const OptionalOutput<W> weight_grad(of.weight_grad), bias_grad(of.bias_grad);
  const bool needs_sums = weight_grad.data() != nullptr || bias_grad.data() != nullptr ||
                          (by_batch && x_grad.data() != nullptr);
  const Split split = SplitChannels(layout);
  const Temporary<GradientSums> sums(needs_sums ? split.chunks * layout.channels : 0);
  if (needs_sums) {
    MeasureGradients(split, x.data(), out_grad.data(), mean.data(), sums.data());
  }
  const Temporary<GradientParameters<W>> parameters(layout.channels);
  const GradientStatistics<W> statistics{weight.data(),      mean.data(),     inverse.data(),
                                         variance.data(),    of.epsilon,      by_batch,
                                         weight_grad.data(), bias_grad.data()};
  FinishGradients(sums.data(), needs_sums ? split.chunks : 0, layout, statistics,
                  parameters.data());
  if (x_grad.data() != nullptr) {
    if (IsWide<T>(layout, x.data(), out_grad.data(), x_grad.data())) {
      MapGradients<T, 16 / sizeof(T)>(layout, x.data(), out_grad.data(), parameters.data(),
                                      by_batch, x_grad.data());
    } else {
      MapGradients<T, 1>(layout, x.data(), out_grad.data(), parameters.data(), by_batch,
                         x_grad.data());
    }
  }
  x_grad.Finish(context);
  weight_grad.Finish(context);
  bias_grad.Finish(context);
}

}  // namespace
}  // namespace cuda

void RunBatchNorm(const BatchNormForward& of, const ChannelLayout& layout, const Context& context) {
  cuda::DispatchFloat(
      of.x.dtype, [&](auto tag) { cuda::Run<typename decltype(tag)::type>(of, layout, context); });
}

void RunBatchNorm(const BatchNormBackward& of, const ChannelLayout& layout,
                  const Context& context) {
  cuda::DispatchFloat(
      of.x.dtype, [&](auto tag) { cuda::Run<typename decltype(tag)::type>(of, layout, context); });
}

}  // namespace paddlemend
