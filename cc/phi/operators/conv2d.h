// conv2d, depthwise_conv2d and their gradients.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/convolution_attributes.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/binary.h"

namespace paddlemend::phi_adapter::conv2d {

struct Conv2d {};

using OptionalTensor = paddle::optional<phi::DenseTensor>;
using Ints = std::vector<int>;

inline void Convolve(const phi::CPUContext& context, const phi::DenseTensor& x,
                     const phi::DenseTensor& weight, const ConvolutionAttributes& a,
                     phi::DenseTensor* out) {
  DenseTensorView x_view(x);
  DenseTensorView weight_view(weight);
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_conv2d_shape(x_view.get(), weight_view.get(), a.stride.data(), CountOf(a.stride),
                        a.padding.data(), CountOf(a.padding), a.algorithm, a.dilation.data(),
                        CountOf(a.dilation), a.groups, a.format, shape, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(shape, shape + ndim)));
  Allocate(context, out, x.dtype());
  Check(pm_conv2d(x_view.get(), weight_view.get(), nullptr, a.stride.data(), CountOf(a.stride),
                  a.padding.data(), CountOf(a.padding), a.algorithm, a.dilation.data(),
                  CountOf(a.dilation), a.groups, a.format, DenseTensorView(*out).get(), nullptr));
}

inline void Gradients(const phi::CPUContext& context, const phi::DenseTensor& x,
                      const phi::DenseTensor& weight, const phi::DenseTensor& out_grad,
                      const ConvolutionAttributes& a, phi::DenseTensor* x_grad,
                      phi::DenseTensor* weight_grad) {
  ResizeLike(x, x_grad, context);
  ResizeLike(weight, weight_grad, context);
  Check(pm_conv2d_grad(DenseTensorView(x).get(), DenseTensorView(weight).get(),
                       DenseTensorView(out_grad).get(), a.stride.data(), CountOf(a.stride),
                       a.padding.data(), CountOf(a.padding), a.algorithm, a.dilation.data(),
                       CountOf(a.dilation), a.groups, a.format, OptionalView(x_grad).get(),
                       OptionalView(weight_grad).get(), nullptr, nullptr));
}

inline void RunConv2d(const phi::CPUContext& context, const phi::DenseTensor& x,
                      const phi::DenseTensor& weight, const Ints& strides, const Ints& paddings,
                      const std::string& padding_algorithm, const Ints& dilations, int groups,
                      const std::string& data_format, phi::DenseTensor* out) {
  Convolve(context, x, weight,
           {strides, paddings, padding_algorithm, dilations, groups, data_format}, out);
}

/// The same with dilations and groups in the other order.
inline void RunDepthwise(const phi::CPUContext& context, const phi::DenseTensor& x,
                         const phi::DenseTensor& weight, const Ints& strides, const Ints& paddings,
                         const std::string& padding_algorithm, int groups, const Ints& dilations,
                         const std::string& data_format, phi::DenseTensor* out) {
  Convolve(context, x, weight,
           {strides, paddings, padding_algorithm, dilations, groups, data_format}, out);
}

inline void RunConv2dGrad(const phi::CPUContext& context, const phi::DenseTensor& x,
                          const phi::DenseTensor& weight, const phi::DenseTensor& out_grad,
                          const Ints& strides, const Ints& paddings,
                          const std::string& padding_algorithm, const Ints& dilations, int groups,
                          const std::string& data_format, phi::DenseTensor* x_grad,
                          phi::DenseTensor* weight_grad) {
  Gradients(context, x, weight, out_grad,
            {strides, paddings, padding_algorithm, dilations, groups, data_format}, x_grad,
            weight_grad);
}

inline void RunDepthwiseGrad(const phi::CPUContext& context, const phi::DenseTensor& x,
                             const phi::DenseTensor& weight, const phi::DenseTensor& out_grad,
                             const Ints& strides, const Ints& paddings,
                             const std::string& padding_algorithm, int groups,
                             const Ints& dilations, const std::string& data_format,
                             phi::DenseTensor* x_grad, phi::DenseTensor* weight_grad) {
  Gradients(context, x, weight, out_grad,
            {strides, paddings, padding_algorithm, dilations, groups, data_format}, x_grad,
            weight_grad);
}

inline void RunDoubleGrad(const phi::CPUContext& context, const phi::DenseTensor& x,
                          const phi::DenseTensor& weight, const phi::DenseTensor& out_grad,
                          const OptionalTensor& x_tangent, const OptionalTensor& weight_tangent,
                          const Ints& strides, const Ints& paddings,
                          const std::string& padding_algorithm, const Ints& dilations, int groups,
                          const std::string& data_format, phi::DenseTensor* x_grad,
                          phi::DenseTensor* weight_grad, phi::DenseTensor* out_tangent) {
  const ConvolutionAttributes a(strides, paddings, padding_algorithm, dilations, groups,
                                data_format);
  ResizeLike(x, x_grad, context);
  ResizeLike(weight, weight_grad, context);
  ResizeLike(out_grad, out_tangent, context);
  Check(pm_conv2d_double_grad(
      DenseTensorView(x).get(), DenseTensorView(weight).get(), DenseTensorView(out_grad).get(),
      OptionalView(x_tangent.get_ptr()).get(), OptionalView(weight_tangent.get_ptr()).get(),
      a.stride.data(), CountOf(a.stride), a.padding.data(), CountOf(a.padding), a.algorithm,
      a.dilation.data(), CountOf(a.dilation), a.groups, a.format, OptionalView(x_grad).get(),
      OptionalView(weight_grad).get(), OptionalView(out_tangent).get(), nullptr));
}

/// The wheel's refuses empty operands or loses the filters of a convolution without channels, and
/// takes kernels that do not fit.
inline void InferConv2d(const phi::MetaTensor& x, const phi::MetaTensor& weight,
                        const Ints& strides, const Ints& paddings,
                        const std::string& padding_algorithm, const Ints& dilations, int groups,
                        const std::string& data_format, phi::MetaTensor* out,
                        phi::MetaConfig config) {
  if (!IsConv2d(x, weight) || RunsOneDnn(config)) {
    return phi::ConvInferMeta(x, weight, strides, paddings, padding_algorithm, dilations, groups,
                              data_format, out, config);
  }
  const ConvolutionAttributes a(strides, paddings, padding_algorithm, dilations, groups,
                                data_format);
  const PartlyKnownImages images(x.dims(), weight.dims()[1] * groups, data_format == "NHWC");
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_conv2d_shape(LayoutView(images.dims(), x.dtype()).get(),
                        LayoutView(common::vectorize<int64_t>(weight.dims()), weight.dtype()).get(),
                        a.stride.data(), CountOf(a.stride), a.padding.data(), CountOf(a.padding),
                        a.algorithm, a.dilation.data(), CountOf(a.dilation), a.groups, a.format,
                        shape, &ndim));
  images.SetResult(shape, out);
  out->set_dtype(x.dtype());
}

inline void InferDepthwise(const phi::MetaTensor& x, const phi::MetaTensor& weight,
                           const Ints& strides, const Ints& paddings,
                           const std::string& padding_algorithm, int groups, const Ints& dilations,
                           const std::string& data_format, phi::MetaTensor* out,
                           phi::MetaConfig config) {
  InferConv2d(x, weight, strides, paddings, padding_algorithm, dilations, groups, data_format, out,
              config);
}

inline const Registrar<Conv2d> registrar(
    "conv2d",
    {
        Route<Conv2d, &RunConv2d>("conv2d"),
        Route<Conv2d, &RunConv2dGrad>("conv2d_grad"),
        Route<Conv2d, &RunDoubleGrad>("conv2d_double_grad"),
        Route<Conv2d, &RunDepthwise>("depthwise_conv2d"),
        Route<Conv2d, &RunDepthwiseGrad>("depthwise_conv2d_grad"),
    },
    {HookInferMeta<Conv2d, &phi::ConvInferMeta, &InferConv2d>(),
     HookInferMeta<Conv2d, &phi::DepthwiseConvInferMeta, &InferDepthwise>()});

}  // namespace paddlemend::phi_adapter::conv2d
