// Batch normalization of arguments that have been checked.
#pragma once

#include "cc/kernels/channel_layout.h"
#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The arguments of batch_norm.
struct BatchNormForward {
  const TensorView& x;
  const TensorView& running_mean;
  const TensorView& running_var;
  const TensorView* weight;
  const TensorView* bias;
  bool use_batch_statistics;
  double momentum;
  double epsilon;
  const MutableTensorView& out;
  const MutableTensorView& running_mean_out;
  const MutableTensorView& running_var_out;
  const MutableTensorView& saved_mean;
  const MutableTensorView& saved_inverse_deviation;
};

/// The arguments of batch_norm_grad.
struct BatchNormBackward {
  const TensorView& x;
  const TensorView& out_grad;
  const TensorView* weight;
  const TensorView& running_mean;
  const TensorView& running_var;
  const TensorView& saved_mean;
  const TensorView& saved_inverse_deviation;
  bool use_batch_statistics;
  double epsilon;
  const MutableTensorView* x_grad;
  const MutableTensorView* weight_grad;
  const MutableTensorView* bias_grad;
};

/// Every channel has statistics: at least one value, or two of a batch.
void RunBatchNorm(const BatchNormForward& of, const ChannelLayout& layout, const Context& context);
void RunBatchNorm(const BatchNormBackward& of, const ChannelLayout& layout, const Context& context);

}  // namespace paddlemend
