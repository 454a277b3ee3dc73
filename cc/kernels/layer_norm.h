// Layer normalization of row-major rows, and its gradients.
#pragma once

#include <memory>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/distance_sums.h"
#include "cc/kernels/layer_norm_rows.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {

/// sums [columns] of values [rows, columns].
template <typename W>
void SumColumns(const W* values, int64_t rows, int64_t columns, W* sums, const Context& context) {
  const DType dtype = std::is_same_v<W, double> ? DType::kFloat64 : DType::kFloat32;
  const TensorView matrix{{dtype, 2, {rows, columns}, {columns, 1}}, values};
  SumToShape(matrix, MutableTensorView{{dtype, 1, {columns}, {1}}, sums}, context);
}

template <typename W>
struct NormGradLoop {
  [[gnu::always_inline]] static void Run(const W* elements, const W* scaled, RowMoments<W> of,
                                         W mean, W slope, int64_t size, W* x_grad) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      const W normalized = ((elements[i] - of.mean) - of.mean_rest) * of.inverse;
      x_grad[i] += of.inverse * (scaled[i] - mean - normalized * slope);
    }
  }
};

template <typename W>
struct TimesNormalizedLoop {
  [[gnu::always_inline]] static void Run(const W* elements, const W* gradient, RowMoments<W> of,
                                         int64_t size, W* products) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      products[i] = gradient[i] * (((elements[i] - of.mean) - of.mean_rest) * of.inverse);
    }
  }
};

/// A layer norm of `rows` rows of x; scale and bias may be null.
template <typename W>
class LayerNorm {
 public:
  LayerNorm(const W* x, int64_t rows, int64_t columns, const W* scale, const W* bias,
            double epsilon)
      : x_(x),
        rows_(rows),
        columns_(columns),
        scale_(scale),
        norm_({x, nullptr, nullptr, W(0)}, scale, bias, columns, epsilon),
        grain_(std::max<int64_t>((1 << 14) / columns, 1)) {}

  void Normalize(W* out, const Context& context) const {
    ParallelFor(context, rows_, grain_, [&](int64_t begin, int64_t end) {
      for (int64_t at = begin * columns_; at < end * columns_; at += columns_) {
        norm_.Normalize(x_ + at, norm_.Measure(x_ + at), out + at);
      }
    });
  }

  /// Adds to x_grad; the gradients of scale and bias may be null.
  void Grad(const W* out_grad, W* x_grad, W* scale_grad, W* bias_grad,
            const Context& context) const {
    std::unique_ptr<W[]> products(scale_grad == nullptr ? nullptr : new W[rows_ * columns_]);
    ParallelFor(context, rows_, grain_, [&](int64_t begin, int64_t end) {
      const std::unique_ptr<W[]> scaled(new W[columns_]);
      for (int64_t at = begin * columns_; at < end * columns_; at += columns_) {
        const RowMoments<W> moments = norm_.Measure(x_ + at);
        AddRow(x_ + at, out_grad + at, moments, scaled.get(), x_grad + at);
        if (products != nullptr) {
          RunBest<TimesNormalizedLoop<W>>(x_ + at, out_grad + at, moments, columns_,
                                          products.get() + at);
        }
      }
    });
    if (scale_grad != nullptr) SumColumns(products.get(), rows_, columns_, scale_grad, context);
    if (bias_grad != nullptr) SumColumns(out_grad, rows_, columns_, bias_grad, context);
  }

 private:
  void AddRow(const W* elements, const W* out_grad, const RowMoments<W>& moments, W* scaled,
              W* x_grad) const {
    std::copy_n(out_grad, columns_, scaled);
    if (scale_ != nullptr) {
#pragma GCC ivdep
      for (int64_t i = 0; i < columns_; ++i) scaled[i] *= scale_[i];
    }
    RunSums<GradientSums> sums;
    sums.Add<W>(elements, scaled, columns_, PivotFrom(moments.mean));
    const double size = static_cast<double>(columns_);
    const double mean = sums.Total(0) / size;
    const double slope = (sums.Total(1) / size - moments.mean_rest * mean) * moments.inverse;
    RunBest<NormGradLoop<W>>(elements, static_cast<const W*>(scaled), moments, static_cast<W>(mean),
                             static_cast<W>(slope), columns_, x_grad);
  }

  const W* const x_;
  const int64_t rows_, columns_;
  const W* const scale_;
  const LayerNormRows<W> norm_;
  const int64_t grain_;
};

}  // namespace paddlemend
