// Layer normalization of arguments that have been checked.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// What both operators take.
struct LayerNormArguments {
  const TensorView& x;
  const TensorView* norm_weight;
  const TensorView* norm_bias;
  const TensorView* bias;
  const TensorView* residual;
  double epsilon;
  double residual_alpha;
  int64_t begin_norm_axis;
  const MutableTensorView& out;
  const MutableTensorView* residual_out;
  const MutableTensorView* mean;
  const MutableTensorView* inverse_deviation;
};

struct LayerNormSize {
  int64_t rows = 1;
  int64_t columns = 1;
};

/// How values become int8: times `factor`, rounded, clipped.
struct LayerNormQuantization {
  double factor;
  double low;
  double high;
  bool to_even;
};

/// Runs fused_layer_norm on an x with elements; with a quantization `out` is int8.
void RunLayerNorm(const LayerNormArguments& of, const LayerNormSize& size,
                  const LayerNormQuantization* quantization, const Context& context);

}  // namespace paddlemend
