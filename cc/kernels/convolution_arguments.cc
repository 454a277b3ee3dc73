#include "cc/kernels/convolution_arguments.h"

#include <strings.h>

#include <algorithm>
#include <cstring>

#include "cc/kernels/checks.h"

namespace paddlemend {
namespace {

constexpr int64_t kMost = INT32_MAX;  // of strides, dilations, paddings and sizes of axes

bool IsChannelsLast(const char* data_format) { return std::strcmp(data_format, "NHWC") == 0; }

Status CheckPair(const char* name, IntSpan values, int64_t least) {
  if (values.size != 2) {
    return InvalidArgument(name, " has ", values.size, " integers, expected 2: height and width");
  }
  for (int64_t i = 0; i < values.size; ++i) {
    if (values[i] < least || values[i] > kMost) {
      return InvalidArgument(name, " has the value ", values[i], ", expected ", least, " to ",
                             kMost);
    }
  }
  return OkStatus();
}

Status CheckOperands(const TensorLayout& x, const TensorLayout& weight,
                     const ConvolutionAttributes& attributes) {
  if (!IsChannelsLast(attributes.data_format) && std::strcmp(attributes.data_format, "NCHW") != 0) {
    return InvalidArgument("data_format is ", attributes.data_format, ", expected NCHW or NHWC");
  }
  PM_RETURN_IF_ERROR(CheckFloatingDType(x, "x"));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "weight", weight));
  for (const auto& [layout, name] : {std::pair(&x, "x"), std::pair(&weight, "weight")}) {
    if (layout->ndim != 4) {
      return InvalidArgument(name, " has the shape ", ShapeString(*layout),
                             ", expected 4 dimensions");
    }
    for (int axis = 0; axis < 4; ++axis) {
      if (layout->shape[axis] > kMost) {
        return InvalidArgument(name, " has the shape ", ShapeString(*layout),
                               ", expected sizes up to ", kMost);
      }
    }
  }
  if (weight.shape[2] == 0 || weight.shape[3] == 0) {
    return InvalidArgument("weight has the shape ", ShapeString(weight),
                           ", expected a kernel that is not empty");
  }
  if (attributes.groups < 1) {
    return InvalidArgument("groups is ", attributes.groups, ", expected at least 1");
  }
  PM_RETURN_IF_ERROR(CheckPair("stride", attributes.stride, 1));
  return CheckPair("dilation", attributes.dilation, 1);
}

Status CheckMultiple(const char* what, int64_t count, int64_t groups) {
  if (count % groups == 0) return OkStatus();
  return InvalidArgument("there are ", count, " ", what, ", expected a multiple of groups, ",
                         groups);
}

/// The padding before and after one axis; `position` is 0 for height, 1 for width. SAME pads for
/// ceil(size / stride) positions of the dilated kernel, the odd element after.
Status ResolvePadding(const ConvolutionAttributes& attributes, int position, int64_t size,
                      int64_t extent, int64_t* before, int64_t* after) {
  const IntSpan& padding = attributes.padding;
  *before = *after = 0;
  if (strcasecmp(attributes.padding_algorithm, "VALID") == 0) return OkStatus();
  if (strcasecmp(attributes.padding_algorithm, "SAME") == 0) {
    const int64_t stride = attributes.stride[position];
    const int64_t positions = (size + stride - 1) / stride;
    const int64_t total = std::max<int64_t>((positions - 1) * stride + extent - size, 0);
    *before = total / 2;
    *after = total - *before;
    return OkStatus();
  }
  if (strcasecmp(attributes.padding_algorithm, "EXPLICIT") != 0) {
    return InvalidArgument("padding_algorithm is ", attributes.padding_algorithm,
                           ", expected EXPLICIT, SAME or VALID");
  }
  if (padding.size != 2 && padding.size != 4) {
    return InvalidArgument("padding has ", padding.size,
                           " integers, expected 2, or 4: top, bottom, left, right");
  }
  *before = padding.size == 2 ? padding[position] : padding[2 * position];
  *after = padding.size == 2 ? padding[position] : padding[2 * position + 1];
  for (const int64_t value : {*before, *after}) {
    if (value < 0 || value > kMost) {
      return InvalidArgument("padding has the value ", value, ", expected 0 to ", kMost);
    }
  }
  return OkStatus();
}

int64_t FloorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// An image without elements has positions where its padding has room; none is legal there.
Status ResolvePositions(const ConvolutionAttributes& attributes, int position, const char* name,
                        ConvolutionAxis* axis) {
  int64_t after = 0;
  PM_RETURN_IF_ERROR(
      ResolvePadding(attributes, position, axis->size, axis->extent(), &axis->before, &after));
  const int64_t room = axis->size + axis->before + after - axis->extent();
  axis->positions = FloorDivide(room, axis->stride) + 1;
  if (room >= 0 || (axis->size == 0 && axis->positions >= 0)) return OkStatus();
  return InvalidArgument("the kernel of weight reaches over a ", name, " of ", axis->extent(),
                         ", expected at most that of x with padding, ", room + axis->extent());
}

Status ResolveOutputSize(const ConvolutionAttributes& attributes, IntSpan output_padding,
                         IntSpan output_size, int position, const char* name,
                         ConvolutionAxis* axis) {
  int64_t after = 0;
  PM_RETURN_IF_ERROR(
      ResolvePadding(attributes, position, axis->positions, axis->extent(), &axis->before, &after));
  const int64_t least =
      (axis->positions - 1) * axis->stride + axis->extent() - axis->before - after;
  axis->size = least;
  if (output_size.size > 0) {
    axis->size = output_size[position];
    if (axis->size < least || axis->size >= least + axis->stride) {
      return InvalidArgument("output_size is ", axis->size, " for the ", name, ", expected ", least,
                             " to ", least + axis->stride - 1);
    }
  } else if (output_padding.size > 0) {
    const int64_t limit = std::max(axis->stride, axis->dilation);
    if (output_padding[position] >= limit) {
      return InvalidArgument("output_padding is ", output_padding[position], " for the ", name,
                             ", expected less than the larger of stride and dilation, ", limit);
    }
    axis->size += output_padding[position];
  }
  if (axis->size > 0 || (axis->size == 0 && axis->positions == 0)) return OkStatus();
  return InvalidArgument("the ", name, " of the result would be ", axis->size,
                         ", expected at least 1: padding takes all of it");
}

Status CheckBlasSizes(const Convolution& sizes) {
  int64_t unused = 0;
  for (const auto& [a, b, c, d] :
       {std::array<int64_t, 4>{sizes.height.size, sizes.width.size, 1, 1},
        std::array<int64_t, 4>{sizes.height.positions, sizes.width.positions, 1, 1},
        std::array<int64_t, 4>{sizes.channels, sizes.height.taps, sizes.width.taps, 1}}) {
    const int64_t factors[] = {a, b, c, d};
    if (!CheckedNumel(factors, 4, 1, &unused) || unused > kMost) {
      return InvalidArgument("an image, a map or a filter has ", a, " x ", b, " x ", c,
                             " elements, expected at most ", kMost);
    }
  }
  for (const int64_t plane : {sizes.channels * sizes.pixels(), sizes.filters * sizes.positions()}) {
    const int64_t factors[] = {sizes.batch, sizes.groups, plane};
    if (!CheckedNumel(factors, 3, 8, &unused)) {
      return InvalidArgument("the number of elements of the result overflows");
    }
  }
  return OkStatus();
}

void SetAxes(const TensorLayout& weight, const ConvolutionAttributes& attributes,
             Convolution* sizes) {
  for (const int i : {0, 1}) {
    ConvolutionAxis& axis = i == 0 ? sizes->height : sizes->width;
    axis.taps = weight.shape[2 + i];
    axis.stride = attributes.stride[i];
    axis.dilation = attributes.dilation[i];
  }
}

Shape ShapeOf(int64_t batch, int64_t channels, int64_t height, int64_t width,
              const char* data_format) {
  Shape shape;
  shape.ndim = 4;
  const bool last = IsChannelsLast(data_format);
  shape.dims[0] = batch;
  shape.dims[last ? 3 : 1] = channels;
  shape.dims[last ? 1 : 2] = height;
  shape.dims[last ? 2 : 3] = width;
  return shape;
}

}  // namespace

Status ResolveConvolution(const TensorLayout& x, const TensorLayout& weight,
                          const ConvolutionAttributes& attributes, Convolution* sizes) {
  PM_RETURN_IF_ERROR(CheckOperands(x, weight, attributes));
  const bool last = IsChannelsLast(attributes.data_format);
  const int64_t channels = x.shape[last ? 3 : 1];
  PM_RETURN_IF_ERROR(CheckMultiple("channels of x", channels, attributes.groups));
  PM_RETURN_IF_ERROR(CheckMultiple("filters of weight", weight.shape[0], attributes.groups));
  sizes->batch = x.shape[0];
  sizes->groups = attributes.groups;
  sizes->channels = channels / attributes.groups;
  sizes->filters = weight.shape[0] / attributes.groups;
  if (weight.shape[1] != sizes->channels) {
    return InvalidArgument("weight has the shape ", ShapeString(weight), ", expected ",
                           sizes->channels, " channels: those of x, ", channels, ", by groups, ",
                           attributes.groups);
  }
  SetAxes(weight, attributes, sizes);
  sizes->height.size = x.shape[last ? 1 : 2];
  sizes->width.size = x.shape[last ? 2 : 3];
  PM_RETURN_IF_ERROR(ResolvePositions(attributes, 0, "height", &sizes->height));
  PM_RETURN_IF_ERROR(ResolvePositions(attributes, 1, "width", &sizes->width));
  return CheckBlasSizes(*sizes);
}

Status ResolveTransposed(const TensorLayout& x, const TensorLayout& weight,
                         const ConvolutionAttributes& attributes, IntSpan output_padding,
                         IntSpan output_size, Convolution* sizes) {
  PM_RETURN_IF_ERROR(CheckOperands(x, weight, attributes));
  if (output_padding.size > 0) PM_RETURN_IF_ERROR(CheckPair("output_padding", output_padding, 0));
  if (output_size.size > 0) PM_RETURN_IF_ERROR(CheckPair("output_size", output_size, 0));
  const bool last = IsChannelsLast(attributes.data_format);
  const int64_t channels = x.shape[last ? 3 : 1];
  PM_RETURN_IF_ERROR(CheckMultiple("channels of x", channels, attributes.groups));
  if (weight.shape[0] != channels) {
    return InvalidArgument("weight has the shape ", ShapeString(weight), ", expected ", channels,
                           " in its first dimension, the channels of x");
  }
  sizes->batch = x.shape[0];
  sizes->groups = attributes.groups;
  sizes->channels = weight.shape[1];
  sizes->filters = channels / attributes.groups;
  SetAxes(weight, attributes, sizes);
  sizes->height.positions = x.shape[last ? 1 : 2];
  sizes->width.positions = x.shape[last ? 2 : 3];
  PM_RETURN_IF_ERROR(
      ResolveOutputSize(attributes, output_padding, output_size, 0, "height", &sizes->height));
  PM_RETURN_IF_ERROR(
      ResolveOutputSize(attributes, output_padding, output_size, 1, "width", &sizes->width));
  return CheckBlasSizes(*sizes);
}

Shape ImagesShape(const Convolution& sizes, const char* data_format) {
  return ShapeOf(sizes.batch, sizes.groups * sizes.channels, sizes.height.size, sizes.width.size,
                 data_format);
}

Shape MapsShape(const Convolution& sizes, const char* data_format) {
  return ShapeOf(sizes.batch, sizes.groups * sizes.filters, sizes.height.positions,
                 sizes.width.positions, data_format);
}

Status CheckConvolutionBias(const TensorLayout& x, const TensorLayout* bias, int64_t channels,
                            const char* name) {
  if (bias == nullptr) return OkStatus();
  Shape shape;
  shape.ndim = 1;
  shape.dims[0] = channels;
  return CheckConvolutionTensor(*bias, name, shape, x.dtype);
}

Status CheckConvolutionTensor(const TensorLayout& tensor, const char* name, const Shape& shape,
                              DType dtype) {
  if (tensor.dtype != dtype) {
    return InvalidArgument("the dtype of ", name, " is ", DTypeName(tensor.dtype), ", expected ",
                           DTypeName(dtype), ", that of x");
  }
  if (tensor.ndim != shape.ndim ||
      !std::equal(shape.dims.begin(), shape.dims.begin() + shape.ndim, tensor.shape.begin())) {
    return InvalidArgument(name, " has the shape ", ShapeString(tensor), ", expected ",
                           ShapeString(shape.dims.data(), shape.ndim));
  }
  return OkStatus();
}

}  // namespace paddlemend
