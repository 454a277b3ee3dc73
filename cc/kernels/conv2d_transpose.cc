#include "cc/kernels/conv2d_transpose.h"

#include "cc/kernels/convolution_arguments.h"
#include "cc/kernels/convolution_tensors.h"

namespace paddlemend {
namespace {

template <typename T>
void Forward(const Convolution& sizes, const TensorView& x, const TensorView& weight,
             const TensorView* bias, const char* data_format, const MutableTensorView& out,
             const Context& context) {
  const WorkingInput<T> maps(ChannelsFirst(x, data_format), context);
  const WorkingInput<T> filters(weight, context);
  const WorkingInput<T> biases(bias, context);
  const WorkingOutput<T> images(ChannelsFirst(out, data_format));
  ConvolutionImages(sizes, maps.data(), filters.data(), biases.data(), images.data(), context);
  images.Finish(context);
}

template <typename T>
void Backward(const Convolution& sizes, const TensorView& x, const TensorView& weight,
              const TensorView& out_grad, const char* data_format, const MutableTensorView* x_grad,
              const MutableTensorView* weight_grad, const MutableTensorView* bias_grad,
              const Context& context) {
  const WorkingInput<T> images(ChannelsFirst(out_grad, data_format), context);
  if (x_grad != nullptr) {
    const WorkingInput<T> filters(weight, context);
    const WorkingOutput<T> maps(ChannelsFirst(*x_grad, data_format));
    ConvolutionMaps<T>(sizes, images.data(), filters.data(), nullptr, maps.data(), context);
    maps.Finish(context);
  }
  if (weight_grad != nullptr) {
    const WorkingInput<T> maps(ChannelsFirst(x, data_format), context);
    const WorkingOutput<T> filters(*weight_grad);
    ConvolutionFilters(sizes, images.data(), maps.data(), filters.data(), context);
    filters.Finish(context);
  }
  if (bias_grad != nullptr) {
    const WorkingOutput<T> sums(*bias_grad);
    ChannelSums(sizes.batch, sizes.groups * sizes.channels, sizes.pixels(), images.data(),
                sums.data(), context);
    sums.Finish(context);
  }
}

}  // namespace

Status Conv2dTransposeShape(const TensorView& x, const TensorView& weight, IntSpan stride,
                            IntSpan padding, const char* padding_algorithm, IntSpan output_padding,
                            IntSpan output_size, IntSpan dilation, int64_t groups,
                            const char* data_format, Shape* out) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveTransposed(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format},
      output_padding, output_size, &sizes));
  *out = ImagesShape(sizes, data_format);
  return OkStatus();
}

Status Conv2dTranspose(const TensorView& x, const TensorView& weight, const TensorView* bias,
                       IntSpan stride, IntSpan padding, const char* padding_algorithm,
                       IntSpan output_padding, IntSpan output_size, IntSpan dilation,
                       int64_t groups, const char* data_format, const MutableTensorView& out,
                       const Context& context) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveTransposed(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format},
      output_padding, output_size, &sizes));
  PM_RETURN_IF_ERROR(CheckConvolutionBias(x, bias, sizes.groups * sizes.channels, "bias"));
  PM_RETURN_IF_ERROR(CheckConvolutionTensor(out, "out", ImagesShape(sizes, data_format), x.dtype));
  DispatchWorking(x.dtype, [&](auto tag) {
    Forward<typename decltype(tag)::type>(sizes, x, weight, bias, data_format, out, context);
  });
  return OkStatus();
}

Status Conv2dTransposeGrad(const TensorView& x, const TensorView& weight,
                           const TensorView& out_grad, IntSpan stride, IntSpan padding,
                           const char* padding_algorithm, IntSpan output_padding,
                           IntSpan output_size, IntSpan dilation, int64_t groups,
                           const char* data_format, const MutableTensorView* x_grad,
                           const MutableTensorView* weight_grad, const MutableTensorView* bias_grad,
                           const Context& context) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveTransposed(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format},
      output_padding, output_size, &sizes));
  PM_RETURN_IF_ERROR(
      CheckConvolutionTensor(out_grad, "out_grad", ImagesShape(sizes, data_format), x.dtype));
  const Shape x_shape{x.ndim, x.shape};
  const Shape weight_shape{weight.ndim, weight.shape};
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckConvolutionTensor(*x_grad, "x_grad", x_shape, x.dtype));
  }
  if (weight_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckConvolutionTensor(*weight_grad, "weight_grad", weight_shape, x.dtype));
  }
  PM_RETURN_IF_ERROR(
      CheckConvolutionBias(x, bias_grad, sizes.groups * sizes.channels, "bias_grad"));
  DispatchWorking(x.dtype, [&](auto tag) {
    Backward<typename decltype(tag)::type>(sizes, x, weight, out_grad, data_format, x_grad,
                                           weight_grad, bias_grad, context);
  });
  return OkStatus();
}

}  // namespace paddlemend
