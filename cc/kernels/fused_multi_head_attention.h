// Multi-head self-attention with what a Transformer puts around it, and its gradients.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = post(residual + dropout(context . linear_weight + linear_bias)), where context is what
/// every head makes of query, key and value: dropout(softmax(query . key / sqrt(head_size) +
/// attn_mask)) . value; and query, key and value are pre(x) . qkv_weight + qkv_bias.
///
/// With pre_layer_norm, `pre` is the layer norm with pre_ln_scale, pre_ln_bias and pre_ln_epsilon
/// and `post` does nothing; without, `post` is that with ln_scale, ln_bias and ln_epsilon and `pre`
/// does nothing. residual is x with add_residual, else 0.
///
/// x and out are [batch, length, embed_dim]. qkv_weight is [3, heads, head_size, embed_dim] and
/// qkv_bias [3, heads, head_size]; with transpose_qkv_wb they are [embed_dim, 3 * embed_dim] and
/// [3 * embed_dim], of num_heads heads, which otherwise is not looked at. linear_weight is
/// [embed_dim, embed_dim]; all other vectors are [embed_dim]. cache_kv [2, batch, heads, cached,
/// head_size] holds keys and values that come before those of x; cache_kv_out [2, batch, heads,
/// cached + length, head_size] gets all of them. attn_mask broadcasts to [batch, heads, length,
/// cached + length]: a floating one is added to the scores, of another one zeros hide a key. A
/// query without a visible key gives NaN.
///
/// Dropout keeps elements with a probability of 1 - rate where `training`; `mode` says when the
/// rest is scaled: "upscale_in_train" divides by 1 - rate in training, "downscale_in_infer"
/// multiplies by it otherwise. What is kept depends on the seed and the place of the element alone;
/// attn_dropout_mask [batch, heads, length, cached + length] and dropout_mask, of the shape of x,
/// are bool outputs that show it.
///
/// All tensors have one dtype out of float16, bfloat16, float32 and float64, but those of layer
/// norms may be float32 where x is narrower. Halves are computed in float32 and rounded at the end.
/// Inputs may have strides; outputs share memory with nothing. Equal inputs give equal bits,
/// whatever the number of threads.
///
/// Errors: unsupported dtype of x; invalid argument for other shapes and dtypes than these, an
/// embed_dim of 0, num_heads that do not divide it, another mode, and a rate outside [0, 1].
PM_OP Status FusedMultiHeadAttention(
    const TensorView& x, const TensorView& qkv_weight, const TensorView& linear_weight,
    bool pre_layer_norm, const TensorView* pre_ln_scale, const TensorView* pre_ln_bias,
    const TensorView* ln_scale, const TensorView* ln_bias, double pre_ln_epsilon,
    const TensorView* qkv_bias, const TensorView* linear_bias, const TensorView* cache_kv,
    const TensorView* attn_mask, double dropout_rate, double attn_dropout_rate, double ln_epsilon,
    bool training, const char* mode, bool add_residual, int64_t num_heads, bool transpose_qkv_wb,
    int64_t seed, PM_LIKE(x) const MutableTensorView& out, const MutableTensorView* cache_kv_out,
    const MutableTensorView* attn_dropout_mask, const MutableTensorView* dropout_mask,
    const Context& context);

/// The gradients of fused_multi_head_attention for those of out; each may be null. What dropout
/// kept is drawn again from the seed, and the rest is computed again. Neither the mask nor the
/// cache has a gradient, and cache_kv_out is a constant.
///
/// Errors: as fused_multi_head_attention, and invalid argument for an out_grad that is not like x,
/// and for a gradient that is not like its tensor or whose tensor is null.
PM_OP Status FusedMultiHeadAttentionGrad(
    const TensorView& x, const TensorView& qkv_weight, const TensorView& linear_weight,
    const TensorView& out_grad, bool pre_layer_norm, const TensorView* pre_ln_scale,
    const TensorView* pre_ln_bias, const TensorView* ln_scale, const TensorView* ln_bias,
    double pre_ln_epsilon, const TensorView* qkv_bias, const TensorView* linear_bias,
    const TensorView* cache_kv, const TensorView* attn_mask, double dropout_rate,
    double attn_dropout_rate, double ln_epsilon, bool training, const char* mode, bool add_residual,
    int64_t num_heads, bool transpose_qkv_wb, int64_t seed, const MutableTensorView* x_grad,
    const MutableTensorView* qkv_weight_grad, const MutableTensorView* linear_weight_grad,
    const MutableTensorView* pre_ln_scale_grad, const MutableTensorView* pre_ln_bias_grad,
    const MutableTensorView* ln_scale_grad, const MutableTensorView* ln_bias_grad,
    const MutableTensorView* qkv_bias_grad, const MutableTensorView* linear_bias_grad,
    const Context& context);

}  // namespace paddlemend
