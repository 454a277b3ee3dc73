// fused_layer_norm, whose kernel is fused_bias_residual_layernorm.
#pragma once

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/norm_attributes.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/multiary.h"

namespace paddlemend::phi_adapter::fused_layer_norm {

struct FusedLayerNorm {};

using OptionalTensor = paddle::optional<phi::DenseTensor>;

inline void RunFusedLayerNorm(const DeviceContext& context, const phi::DenseTensor& x,
                              const OptionalTensor& bias, const OptionalTensor& residual,
                              const OptionalTensor& norm_weight, const OptionalTensor& norm_bias,
                              float epsilon, float residual_alpha, int begin_norm_axis,
                              float quant_scale, int quant_round_type, float quant_max_bound,
                              float quant_min_bound, phi::DenseTensor* out,
                              phi::DenseTensor* residual_out, phi::DenseTensor* mean,
                              phi::DenseTensor* variance) {
  const bool quantizes = quant_scale > 0 && (norm_weight || norm_bias);
  if (quantizes && (!norm_weight || !norm_bias)) {
    PADDLE_THROW(
        common::errors::InvalidArgument("fused_layer_norm: norm_weight or norm_bias is None; "
                                        "expected both for a quant_scale of %f.",
                                        quant_scale));
  }
  Allocate(context, out, quantizes ? phi::DataType::INT8 : x.dtype());
  if (!residual) residual_out->Resize({0});
  Allocate(context, residual_out, x.dtype());
  Allocate(context, mean, StatisticsDtype(x.dtype()));
  Allocate(context, variance, StatisticsDtype(x.dtype()));
  DenseTensorView x_view(x), out_view(*out);
  OptionalView weight_view(norm_weight.get_ptr()), shift_view(norm_bias.get_ptr());
  OptionalView bias_view(bias.get_ptr()), residual_view(residual.get_ptr());
  OptionalView sum_view(residual ? residual_out : nullptr), mean_view(mean),
      variance_view(variance);
  if (quantizes) {
    return Check(pm_fused_layer_norm_quantized(
        x_view.get(), weight_view.get(), shift_view.get(), bias_view.get(), residual_view.get(),
        AsWritten(epsilon), AsWritten(residual_alpha), begin_norm_axis, AsWritten(quant_scale),
        quant_round_type, quant_max_bound, quant_min_bound, out_view.get(), sum_view.get(),
        mean_view.get(), variance_view.get(), CallContext(context)));
  }
  Check(pm_fused_layer_norm(x_view.get(), weight_view.get(), shift_view.get(), bias_view.get(),
                            residual_view.get(), AsWritten(epsilon), AsWritten(residual_alpha),
                            begin_norm_axis, out_view.get(), sum_view.get(), mean_view.get(),
                            variance_view.get(), CallContext(context)));
}

/// The wheel's refuses a flat bias of columns of several dimensions, which only the kernel judges
/// here; it knows moments of float32 alone, and gives a residual_out without a residual a shape
/// but no memory. It is empty here.
inline void InferFusedLayerNorm(const phi::MetaTensor& x, const phi::MetaTensor&,
                                const phi::MetaTensor& residual, const phi::MetaTensor& norm_weight,
                                const phi::MetaTensor& norm_bias, float epsilon,
                                float residual_alpha, int begin_norm_axis, float quant_scale,
                                int quant_round_type, float quant_max_bound, float quant_min_bound,
                                phi::MetaTensor* out, phi::MetaTensor* residual_out,
                                phi::MetaTensor* mean, phi::MetaTensor* variance,
                                phi::MetaConfig config) {
  if (begin_norm_axis < 0 || begin_norm_axis >= x.dims().size()) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "fused_layer_norm: begin_norm_axis is %d; expected 0 <= begin_norm_axis < %d for x of the "
        "shape [%s].",
        begin_norm_axis, x.dims().size(), x.dims()));
  }
  phi::FusedLayerNormInferMeta(x, phi::MetaTensor(), residual, norm_weight, norm_bias, epsilon,
                               residual_alpha, begin_norm_axis, quant_scale, quant_round_type,
                               quant_max_bound, quant_min_bound, out, residual_out, mean, variance,
                               config);
  if (!residual) residual_out->set_dims({0});
  for (phi::MetaTensor* moments : {mean, variance}) {
    moments->set_dtype(StatisticsDtype(x.dtype()));
  }
}

/// For narrower elements: norm_weight, norm_bias, mean and variance.
inline void SetParameterDtypes(phi::DataType dtype, phi::KernelArgsDef* args) {
  for (const size_t input : {3, 4}) {
    args->input_defs()[input].SetDataType(StatisticsDtype(dtype));
  }
  for (const size_t output : {2, 3}) {
    args->output_defs()[output].SetDataType(StatisticsDtype(dtype));
  }
}

inline const Registrar<FusedLayerNorm> registrar(
    "fused_layer_norm",
    {Route<FusedLayerNorm, &RunFusedLayerNorm>("fused_bias_residual_layernorm",
                                               &SetParameterDtypes)},
    {HookInferMeta<FusedLayerNorm, &phi::FusedLayerNormInferMeta, &InferFusedLayerNorm>()});

}  // namespace paddlemend::phi_adapter::fused_layer_norm
