// The heads of fused_multi_head_attention: softmax(query · key / sqrt(head_size) + mask) · value.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/dropout.h"
#include "cc/kernels/fused_attention_arguments.h"
#include "cc/kernels/row_products.h"

namespace paddlemend {

template <typename W>
struct HeadOperands {
  const AttentionSizes& sizes;
  const W* packed;         // [batch, length, 3, heads, head_size]: query, key and value
  const W* all_keys;       // [2, batch, heads, keys, head_size]; null without a cache
  const TensorView* mask;  // broadcasts to the scores, or null
  Dropout dropout;

  Matrix<const W> Query(int64_t batch, int64_t head) const { return Packed(0, batch, head); }
  Matrix<const W> Key(int64_t batch, int64_t head) const { return Stored(0, batch, head); }
  Matrix<const W> Value(int64_t batch, int64_t head) const { return Stored(1, batch, head); }

  /// Where the rows of one head begin in memory like that of `packed`.
  int64_t PackedOffset(int64_t part, int64_t batch, int64_t head) const {
    return batch * sizes.length * 3 * sizes.embed + part * sizes.embed + head * sizes.head_size;
  }

 private:
  Matrix<const W> Packed(int64_t part, int64_t batch, int64_t head) const {
    return {packed + PackedOffset(part, batch, head), 3 * sizes.embed};
  }
  Matrix<const W> Stored(int64_t part, int64_t batch, int64_t head) const {
    if (all_keys == nullptr) return Packed(part + 1, batch, head);
    const int64_t number = (part * sizes.batch + batch) * sizes.heads + head;
    return {all_keys + number * sizes.keys() * sizes.head_size, sizes.head_size};
  }
};

/// context [batch, length, heads, head_size]. kept [batch, heads, length, keys] shows what dropout
/// kept, unless it is null.
template <typename W>
void AttendHeads(const HeadOperands<W>& of, W* context_rows, uint8_t* kept, const Context& context);

/// packed_grad, like packed, from the gradient of the context.
template <typename W>
void AttendHeadsGrad(const HeadOperands<W>& of, const W* context_grad, W* packed_grad,
                     const Context& context);

}  // namespace paddlemend
