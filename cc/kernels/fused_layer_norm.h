// Layer normalization of a sum, as inference uses it.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = (s - mean) / sqrt(variance + epsilon) * norm_weight + norm_bias for every row of
/// s = x + bias + residual_alpha * residual; or s itself if norm_weight and norm_bias are both
/// null. Either alone, bias and residual may be null: they do nothing then.
///
/// The dimensions of x from begin_norm_axis on are the columns of a row, those before count rows.
/// bias has the shape of the columns or is flat, residual that of x; norm_weight and norm_bias are
/// [columns]. residual_out, if it is not null, is s. mean and inverse_deviation, if they are not
/// null, are [rows]: zeros where nothing is normalized or there are no columns.
///
/// x, bias, residual, out and residual_out share one dtype: float16, bfloat16, float32 or float64;
/// the others are float32 where x is narrower, else of the dtype of x. The sum is made in that
/// wider dtype and normalized before it is rounded; moments are made in float64 from distances, so
/// that a large mean costs no precision; of float32, up to sixteen at a time are added in float32
/// where that loses nothing. Inputs may have strides; outputs share memory with nothing.
///
/// Errors: unsupported dtype of x; invalid argument for other shapes and dtypes than these; out of
/// range for a begin_norm_axis outside [0, the dimensions of x).
PM_OP Status FusedLayerNorm(const TensorView& x, const TensorView* norm_weight,
                            const TensorView* norm_bias, const TensorView* bias,
                            const TensorView* residual, double epsilon, double residual_alpha,
                            int64_t begin_norm_axis, PM_LIKE(x) const MutableTensorView& out,
                            const MutableTensorView* residual_out, const MutableTensorView* mean,
                            const MutableTensorView* inverse_deviation, const Context& context);

/// fused_layer_norm with an int8 out: max_bound * scale times what fused_layer_norm gives, rounded
/// to the nearest integer and clipped to [min_bound, max_bound]. Halves are rounded to even for a
/// round_type of 0, away from zero for 1; NaN gives 0. norm_weight and norm_bias may not be null.
///
/// Errors: as fused_layer_norm; invalid argument for a scale that is not positive, a max_bound
/// other than 127, a min_bound of 0 or outside [-128, 127), and another round_type.
PM_OP Status FusedLayerNormQuantized(
    const TensorView& x, const TensorView& norm_weight, const TensorView& norm_bias,
    const TensorView* bias, const TensorView* residual, double epsilon, double residual_alpha,
    int64_t begin_norm_axis, double scale, int64_t round_type, double max_bound, double min_bound,
    PM_LIKE(x, int8) const MutableTensorView& out, const MutableTensorView* residual_out,
    const MutableTensorView* mean, const MutableTensorView* inverse_deviation,
    const Context& context);

}  // namespace paddlemend
