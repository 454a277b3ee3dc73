// Transposed two-dimensional convolution, the adjoint of conv2d, and its gradients.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of the result of conv2d_transpose. Data and strides of x and weight are not looked at.
///
/// Errors: as conv2d_transpose.
PM_OP Status Conv2dTransposeShape(const TensorView& x, const TensorView& weight, IntSpan stride,
                                  IntSpan padding, const char* padding_algorithm,
                                  IntSpan output_padding, IntSpan output_size, IntSpan dilation,
                                  int64_t groups, const char* data_format, Shape* out);

/// out[n, c, i] = bias[c] + the sum of x[n, k, p] * weight[k, c, t] over all positions p and taps t
/// of height and width with i = p * stride - before + t * dilation.
///
/// x is [n, channels, height, width] with data_format "NCHW", the channels last with "NHWC"; weight
/// is [channels, filters / groups, kernel height, kernel width]; bias, which may be null, is
/// [filters]. stride, padding, padding_algorithm and dilation are those of conv2d; "SAME" pads as
/// for an image of the size of x. The least size of out is (size - 1) * stride + (kernel - 1) *
/// dilation + 1 - padding; output_padding, height and width or empty, adds to it, less than the
/// larger of stride and dilation; output_size, height and width or empty, is the size itself, less
/// than the least one plus stride.
///
/// Dtypes, strides, memory and bits: as conv2d.
///
/// Errors: unsupported dtype of x; invalid argument for other shapes, dtypes, paddings and sizes
/// than these, an empty kernel, and a padding that takes all of the result of an x with elements.
PM_OP Status Conv2dTranspose(const TensorView& x, const TensorView& weight, const TensorView* bias,
                             IntSpan stride, IntSpan padding, const char* padding_algorithm,
                             IntSpan output_padding, IntSpan output_size, IntSpan dilation,
                             int64_t groups, const char* data_format, const MutableTensorView& out,
                             const Context& context);

/// The gradients of conv2d_transpose; each may be null.
///
/// Errors: as conv2d_transpose, and invalid argument for an out_grad that has not the shape of out.
PM_OP Status Conv2dTransposeGrad(const TensorView& x, const TensorView& weight,
                                 const TensorView& out_grad, IntSpan stride, IntSpan padding,
                                 const char* padding_algorithm, IntSpan output_padding,
                                 IntSpan output_size, IntSpan dilation, int64_t groups,
                                 const char* data_format, const MutableTensorView* x_grad,
                                 const MutableTensorView* weight_grad,
                                 const MutableTensorView* bias_grad, const Context& context);

}  // namespace paddlemend
