// Attention over a batch of sequences of different lengths, in memory that does not grow with them.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out[b, h, i] = sum over the visible keys j of softmax(scale * query[b, h, i] . key[b, g, j] +
/// mask[b, h, i, j]) * value[b, g, j], where g is the group of h: heads / kv_heads query heads
/// share a key head.
///
/// query is [batch, heads, length, size], key [batch, kv_heads, kv_length, size], value
/// [batch, kv_heads, kv_length, value_size], out [batch, heads, length, value_size]. Of sequence b
/// the first seq_lens[b] queries are answered, and the first kv_seq_lens[b] + pre_cache_length keys
/// are used, none if there is no query. `causal` hides the keys j > i + pre_cache_length from query
/// i. The other rows of out are zeros, and so is a row without a visible key: one that the mask
/// hides with -inf is none. mask may be null, or [batch, 1 or heads, >= length, >= kv_length]: its
/// leading corner is used. seq_lens and kv_seq_lens are int32, of the shape [batch] or [batch, 1].
///
/// query, key, value, mask and out share one dtype: float16, bfloat16 or float32. Sums are float32.
/// Each thread works in memory of a fixed number of queries and keys. Inputs may have strides; out
/// shares memory with nothing. The result does not depend on the number of threads.
///
/// Errors: unsupported dtype of query; invalid argument for other shapes and dtypes than these, a
/// negative pre_cache_length, and lengths that are negative or longer than the tensor.
PM_OP Status VariableLengthMemoryEfficientAttention(
    const TensorView& query, const TensorView& key, const TensorView& value,
    const TensorView& seq_lens, const TensorView& kv_seq_lens, const TensorView* mask, double scale,
    bool causal, int64_t pre_cache_length, const MutableTensorView& out, const Context& context);

/// Sets *out to the shape that variable_length_memory_efficient_attention gives. Errors: as there
/// for the shapes of query, key and value.
PM_OP Status VariableLengthMemoryEfficientAttentionShape(const TensorView& query,
                                                         const TensorView& key,
                                                         const TensorView& value, Shape* out);

}  // namespace paddlemend
