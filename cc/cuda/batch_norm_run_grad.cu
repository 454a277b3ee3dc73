#include "cc/cuda/batch_norm_channels.cuh"
#include "cc/cuda/block_sum.cuh"
#include "cc/cuda/element.cuh"
#include "cc/kernels/batch_norm_run.h"
#include "cc/kernels/optional_values.h"

namespace paddlemend {
namespace cuda {
namespace {

/// Two sums of gradients over values of a channel.
struct GradientSums {
  double gradient;
  double product;   // of gradient and distance from the mean that was saved
  double distance;  // from the mean that was saved
};

template <typename T, int kVector>
struct Operands {
  Vector<T, kVector> x;
  Vector<T, kVector> out_grad;
};

template <typename T, int kVector>
__global__ void __launch_bounds__(kThreads)
    GradientsOfRuns(Split split, const T* x, const T* out_grad, const Work<T>* means,
                    GradientSums* out) {
  using W = Work<T>;
  using Loaded = Operands<T, kVector>;
  __shared__ double memory[kThreads / 32];
  const int64_t channel = blockIdx.x / split.chunks;
  const int64_t begin = (blockIdx.x - channel * split.chunks) * split.chunk;
  const int64_t end = min(begin + split.chunk, split.layout.count());
  const W mean = means[channel];
  GradientSums sums{0, 0, 0};
  const auto load = [&](int64_t offset) {
    return Loaded{*reinterpret_cast<const Vector<T, kVector>*>(x + offset),
                  *reinterpret_cast<const Vector<T, kVector>*>(out_grad + offset)};
  };
  const auto use = [&](const Loaded& of) {
    W gradient = 0, product = 0, distances = 0;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const W distance = Convert<W>(of.x.values[k]) - mean;
      const W g = Convert<W>(of.out_grad.values[k]);
      gradient += g;
      product += g * distance;
      distances += distance;
    }
    sums.gradient += gradient;
    sums.product += product;
    sums.distance += distances;
  };
  ForEachRun<kVector, kVector == 1 ? 4 : 2>(split.layout, channel, begin, end, load, use);
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
struct ToMap {
  GradientParameters<Work<T>> of;
  Operands<T, kVector> read;
};

template <typename T, int kVector>
void MapGradients(const ChannelLayout& layout, const T* x, const T* out_grad,
                  const GradientParameters<Work<T>>* parameters, bool by_batch, T* x_grad) {
  using W = Work<T>;
  using Loaded = ToMap<T, kVector>;
  const auto load = [=] __device__(int64_t channel, int64_t offset) {
    Loaded loaded{parameters[channel], {}};
    loaded.read.out_grad = *reinterpret_cast<const Vector<T, kVector>*>(out_grad + offset);
    if (by_batch) loaded.read.x = *reinterpret_cast<const Vector<T, kVector>*>(x + offset);
    return loaded;
  };
  const auto store = [=] __device__(int64_t offset, const Loaded& loaded) {
    const GradientParameters<W>& p = loaded.of;
    Vector<T, kVector> stored;
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      W gradient = Convert<W>(loaded.read.out_grad.values[k]) * p.scale;
      if (by_batch) gradient += (Convert<W>(loaded.read.x.values[k]) - p.mean) * p.slope + p.shift;
      stored.values[k] = Convert<T>(gradient);
    }
    *reinterpret_cast<Vector<T, kVector>*>(x_grad + offset) = stored;
  };
  MapVectors<kVector>(layout, load, store);
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

void RunBatchNorm(const BatchNormBackward& of, const ChannelLayout& layout,
                  const Context& context) {
  cuda::DispatchFloat(
      of.x.dtype, [&](auto tag) { cuda::Run<typename decltype(tag)::type>(of, layout, context); });
}

}  // namespace paddlemend
