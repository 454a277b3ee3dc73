// Two-dimensional convolution, also grouped and depthwise, and its gradients.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of the result of conv2d. Data and strides of x and weight are not looked at.
///
/// Errors: as conv2d.
PM_OP Status Conv2dShape(const TensorView& x, const TensorView& weight, IntSpan stride,
                         IntSpan padding, const char* padding_algorithm, IntSpan dilation,
                         int64_t groups, const char* data_format, Shape* out);

/// out[n, k, p] = bias[k] + sum over c, t of x[n, c, p * stride - before + t * dilation] *
/// weight[k, c, t] for positions p and taps t of height and width, x being zero outside.
///
/// x is [n, channels, height, width] and out [n, filters, ...] with data_format "NCHW", the
/// channels last with "NHWC"; weight is [filters, channels / groups, kernel height, kernel width];
/// bias, which may be null, is [filters]. stride, dilation: height and width. padding is used with
/// padding_algorithm "EXPLICIT": height and width, or top, bottom, left, right. "VALID" pads
/// nothing, "SAME" for ceil(size / stride) positions of the dilated kernel. Sums of no products,
/// where there are no channels, are zero.
///
/// All tensors have one dtype out of float16, bfloat16, float32 and float64; the narrow ones are
/// summed in float32. Inputs may have strides; out shares no memory with them. Equal inputs give
/// equal bits, whatever the number of threads.
///
/// Errors: unsupported dtype of x; invalid argument for other shapes and dtypes, an empty kernel,
/// and one that is longer than an x that has elements with its padding.
PM_OP Status Conv2d(const TensorView& x, const TensorView& weight, const TensorView* bias,
                    IntSpan stride, IntSpan padding, const char* padding_algorithm,
                    IntSpan dilation, int64_t groups, const char* data_format,
                    const MutableTensorView& out, const Context& context);

/// The gradients of conv2d; each may be null.
///
/// Errors: as conv2d, and invalid argument for an out_grad that has not the shape of out.
PM_OP Status Conv2dGrad(const TensorView& x, const TensorView& weight, const TensorView& out_grad,
                        IntSpan stride, IntSpan padding, const char* padding_algorithm,
                        IntSpan dilation, int64_t groups, const char* data_format,
                        const MutableTensorView* x_grad, const MutableTensorView* weight_grad,
                        const MutableTensorView* bias_grad, const Context& context);

/// The gradients of conv2d_grad for x_tangent and weight_tangent, those of x_grad and weight_grad;
/// null stands for zeros. out_tangent is that of out_grad: conv2d of x_tangent and weight plus
/// conv2d of x and weight_tangent. Each output may be null.
///
/// Errors: as conv2d_grad.
PM_OP Status Conv2dDoubleGrad(const TensorView& x, const TensorView& weight,
                              const TensorView& out_grad, const TensorView* x_tangent,
                              const TensorView* weight_tangent, IntSpan stride, IntSpan padding,
                              const char* padding_algorithm, IntSpan dilation, int64_t groups,
                              const char* data_format, const MutableTensorView* x_grad,
                              const MutableTensorView* weight_grad,
                              PM_LIKE(out_grad) const MutableTensorView* out_tangent,
                              const Context& context);

}  // namespace paddlemend
