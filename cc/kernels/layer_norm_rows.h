// The loops of layer normalization over the elements of one row.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "cc/kernels/distance_sums.h"
#include "cc/kernels/moments.h"
#include "cc/kernels/narrow_sums.h"

namespace paddlemend {

/// What is summed: x, and where they are not null one bias for all rows and the residual.
template <typename T>
struct RowTerms {
  const T* x;
  const T* bias;
  const T* residual;
  WorkType<T> residual_alpha;
};

template <typename W>
struct RowMoments {
  W mean;
  W mean_rest;  // what the mean is above `mean`
  W inverse;    // of the deviation
};

template <typename T, bool kHasBias, bool kHasResidual>
struct SumTermsLoop {
  using W = WorkType<T>;
  [[gnu::always_inline]] static void Run(const T* x, const W* bias, const T* residual, W alpha,
                                         int64_t size, W* sums) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      W sum = ToWork(x[i]);
      if (kHasBias) sum += bias[i];
      if (kHasResidual) sum += alpha * ToWork(residual[i]);
      sums[i] = sum;
    }
  }
};

template <typename W>
struct NormalizeRowLoop {
  [[gnu::always_inline]] static void Run(const W* elements, RowMoments<W> of, const W* weight,
                                         const W* bias, int64_t size, W* out) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      out[i] = ((elements[i] - of.mean) - of.mean_rest) * of.inverse * weight[i] + bias[i];
    }
  }
};

template <typename T>
struct StoreLoop {
  [[gnu::always_inline]] static void Run(const WorkType<T>* from, int64_t size, T* to) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) to[i] = FromWork<T>(from[i]);
  }
};

/// `to` may be `from`.
template <typename T>
void StoreAll(const WorkType<T>* from, int64_t size, T* to) {
  if (static_cast<const void*>(from) == to) return;
  RunBest<StoreLoop<T>>(from, size, to);
}

/// Rows of `columns` elements. Null weights are ones, null biases zeros.
template <typename T>
class LayerNormRows {
 public:
  using W = WorkType<T>;

  LayerNormRows(const RowTerms<T>& terms, const W* weight, const W* bias, int64_t columns,
                double epsilon)
      : terms_(terms), columns_(columns), epsilon_(epsilon), bias_(columns) {
    weight_ = weight == nullptr ? Constant(1, &ones_) : weight;
    shift_ = bias == nullptr ? Constant(0, &zeros_) : bias;
    if (terms.bias != nullptr) terms_bias_ = AsWork(terms.bias, columns, bias_.data());
  }

  LayerNormRows(const LayerNormRows&) = delete;

  /// The sum of the terms of the row at `offset`: in `buffer`, or x itself if it needs no sum.
  const W* Sum(int64_t offset, W* buffer) const {
    const T* const x = terms_.x + offset;
    const bool has_bias = terms_.bias != nullptr;
    if (terms_.residual == nullptr) {
      if (!has_bias) return AsWork(x, columns_, buffer);
      Run<true, false>(x, nullptr, buffer);
    } else if (has_bias) {
      Run<true, true>(x, terms_.residual + offset, buffer);
    } else {
      Run<false, true>(x, terms_.residual + offset, buffer);
    }
    return buffer;
  }

  RowMoments<W> Measure(const W* elements) const {
    Moments moments;
    for (int64_t at = 0; at < columns_; at += kBlock) {
      moments.Merge(MeasureBlock(elements + at, std::min(kBlock, columns_ - at)));
    }
    const W mean = static_cast<W>(moments.mean());
    return {mean, static_cast<W>(moments.MeanAbove(mean)),
            static_cast<W>(InverseDeviation(moments.variance(), epsilon_))};
  }

  /// `out` may be the elements.
  void Normalize(const W* elements, const RowMoments<W>& moments, W* out) const {
    RunBest<NormalizeRowLoop<W>>(elements, moments, weight_, shift_, columns_, out);
  }

 private:
  static constexpr int64_t kBlock = 1 << 14;

  const W* Constant(W value, std::vector<W>* values) const {
    values->assign(columns_, value);
    return values->data();
  }

  template <bool kHasBias, bool kHasResidual>
  void Run(const T* x, const T* residual, W* sums) const {
    RunBest<SumTermsLoop<T, kHasBias, kHasResidual>>(x, terms_bias_, residual,
                                                     terms_.residual_alpha, columns_, sums);
  }

  static Moments MeasureBlock(const W* elements, int64_t size) {
    Moments narrow;
    if (MeasureNarrow(elements, size, &narrow)) return narrow;
    W pivot = PivotFrom(elements[0]);
    RunSums<SquareSums> sums;
    sums.Add(elements, elements, size, pivot);
    if (kNeedsMeanAsPivot<W>) {
      pivot = PivotFrom(static_cast<W>(pivot + sums.Total(0) / static_cast<double>(size)));
      sums = RunSums<SquareSums>();
      sums.Add(elements, elements, size, pivot);
    }
    return Moments::Of(static_cast<double>(size), pivot, sums.Total(0), sums.Total(1));
  }

  const RowTerms<T> terms_;
  const int64_t columns_;
  const double epsilon_;
  std::vector<W> bias_, ones_, zeros_;
  const W* terms_bias_ = nullptr;
  const W* weight_;
  const W* shift_;
};

/// How values become int8: times `factor`, rounded, clipped.
template <typename W>
struct Quantization {
  W factor;
  W low;
  W high;
};

template <typename W, bool kToEven>
struct QuantizeLoop {
  [[gnu::always_inline]] static void Run(const W* values, Quantization<W> of, int64_t size,
                                         int8_t* out) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      const W scaled = values[i] * of.factor;
      W rounded = std::nearbyint(scaled);
      if (!kToEven) rounded = std::copysign(std::floor(std::abs(scaled) + W(0.5)), scaled);
      const W clipped = std::min(std::max(rounded, of.low), of.high);
      out[i] = static_cast<int8_t>(rounded != rounded ? W(0) : clipped);
    }
  }
};

template <typename W>
void Quantize(const Quantization<W>& quantization, bool to_even, const W* values, int64_t size,
              int8_t* out) {
  if (to_even) return RunBest<QuantizeLoop<W, true>>(values, quantization, size, out);
  RunBest<QuantizeLoop<W, false>>(values, quantization, size, out);
}

}  // namespace paddlemend
