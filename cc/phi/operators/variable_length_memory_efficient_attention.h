// variable_length_memory_efficient_attention, which the wheel has for GPUs alone.
#pragma once

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/norm_attributes.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/fusion.h"

namespace paddlemend::phi_adapter::variable_length_memory_efficient_attention {

struct VariableLengthMemoryEfficientAttention {};

inline void RunAttention(const phi::CPUContext& context, const phi::DenseTensor& query,
                         const phi::DenseTensor& key, const phi::DenseTensor& value,
                         const phi::DenseTensor& seq_lens, const phi::DenseTensor& kv_seq_lens,
                         const paddle::optional<phi::DenseTensor>& mask, float scale, bool causal,
                         int pre_cache_length, phi::DenseTensor* out) {
  DenseTensorView query_view(query), key_view(key), value_view(value);
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_variable_length_memory_efficient_attention_shape(query_view.get(), key_view.get(),
                                                            value_view.get(), shape, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(shape, shape + ndim)));
  Allocate(context, out, query.dtype());
  Check(pm_variable_length_memory_efficient_attention(
      query_view.get(), key_view.get(), value_view.get(), DenseTensorView(seq_lens).get(),
      DenseTensorView(kv_seq_lens).get(), OptionalView(mask.get_ptr()).get(), AsWritten(scale),
      causal, pre_cache_length, DenseTensorView(*out).get(), nullptr));
}

/// The wheel's refuses some 0-size inputs. Whether the shapes fit is judged in the kernel, where
/// they are final.
inline void InferAttention(const phi::MetaTensor& query, const phi::MetaTensor&,
                           const phi::MetaTensor& value, const phi::MetaTensor&,
                           const phi::MetaTensor&, const phi::MetaTensor&, float, bool, int,
                           phi::MetaTensor* out) {
  phi::DDim dims = query.dims();
  if (dims.size() == 4 && value.dims().size() == 4) dims[3] = value.dims()[3];
  out->set_dims(dims);
  out->set_dtype(query.dtype());
  out->set_layout(query.layout());
}

inline const Registrar<VariableLengthMemoryEfficientAttention> registrar(
    "variable_length_memory_efficient_attention",
    {RouteNew<VariableLengthMemoryEfficientAttention, &RunAttention>(
        "variable_length_memory_efficient_attention")},
    {HookInferMeta<VariableLengthMemoryEfficientAttention,
                   &phi::VariableLengthMemoryEfficientAttentionInferMeta, &InferAttention>()});

}  // namespace paddlemend::phi_adapter::variable_length_memory_efficient_attention
