// conv2d_transpose, depthwise_conv2d_transpose and their gradients.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/convolution_attributes.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/common/int_array.h"
#include "paddle/phi/infermeta/binary.h"

namespace paddlemend::phi_adapter::conv2d_transpose {

struct Conv2dTranspose {};

using Ints = std::vector<int>;

/// One function a kernel name, so that each keeps the stock kernel of its own.
enum class Kind { kAny, kDepthwise };

template <Kind>
void RunTranspose(const phi::CPUContext& context, const phi::DenseTensor& x,
                  const phi::DenseTensor& weight, const Ints& strides, const Ints& paddings,
                  const Ints& output_padding, const phi::IntArray& output_size,
                  const std::string& padding_algorithm, int groups, const Ints& dilations,
                  const std::string& data_format, phi::DenseTensor* out) {
  const ConvolutionAttributes a(strides, paddings, padding_algorithm, dilations, groups,
                                data_format);
  const std::vector<int64_t> extra(output_padding.begin(), output_padding.end());
  const std::vector<int64_t>& size = output_size.GetData();
  DenseTensorView x_view(x);
  DenseTensorView weight_view(weight);
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_conv2d_transpose_shape(
      x_view.get(), weight_view.get(), a.stride.data(), CountOf(a.stride), a.padding.data(),
      CountOf(a.padding), a.algorithm, extra.data(), CountOf(extra), size.data(), CountOf(size),
      a.dilation.data(), CountOf(a.dilation), a.groups, a.format, shape, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(shape, shape + ndim)));
  Allocate(context, out, x.dtype());
  Check(pm_conv2d_transpose(x_view.get(), weight_view.get(), nullptr, a.stride.data(),
                            CountOf(a.stride), a.padding.data(), CountOf(a.padding), a.algorithm,
                            extra.data(), CountOf(extra), size.data(), CountOf(size),
                            a.dilation.data(), CountOf(a.dilation), a.groups, a.format,
                            DenseTensorView(*out).get(), nullptr));
}

template <Kind>
void RunTransposeGrad(const phi::CPUContext& context, const phi::DenseTensor& x,
                      const phi::DenseTensor& weight, const phi::DenseTensor& out_grad,
                      const Ints& strides, const Ints& paddings, const Ints& output_padding,
                      const phi::IntArray& output_size, const std::string& padding_algorithm,
                      int groups, const Ints& dilations, const std::string& data_format,
                      phi::DenseTensor* x_grad, phi::DenseTensor* weight_grad) {
  const ConvolutionAttributes a(strides, paddings, padding_algorithm, dilations, groups,
                                data_format);
  const std::vector<int64_t> extra(output_padding.begin(), output_padding.end());
  const std::vector<int64_t>& size = output_size.GetData();
  ResizeLike(x, x_grad, context);
  ResizeLike(weight, weight_grad, context);
  Check(pm_conv2d_transpose_grad(
      DenseTensorView(x).get(), DenseTensorView(weight).get(), DenseTensorView(out_grad).get(),
      a.stride.data(), CountOf(a.stride), a.padding.data(), CountOf(a.padding), a.algorithm,
      extra.data(), CountOf(extra), size.data(), CountOf(size), a.dilation.data(),
      CountOf(a.dilation), a.groups, a.format, OptionalView(x_grad).get(),
      OptionalView(weight_grad).get(), nullptr, nullptr));
}

/// Sizes that are variables of a static program are -1 when it is built: the kernel judges them.
inline bool IsKnown(const std::vector<int64_t>& sizes) {
  for (const int64_t size : sizes) {
    if (size < 0) return false;
  }
  return true;
}

inline void InferTranspose(const phi::MetaTensor& x, const phi::MetaTensor& weight,
                           const Ints& strides, const Ints& paddings, const Ints& output_padding,
                           const phi::IntArray& output_size, const std::string& padding_algorithm,
                           int groups, const Ints& dilations, const std::string& data_format,
                           phi::MetaTensor* out, phi::MetaConfig config) {
  if (!IsConv2d(x, weight) || RunsOneDnn(config)) {
    return phi::Conv2dTransposeInferMeta(x, weight, strides, paddings, output_padding, output_size,
                                         padding_algorithm, groups, dilations, data_format, out,
                                         config);
  }
  const ConvolutionAttributes a(strides, paddings, padding_algorithm, dilations, groups,
                                data_format);
  const bool channels_last = data_format == "NHWC";
  const std::vector<int64_t> extra(output_padding.begin(), output_padding.end());
  const bool variable = output_size.FromTensor() && !IsKnown(output_size.GetData());
  const common::DDim dims = x.dims();
  const bool known_pixels = dims[channels_last ? 1 : 2] >= 0 && dims[channels_last ? 2 : 3] >= 0;
  const std::vector<int64_t> size =
      variable || !known_pixels ? std::vector<int64_t>() : output_size.GetData();
  const PartlyKnownImages images(dims, weight.dims()[0], channels_last);
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_conv2d_transpose_shape(
      LayoutView(images.dims(), x.dtype()).get(),
      LayoutView(common::vectorize<int64_t>(weight.dims()), weight.dtype()).get(), a.stride.data(),
      CountOf(a.stride), a.padding.data(), CountOf(a.padding), a.algorithm, extra.data(),
      CountOf(extra), size.data(), CountOf(size), a.dilation.data(), CountOf(a.dilation), a.groups,
      a.format, shape, &ndim));
  images.SetResult(shape, out);
  if (variable || (!known_pixels && output_size.GetData().size() == 2)) {
    common::DDim result = out->dims();
    for (const int i : {0, 1}) {
      result[(channels_last ? 1 : 2) + i] = variable ? -1 : output_size.GetData()[i];
    }
    out->set_dims(result);
  }
  out->set_dtype(x.dtype());
}

inline const Registrar<Conv2dTranspose> registrar(
    "conv2d_transpose",
    {
        Route<Conv2dTranspose, &RunTranspose<Kind::kAny>>("conv2d_transpose"),
        Route<Conv2dTranspose, &RunTransposeGrad<Kind::kAny>>("conv2d_transpose_grad"),
        Route<Conv2dTranspose, &RunTranspose<Kind::kDepthwise>>("depthwise_conv2d_transpose"),
        Route<Conv2dTranspose, &RunTransposeGrad<Kind::kDepthwise>>(
            "depthwise_conv2d_transpose_grad"),
    },
    {HookInferMeta<Conv2dTranspose, &phi::Conv2dTransposeInferMeta, &InferTranspose>()});

}  // namespace paddlemend::phi_adapter::conv2d_transpose
