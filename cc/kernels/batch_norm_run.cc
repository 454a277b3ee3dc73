#include "cc/kernels/batch_norm_run.h"

#include <vector>

#include "cc/kernels/channel_map.h"
#include "cc/kernels/channel_sums.h"
#include "cc/kernels/optional_values.h"

namespace paddlemend {
namespace {

template <typename W>
W ValueOr(const W* values, int64_t channel, W otherwise) {
  return values == nullptr ? otherwise : values[channel];
}

/// One forward call on elements of type T.
template <typename T>
class Normalization {
 public:
  using W = WorkType<T>;
  using Parameters = typename ChannelMap<Normalize, T>::Parameters;

  struct Statistics {
    const W* running_mean;
    const W* running_var;
    W* running_mean_out;
    W* running_var_out;
    W* saved_mean;
    W* saved_inverse;
  };

  Normalization(const ChannelLayout& layout, const T* x, T* out, const Statistics& statistics,
                const W* weight, const W* bias, double momentum, double epsilon)
      : layout_(layout),
        sums_(layout, x, nullptr, nullptr),
        map_(layout, x, nullptr, out),
        statistics_(statistics),
        weight_(weight),
        bias_(bias),
        momentum_(momentum),
        epsilon_(epsilon) {}

  void RunByBatch(const Context& context) const {
    std::vector<Moments> moments(layout_.channels);
    sums_.Run(moments.data(), context);
    std::vector<Parameters> parameters(layout_.channels);
    for (int64_t c = 0; c < layout_.channels; ++c) parameters[c] = ByBatch(c, moments[c]);
    map_.Run(parameters, context);
  }

  void RunByRunning(const Context& context) const {
    std::vector<Parameters> parameters(layout_.channels);
    for (int64_t c = 0; c < layout_.channels; ++c) {
      const W mean = statistics_.running_mean[c];
      const double inverse = InverseDeviation(statistics_.running_var[c], epsilon_);
      statistics_.running_mean_out[c] = mean;
      statistics_.running_var_out[c] = statistics_.running_var[c];
      parameters[c] = Save(c, mean, 0, inverse);
    }
    map_.Run(parameters, context);
  }

 private:
  Parameters ByBatch(int64_t c, const Moments& moments) const {
    const double mean = moments.mean();
    const double variance = moments.variance();
    const W rounded = static_cast<W>(mean);
    statistics_.running_mean_out[c] = Moved(statistics_.running_mean[c], mean);
    statistics_.running_var_out[c] = Moved(statistics_.running_var[c], variance);
    return Save(c, rounded, moments.MeanAbove(rounded), InverseDeviation(variance, epsilon_));
  }

  W Moved(W running, double batch) const {
    return static_cast<W>(momentum_ * running + (1 - momentum_) * batch);
  }

  Parameters Save(int64_t c, W mean, double mean_rest, double inverse) const {
    statistics_.saved_mean[c] = mean;
    statistics_.saved_inverse[c] = static_cast<W>(inverse);
    const double scale = inverse * ValueOr(weight_, c, W(1));
    const double shift = ValueOr(bias_, c, W(0)) - mean_rest * scale;
    return {mean, static_cast<W>(scale), static_cast<W>(shift)};
  }

  const ChannelLayout layout_;
  const ChannelSums<SquareSums, T> sums_;
  const ChannelMap<Normalize, T> map_;
  const Statistics statistics_;
  const W* const weight_;
  const W* const bias_;
  const double momentum_;
  const double epsilon_;
};

/// One backward call on elements of type T.
template <typename T>
class NormalizationGradient {
 public:
  using W = WorkType<T>;
  using Parameters = typename ChannelMap<BatchGradient, T>::Parameters;

  NormalizationGradient(const ChannelLayout& layout, const T* x, const T* out_grad, const W* weight,
                        const W* mean, const W* inverse, bool by_batch)
      : layout_(layout),
        x_(x),
        out_grad_(out_grad),
        weight_(weight),
        mean_(mean),
        inverse_(inverse),
        by_batch_(by_batch),
        per_element_(1 / static_cast<double>(layout.count())),
        sums_(layout, x, out_grad, mean) {}

  void Run(T* x_grad, W* weight_grad, W* bias_grad, const Context& context) const {
    const bool needs_sums =
        weight_grad != nullptr || bias_grad != nullptr || (by_batch_ && x_grad != nullptr);
    std::vector<GradientTotals> totals(layout_.channels);
    if (needs_sums) sums_.Run(totals.data(), context);
    if (x_grad != nullptr) MapAll(totals, x_grad, context);
    for (int64_t c = 0; c < layout_.channels; ++c) {
      if (bias_grad != nullptr) bias_grad[c] = static_cast<W>(totals[c].gradient);
      if (weight_grad != nullptr) {
        weight_grad[c] = static_cast<W>(Product(totals[c]) * inverse_[c]);
      }
    }
  }

 private:
  void MapAll(const std::vector<GradientTotals>& totals, T* x_grad, const Context& context) const {
    if (!by_batch_) {
      std::vector<typename ChannelMap<ScaleGradient, T>::Parameters> scales(layout_.channels);
      for (int64_t c = 0; c < layout_.channels; ++c) scales[c] = {static_cast<W>(Scale(c))};
      return ChannelMap<ScaleGradient, T>(layout_, x_, out_grad_, x_grad).Run(scales, context);
    }
    std::vector<Parameters> parameters(layout_.channels);
    for (int64_t c = 0; c < layout_.channels; ++c) parameters[c] = ByBatch(c, totals[c]);
    ChannelMap<BatchGradient, T>(layout_, x_, out_grad_, x_grad).Run(parameters, context);
  }

  double Scale(int64_t c) const {
    return static_cast<double>(inverse_[c]) * ValueOr(weight_, c, W(1));
  }

  /// What the mean is above the rounded one that was saved.
  double MeanRest(const GradientTotals& totals) const {
    return by_batch_ ? totals.distance * per_element_ : 0;
  }

  /// The sum of gradient times distance from the mean.
  double Product(const GradientTotals& totals) const {
    return totals.product - MeanRest(totals) * totals.gradient;
  }

  /// weight * inverse * (gradient - mean gradient - normalized x * mean of their product).
  Parameters ByBatch(int64_t c, const GradientTotals& totals) const {
    const double inverse = inverse_[c];
    const double slope = -Scale(c) * inverse * inverse * Product(totals) * per_element_;
    const double shift = -Scale(c) * totals.gradient * per_element_ - slope * MeanRest(totals);
    return {mean_[c], static_cast<W>(Scale(c)), static_cast<W>(slope), static_cast<W>(shift)};
  }

  const ChannelLayout layout_;
  const T* const x_;
  const T* const out_grad_;
  const W* const weight_;
  const W* const mean_;
  const W* const inverse_;
  const bool by_batch_;
  const double per_element_;
  const ChannelSums<GradientSums, T> sums_;
};

template <typename T>
void Run(const BatchNormForward& of, const ChannelLayout& layout, const Context& context) {
  using W = WorkType<T>;
  const OptionalInput<T> x(&of.x, context);
  const OptionalInput<W> mean(&of.running_mean, context), var(&of.running_var, context);
  const OptionalInput<W> weight(of.weight, context), bias(of.bias, context);
  const OptionalOutput<T> out(&of.out);
  const OptionalOutput<W> mean_out(&of.running_mean_out), var_out(&of.running_var_out);
  const OptionalOutput<W> saved_mean(&of.saved_mean), saved_inverse(&of.saved_inverse_deviation);
  const Normalization<T> normalization(layout, x.data(), out.data(),
                                       {mean.data(), var.data(), mean_out.data(), var_out.data(),
                                        saved_mean.data(), saved_inverse.data()},
                                       weight.data(), bias.data(), of.momentum, of.epsilon);
  of.use_batch_statistics ? normalization.RunByBatch(context) : normalization.RunByRunning(context);
  out.Finish(context);
  for (const auto* statistics : {&mean_out, &var_out, &saved_mean, &saved_inverse}) {
    statistics->Finish(context);
  }
}

template <typename T>
void Run(const BatchNormBackward& of, const ChannelLayout& layout, const Context& context) {
  using W = WorkType<T>;
  const OptionalInput<T> x(&of.x, context), out_grad(&of.out_grad, context);
  const OptionalInput<W> weight(of.weight, context);
  const OptionalInput<W> mean(of.use_batch_statistics ? &of.saved_mean : &of.running_mean, context);
  const OptionalInput<W> saved(&of.saved_inverse_deviation, context), var(&of.running_var, context);
  std::vector<W> inverse(layout.channels);
  for (int64_t c = 0; c < layout.channels; ++c) {
    inverse[c] = of.use_batch_statistics
                     ? saved.data()[c]
                     : static_cast<W>(InverseDeviation(var.data()[c], of.epsilon));
  }
  const OptionalOutput<T> x_grad(of.x_grad);
  const OptionalOutput<W> weight_grad(of.weight_grad), bias_grad(of.bias_grad);
  NormalizationGradient<T>(layout, x.data(), out_grad.data(), weight.data(), mean.data(),
                           inverse.data(), of.use_batch_statistics)
      .Run(x_grad.data(), weight_grad.data(), bias_grad.data(), context);
  x_grad.Finish(context);
  weight_grad.Finish(context);
  bias_grad.Finish(context);
}

}  // namespace

void RunBatchNorm(const BatchNormForward& of, const ChannelLayout& layout, const Context& context) {
  DispatchFloating(of.x.dtype,
                   [&](auto tag) { Run<typename decltype(tag)::type>(of, layout, context); });
}

void RunBatchNorm(const BatchNormBackward& of, const ChannelLayout& layout,
                  const Context& context) {
  DispatchFloating(of.x.dtype,
                   [&](auto tag) { Run<typename decltype(tag)::type>(of, layout, context); });
}

}  // namespace paddlemend
