// Batch normalization and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = (x - mean) / sqrt(variance + epsilon) * weight + bias, mean and variance those of each
/// channel: of the batch, or the running ones. A channel is a place on `channel_axis`; negative
/// axes count from the end. weight and bias may be null, for ones and zeros.
///
/// With statistics of the batch, running_out = momentum * running + (1 - momentum) * batch, where
/// the variance is the biased one; else running_out = running. saved_mean and
/// saved_inverse_deviation (1 / sqrt(variance + epsilon)) are what x was normalized with, and what
/// the gradient needs. A batch of one value a channel passes through unchanged; this and an empty
/// one leave the running statistics as they are, and what is saved is zeros.
///
/// x and out are float16, bfloat16, float32 or float64; all other tensors are [channels], of
/// float32 where x is narrower, else of the dtype of x. Inputs may have strides. out may be x, and
/// a running output its input (same memory and strides); nothing else shares memory. Sums are made
/// in float64 from distances, so that a large mean costs no precision; of float32, up to sixteen at
/// a time are added in float32 where that loses nothing. Equal inputs give equal bits, whatever the
/// number of threads.
///
/// Errors: unsupported dtype of x; invalid argument for other shapes and dtypes than these and for
/// fewer than two dimensions; out of range for channel_axis.
PM_OP Status BatchNorm(const TensorView& x, const TensorView& running_mean,
                       const TensorView& running_var, const TensorView* weight,
                       const TensorView* bias, bool use_batch_statistics, double momentum,
                       double epsilon, int64_t channel_axis, const MutableTensorView& out,
                       PM_LIKE(running_mean) const MutableTensorView& running_mean_out,
                       PM_LIKE(running_var) const MutableTensorView& running_var_out,
                       PM_LIKE(running_mean) const MutableTensorView& saved_mean,
                       PM_LIKE(running_mean) const MutableTensorView& saved_inverse_deviation,
                       const Context& context);

/// The gradients of batch_norm, with respect to x through the statistics of the batch too. With
/// use_batch_statistics the mean and inverse deviation are those that batch_norm saved, else those
/// of running_mean and running_var. The outputs may be null. x_grad has the shape and dtype of x,
/// and may be out_grad; weight_grad and bias_grad are like running_mean. For an empty batch these
/// two are zeros; where one value passed through unchanged, so does its gradient, and they are
/// zeros too.
///
/// Errors: as batch_norm.
PM_OP Status BatchNormGrad(const TensorView& x, const TensorView& out_grad,
                           const TensorView* weight, const TensorView& running_mean,
                           const TensorView& running_var, const TensorView& saved_mean,
                           const TensorView& saved_inverse_deviation, bool use_batch_statistics,
                           double epsilon, int64_t channel_axis, const MutableTensorView* x_grad,
                           PM_LIKE(running_mean) const MutableTensorView* weight_grad,
                           PM_LIKE(running_mean) const MutableTensorView* bias_grad,
                           const Context& context);

}  // namespace paddlemend
