// The arguments of convolution operators: checked, and as the sizes of a Convolution.
#pragma once

#include "cc/kernels/convolution.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The attributes that conv2d, conv2d_transpose and their gradients share.
struct ConvolutionAttributes {
  IntSpan stride;
  IntSpan padding;
  const char* padding_algorithm;
  IntSpan dilation;
  int64_t groups;
  const char* data_format;
};

/// Sets *sizes for the convolution of images x by weight, or describes the first wrong argument.
Status ResolveConvolution(const TensorLayout& x, const TensorLayout& weight,
                          const ConvolutionAttributes& attributes, Convolution* sizes);

/// Sets *sizes for the convolution whose adjoint is the transposed one of x by weight: x are its
/// maps, the result its images.
Status ResolveTransposed(const TensorLayout& x, const TensorLayout& weight,
                         const ConvolutionAttributes& attributes, IntSpan output_padding,
                         IntSpan output_size, Convolution* sizes);

/// The shapes of images and maps in the layout of `data_format`.
Shape ImagesShape(const Convolution& sizes, const char* data_format);
Shape MapsShape(const Convolution& sizes, const char* data_format);

/// `bias` is null, or has the dtype of x and `channels` elements in one dimension.
Status CheckConvolutionBias(const TensorLayout& x, const TensorLayout* bias, int64_t channels,
                            const char* name);

/// Errors unless `tensor` has the shape and the dtype.
Status CheckConvolutionTensor(const TensorLayout& tensor, const char* name, const Shape& shape,
                              DType dtype);

}  // namespace paddlemend
