// The arguments of fused_multi_head_attention and their sizes.
#pragma once

#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// As in fused_multi_head_attention.h; what may be missing is null.
struct FusedAttention {
  const TensorView& x;
  const TensorView& qkv_weight;
  const TensorView& linear_weight;
  bool pre_layer_norm;
  const TensorView* pre_ln_scale;
  const TensorView* pre_ln_bias;
  const TensorView* ln_scale;
  const TensorView* ln_bias;
  double pre_ln_epsilon;
  const TensorView* qkv_bias;
  const TensorView* linear_bias;
  const TensorView* cache_kv;
  const TensorView* attn_mask;
  double dropout_rate;
  double attn_dropout_rate;
  double ln_epsilon;
  bool training;
  const char* mode;
  bool add_residual;
  int64_t num_heads;
  bool transpose_qkv_wb;
  int64_t seed;
};

struct AttentionSizes {
  int64_t batch, length, embed, heads, head_size, cached;

  int64_t rows() const { return batch * length; }
  int64_t keys() const { return cached + length; }
};

/// Sets *sizes, or describes the first wrong argument.
Status ResolveFusedAttention(const FusedAttention& of, AttentionSizes* sizes);

/// The shapes [batch, heads, length, keys] and [2, batch, heads, keys, head_size].
Shape ScoresShape(const AttentionSizes& sizes);
Shape KeysAndValuesShape(const AttentionSizes& sizes);

/// Fails unless `tensor` is null or of the shape and dtype.
Status CheckLike(const TensorLayout* tensor, const char* name, const Shape& shape, DType dtype);

}  // namespace paddlemend
