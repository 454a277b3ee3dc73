#include "cc/kernels/conv2d.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cc/kernels/convolution_arguments.h"
#include "cc/kernels/convolution_tensors.h"
#include "cc/kernels/depthwise_channels_last.h"

namespace paddlemend {
namespace {

Shape ShapeOf(const TensorLayout& layout) { return Shape{layout.ndim, layout.shape}; }

Status CheckOptional(const TensorLayout* tensor, const char* name, const Shape& shape,
                     DType dtype) {
  return tensor == nullptr ? OkStatus() : CheckConvolutionTensor(*tensor, name, shape, dtype);
}

/// Whether each channel has a filter of its own, and channels lie side by side in memory.
bool IsDepthwiseChannelsLast(const Convolution& sizes, const char* data_format) {
  constexpr int64_t kLeastChannels = 8;
  return sizes.channels == 1 && sizes.filters == 1 && sizes.groups >= kLeastChannels &&
         std::strcmp(data_format, "NHWC") == 0;
}

template <typename T>
void Forward(const Convolution& sizes, const TensorView& x, const TensorView& weight,
             const TensorView* bias, const char* data_format, const MutableTensorView& out,
             const Context& context) {
  if (IsDepthwiseChannelsLast(sizes, data_format)) {
    const WorkingInput<T> images(x, context), filters(weight, context), biases(bias, context);
    const WorkingOutput<T> maps(out);
    DepthwiseChannelsLast(sizes, images.data(), filters.data(), biases.data(), maps.data(),
                          context);
    return maps.Finish(context);
  }
  const WorkingInput<T> images(ChannelsFirst(x, data_format), context);
  const WorkingInput<T> filters(weight, context);
  const WorkingInput<T> biases(bias, context);
  const WorkingOutput<T> maps(ChannelsFirst(out, data_format));
  ConvolutionMaps(sizes, images.data(), filters.data(), biases.data(), maps.data(), context);
  maps.Finish(context);
}

template <typename T>
void Backward(const Convolution& sizes, const TensorView& x, const TensorView& weight,
              const TensorView& out_grad, const char* data_format, const MutableTensorView* x_grad,
              const MutableTensorView* weight_grad, const MutableTensorView* bias_grad,
              const Context& context) {
  const WorkingInput<T> maps(ChannelsFirst(out_grad, data_format), context);
  if (x_grad != nullptr) {
    const WorkingInput<T> filters(weight, context);
    const WorkingOutput<T> images(ChannelsFirst(*x_grad, data_format));
    ConvolutionImages<T>(sizes, maps.data(), filters.data(), nullptr, images.data(), context);
    images.Finish(context);
  }
  if (weight_grad != nullptr) {
    const WorkingInput<T> images(ChannelsFirst(x, data_format), context);
    const WorkingOutput<T> filters(*weight_grad);
    ConvolutionFilters(sizes, images.data(), maps.data(), filters.data(), context);
    filters.Finish(context);
  }
  if (bias_grad != nullptr) {
    const WorkingOutput<T> sums(*bias_grad);
    ChannelSums(sizes.batch, sizes.groups * sizes.filters, sizes.positions(), maps.data(),
                sums.data(), context);
    sums.Finish(context);
  }
}

template <typename T>
void Tangent(const Convolution& sizes, const TensorView& x, const TensorView& weight,
             const TensorView* x_tangent, const TensorView* weight_tangent, const char* data_format,
             const MutableTensorView& out_tangent, const Context& context) {
  const WorkingOutput<T> maps(ChannelsFirst(out_tangent, data_format));
  const int64_t count = Numel(out_tangent);
  std::fill_n(maps.data(), count, T(0));
  std::vector<T> product(count);
  const auto add = [&](const TensorView& image, const TensorView& filter) {
    const WorkingInput<T> images(ChannelsFirst(image, data_format), context);
    const WorkingInput<T> filters(filter, context);
    ConvolutionMaps<T>(sizes, images.data(), filters.data(), nullptr, product.data(), context);
    for (int64_t i = 0; i < count; ++i) maps.data()[i] += product[i];
  };
  if (x_tangent != nullptr) add(*x_tangent, weight);
  if (weight_tangent != nullptr) add(x, *weight_tangent);
  maps.Finish(context);
}

}  // namespace

Status Conv2dShape(const TensorView& x, const TensorView& weight, IntSpan stride, IntSpan padding,
                   const char* padding_algorithm, IntSpan dilation, int64_t groups,
                   const char* data_format, Shape* out) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveConvolution(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format}, &sizes));
  *out = MapsShape(sizes, data_format);
  return OkStatus();
}

Status Conv2d(const TensorView& x, const TensorView& weight, const TensorView* bias, IntSpan stride,
              IntSpan padding, const char* padding_algorithm, IntSpan dilation, int64_t groups,
              const char* data_format, const MutableTensorView& out, const Context& context) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveConvolution(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format}, &sizes));
  PM_RETURN_IF_ERROR(CheckConvolutionBias(x, bias, sizes.groups * sizes.filters, "bias"));
  PM_RETURN_IF_ERROR(CheckConvolutionTensor(out, "out", MapsShape(sizes, data_format), x.dtype));
  DispatchWorking(x.dtype, [&](auto tag) {
    Forward<typename decltype(tag)::type>(sizes, x, weight, bias, data_format, out, context);
  });
  return OkStatus();
}

Status Conv2dGrad(const TensorView& x, const TensorView& weight, const TensorView& out_grad,
                  IntSpan stride, IntSpan padding, const char* padding_algorithm, IntSpan dilation,
                  int64_t groups, const char* data_format, const MutableTensorView* x_grad,
                  const MutableTensorView* weight_grad, const MutableTensorView* bias_grad,
                  const Context& context) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveConvolution(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format}, &sizes));
  PM_RETURN_IF_ERROR(
      CheckConvolutionTensor(out_grad, "out_grad", MapsShape(sizes, data_format), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(x_grad, "x_grad", ShapeOf(x), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(weight_grad, "weight_grad", ShapeOf(weight), x.dtype));
  PM_RETURN_IF_ERROR(CheckConvolutionBias(x, bias_grad, sizes.groups * sizes.filters, "bias_grad"));
  DispatchWorking(x.dtype, [&](auto tag) {
    Backward<typename decltype(tag)::type>(sizes, x, weight, out_grad, data_format, x_grad,
                                           weight_grad, bias_grad, context);
  });
  return OkStatus();
}

Status Conv2dDoubleGrad(const TensorView& x, const TensorView& weight, const TensorView& out_grad,
                        const TensorView* x_tangent, const TensorView* weight_tangent,
                        IntSpan stride, IntSpan padding, const char* padding_algorithm,
                        IntSpan dilation, int64_t groups, const char* data_format,
                        const MutableTensorView* x_grad, const MutableTensorView* weight_grad,
                        const MutableTensorView* out_tangent, const Context& context) {
  Convolution sizes;
  PM_RETURN_IF_ERROR(ResolveConvolution(
      x, weight, {stride, padding, padding_algorithm, dilation, groups, data_format}, &sizes));
  const Shape maps = MapsShape(sizes, data_format);
  PM_RETURN_IF_ERROR(CheckConvolutionTensor(out_grad, "out_grad", maps, x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(x_tangent, "x_tangent", ShapeOf(x), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(weight_tangent, "weight_tangent", ShapeOf(weight), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(x_grad, "x_grad", ShapeOf(x), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(weight_grad, "weight_grad", ShapeOf(weight), x.dtype));
  PM_RETURN_IF_ERROR(CheckOptional(out_tangent, "out_tangent", maps, x.dtype));
  DispatchWorking(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (weight_tangent != nullptr) {
      Backward<T>(sizes, x, *weight_tangent, out_grad, data_format, x_grad, nullptr, nullptr,
                  context);
    } else if (x_grad != nullptr) {
      FillZero(*x_grad, context);
    }
    if (x_tangent != nullptr) {
      Backward<T>(sizes, *x_tangent, weight, out_grad, data_format, nullptr, weight_grad, nullptr,
                  context);
    } else if (weight_grad != nullptr) {
      FillZero(*weight_grad, context);
    }
    if (out_tangent != nullptr) {
      Tangent<T>(sizes, x, weight, x_tangent, weight_tangent, data_format, *out_tangent, context);
    }
  });
  return OkStatus();
}

}  // namespace paddlemend
