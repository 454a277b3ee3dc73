#include "cc/kernels/variable_length_memory_efficient_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cc/kernels/checks.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/softmax_rows.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend {
namespace {

using lapack::Gemm;
using lapack::Op;

// Queries and keys that are worked on together: their scores stay in the second level cache.
constexpr int64_t kQueryBlock = 128;
constexpr int64_t kKeyBlock = 512;

constexpr float kHidden = -std::numeric_limits<float>::infinity();

struct Sizes {
  int64_t batch, heads, kv_heads, length, kv_length, size, value_size;
};

Status CheckShapes(const TensorView& query, const TensorView& key, const TensorView& value,
                   Sizes* sizes) {
  for (const auto& [name, view] :
       {std::pair{"query", &query}, std::pair{"key", &key}, std::pair{"value", &value}}) {
    if (view->ndim != 4) {
      return InvalidArgument(name, " has the shape ", ShapeString(*view),
                             ", expected 4 dimensions: [batch, heads, length, size]");
    }
    if (view->shape[3] > lapack::kMaxSize) {
      return InvalidArgument("the size of a head of ", name, " is ", view->shape[3],
                             ", expected at most ", lapack::kMaxSize);
    }
  }
  *sizes = {query.shape[0], query.shape[1], key.shape[1],  query.shape[2],
            key.shape[2],   query.shape[3], value.shape[3]};
  if (key.shape[0] != sizes->batch || key.shape[3] != sizes->size) {
    return InvalidArgument("key has the shape ", ShapeString(key), ", expected [", sizes->batch,
                           ", kv_heads, kv_length, ", sizes->size, "] for query of the shape ",
                           ShapeString(query));
  }
  if (!std::equal(key.shape.begin(), key.shape.begin() + 3, value.shape.begin())) {
    return InvalidArgument("value has the shape ", ShapeString(value),
                           ", expected that of key but for the last size: ", ShapeString(key));
  }
  if (sizes->kv_heads == 0 ? sizes->heads != 0 : sizes->heads % sizes->kv_heads != 0) {
    return InvalidArgument("query has ", sizes->heads, " heads, expected a multiple of the ",
                           sizes->kv_heads, " heads of key");
  }
  return OkStatus();
}

Status CheckMask(const TensorView& mask, const TensorView& query, const Sizes& sizes) {
  PM_RETURN_IF_ERROR(CheckSameDType("query", query, "mask", mask));
  if (mask.ndim == 4 && mask.shape[0] == sizes.batch &&
      (mask.shape[1] == 1 || mask.shape[1] == sizes.heads) && mask.shape[2] >= sizes.length &&
      mask.shape[3] >= sizes.kv_length) {
    return OkStatus();
  }
  return InvalidArgument("mask has the shape ", ShapeString(mask), ", expected [", sizes.batch,
                         ", 1 or ", sizes.heads, ", at least ", sizes.length, ", at least ",
                         sizes.kv_length, "]");
}

/// Reads lengths, one a sequence.
Status ReadLengths(const TensorView& lengths, const char* name, int64_t batch,
                   std::vector<int64_t>* values) {
  if (lengths.dtype != DType::kInt32) {
    return UnsupportedDType("the dtype of ", name, " is ", DTypeName(lengths.dtype),
                            ", expected int32");
  }
  const bool fits = lengths.ndim == 1 || (lengths.ndim == 2 && lengths.shape[1] == 1);
  if (!fits || lengths.shape[0] != batch) {
    return InvalidArgument(name, " has the shape ", ShapeString(lengths), ", expected [", batch,
                           "] or [", batch, ", 1]");
  }
  for (int64_t i = 0; i < batch; ++i) {
    values->push_back(static_cast<const int32_t*>(lengths.data)[i * lengths.strides[0]]);
    if (values->back() < 0) {
      return InvalidArgument(name, "[", i, "] is ", values->back(), ", expected at least 0");
    }
  }
  return OkStatus();
}

/// How many queries are answered and how many keys are used of each sequence.
struct Lengths {
  std::vector<int64_t> queries;
  std::vector<int64_t> keys;
};

Status ReadAllLengths(const TensorView& seq_lens, const TensorView& kv_seq_lens,
                      int64_t pre_cache_length, const Sizes& sizes, Lengths* lengths) {
  if (pre_cache_length < 0) {
    return InvalidArgument("pre_cache_length is ", pre_cache_length, ", expected at least 0");
  }
  PM_RETURN_IF_ERROR(ReadLengths(seq_lens, "seq_lens", sizes.batch, &lengths->queries));
  PM_RETURN_IF_ERROR(ReadLengths(kv_seq_lens, "kv_seq_lens", sizes.batch, &lengths->keys));
  for (int64_t i = 0; i < sizes.batch; ++i) {
    if (lengths->queries[i] > sizes.length) {
      return InvalidArgument("seq_lens[", i, "] is ", lengths->queries[i], ", expected at most ",
                             sizes.length, ", the length of query");
    }
    int64_t& keys = lengths->keys[i];
    if (lengths->queries[i] == 0) {
      keys = 0;
    } else if (keys > sizes.kv_length || pre_cache_length > sizes.kv_length - keys) {
      return InvalidArgument("kv_seq_lens[", i, "] + pre_cache_length is ", keys, " + ",
                             pre_cache_length, ", expected at most ", sizes.kv_length,
                             ", the length of key");
    } else {
      keys += pre_cache_length;
    }
  }
  return OkStatus();
}

/// Rows of float32, `step` elements apart.
struct Rows {
  const float* data;
  int64_t step;
};

template <typename T>
struct ToFloatLoop {
  [[gnu::always_inline]] static void Run(const T* from, int64_t step, int64_t size, float* to) {
    if (step == 1) {
#pragma GCC ivdep
      for (int64_t i = 0; i < size; ++i) to[i] = ToWork(from[i]);
    } else {
      for (int64_t i = 0; i < size; ++i) to[i] = ToWork(from[i * step]);
    }
  }
};

template <typename T>
const T* RowAt(const TensorView& view, int64_t batch, int64_t head, int64_t row) {
  return static_cast<const T*>(view.data) + batch * view.strides[0] + head * view.strides[1] +
         row * view.strides[2];
}

/// The rows [first, first + count) of a head of a [batch, head, length, size] view: in its own
/// memory if BLAS can read them there, else in the buffer.
template <typename T>
Rows ReadRows(const TensorView& view, int64_t batch, int64_t head, int64_t first, int64_t count,
              std::vector<float>* buffer) {
  const int64_t size = view.shape[3];
  const T* const rows = RowAt<T>(view, batch, head, first);
  if constexpr (std::is_same_v<T, float>) {
    const int64_t step = view.strides[2];
    if (view.strides[3] == 1 && step >= std::max<int64_t>(size, 1) && step <= lapack::kMaxSize) {
      return {rows, step};
    }
  }
  buffer->resize(std::max<int64_t>(count * size, 1));
  for (int64_t i = 0; i < count; ++i) {
    RunBest<ToFloatLoop<T>>(rows + i * view.strides[2], view.strides[3], size,
                            buffer->data() + i * size);
  }
  return {buffer->data(), std::max<int64_t>(size, 1)};
}

template <typename T>
struct AddMaskLoop {
  [[gnu::always_inline]] static void Run(const T* mask, int64_t step, int64_t size, float* scores) {
    if (step == 1) {
#pragma GCC ivdep
      for (int64_t i = 0; i < size; ++i) scores[i] += ToWork(mask[i]);
    } else {
      for (int64_t i = 0; i < size; ++i) scores[i] += ToWork(mask[i * step]);
    }
  }
};

struct ScaleLoop {
  [[gnu::always_inline]] static void Run(float* values, int64_t size, float factor) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) values[i] *= factor;
  }
};

template <typename T>
struct FinishRowLoop {
  [[gnu::always_inline]] static void Run(const float* sums, float factor, int64_t size, T* out) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) out[i] = FromWork<T>(sums[i] * factor);
  }
};

/// One query by itself: BLAS would copy all keys and values to multiply them with it.
struct DotsLoop {
  [[gnu::always_inline]] static void Run(const float* query, const float* keys, int64_t step,
                                         int64_t count, int64_t size, float scale, float* scores) {
    using softmax::kLanes;
    for (int64_t i = 0; i < count; ++i) {
      const float* const key = keys + i * step;
      softmax::Lanes sums{};
      int64_t at = 0;
      for (; at + kLanes <= size; at += kLanes) {
        softmax::Lanes a, b;
        softmax::Load(query + at, &a);
        softmax::Load(key + at, &b);
        sums += a * b;
      }
      float rest = 0;
      for (; at < size; ++at) rest += query[at] * key[at];
      scores[i] = (softmax::Total(sums) + rest) * scale;
    }
  }
};

struct AddRowsLoop {
  [[gnu::always_inline]] static void Run(const float* weights, const float* values, int64_t step,
                                         int64_t count, int64_t size, float* sums) {
    for (int64_t i = 0; i < count; ++i) {
      const float weight = weights[i];
      const float* const value = values + i * step;
#pragma GCC ivdep
      for (int64_t at = 0; at < size; ++at) sums[at] += weight * value[at];
    }
  }
};

struct Arguments {
  const TensorView& query;
  const TensorView& key;
  const TensorView& value;
  const TensorView* mask;
  float scale;
  bool causal;
  int64_t pre_cache_length;
  const MutableTensorView& out;
};

/// Some queries of one head of one sequence.
struct QueryBlock {
  int64_t batch, head, first, count;
};

/// Answers blocks of queries, a block of keys after the other, with the softmax corrected as
/// greater scores come (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
template <typename T>
class BlockAttention {
 public:
  BlockAttention(const Arguments& of, const Sizes& sizes) : of_(of), sizes_(sizes) {
    scores_.resize(kQueryBlock * std::min(kKeyBlock, softmax::RoundUp(sizes.kv_length)));
    sums_.resize(kQueryBlock * sizes.value_size);
  }

  void Answer(const QueryBlock& block, int64_t keys) {
    std::fill(maxima_, maxima_ + block.count, kHidden);
    std::fill(totals_, totals_ + block.count, 0.0f);
    std::fill_n(sums_.begin(), block.count * sizes_.value_size, 0.0f);
    const int64_t group = block.head / (sizes_.heads / sizes_.kv_heads);
    const Rows queries =
        ReadRows<T>(of_.query, block.batch, block.head, block.first, block.count, &query_buffer_);
    const int64_t visible = Visible(block.first + block.count - 1, keys);
    for (int64_t first = 0; first < visible; first += kKeyBlock) {
      const int64_t count = std::min(kKeyBlock, visible - first);
      const int64_t step = softmax::RoundUp(count);
      const Rows key = ReadRows<T>(of_.key, block.batch, group, first, count, &key_buffer_);
      Score(key, queries, count, block.count, step);
      for (int64_t row = 0; row < block.count; ++row) Weigh(block, row, first, count, keys);
      const Rows value = ReadRows<T>(of_.value, block.batch, group, first, count, &key_buffer_);
      AddValues(value, count, block.count, step);
    }
    Write(block);
  }

 private:
  /// How many of the keys query number `row` sees.
  int64_t Visible(int64_t row, int64_t keys) const {
    return of_.causal ? std::min(keys, row + of_.pre_cache_length + 1) : keys;
  }

  /// The scores of `rows` queries with `count` keys, rows of `step`.
  void Score(const Rows& key, const Rows& queries, int64_t count, int64_t rows, int64_t step) {
    if (rows == 1) {
      return softmax::RunWidest<DotsLoop>(queries.data, key.data, key.step, count, sizes_.size,
                                          of_.scale, scores_.data());
    }
    Gemm<float>(Op::kTranspose, Op::kNone, count, rows, sizes_.size, of_.scale, key.data, key.step,
                queries.data, queries.step, scores_.data(), step);
  }

  /// Adds the values of `count` keys, weighted, to the sums of `rows` queries.
  void AddValues(const Rows& value, int64_t count, int64_t rows, int64_t step) {
    if (rows == 1) {
      const float* const weights = scores_.data();
      return softmax::RunWidest<AddRowsLoop>(weights, value.data, value.step, count,
                                             sizes_.value_size, sums_.data());
    }
    Gemm<float>(Op::kNone, Op::kNone, sizes_.value_size, rows, count, 1.0f, value.data, value.step,
                scores_.data(), step, sums_.data(), sizes_.value_size, 1.0f);
  }

  /// Turns the scores of one query with keys [first, first + count) into weights, and corrects what
  /// came before for a greater maximum.
  void Weigh(const QueryBlock& block, int64_t row, int64_t first, int64_t count, int64_t keys) {
    const int64_t step = softmax::RoundUp(count);
    float* const scores = scores_.data() + row * step;
    const int64_t query = block.first + row;
    const int64_t visible = std::clamp<int64_t>(Visible(query, keys) - first, 0, count);
    if (of_.mask != nullptr) {
      const int64_t head = of_.mask->shape[1] == 1 ? 0 : block.head;
      const T* const mask = RowAt<T>(*of_.mask, block.batch, head, query);
      RunBest<AddMaskLoop<T>>(mask + first * of_.mask->strides[3], of_.mask->strides[3], visible,
                              scores);
    }
    const int64_t padded = softmax::RoundUp(visible);
    std::fill(scores + visible, scores + padded, kHidden);
    std::fill(scores + padded, scores + step, 0.0f);
    float maximum = kHidden;
    softmax::RunWidest<MaximumLoop>(static_cast<const float*>(scores), padded, &maximum);
    maximum = std::max(maximum, maxima_[row]);
    if (maximum > maxima_[row] && first > 0) {
      const float factor = std::exp(maxima_[row] - maximum);
      totals_[row] *= factor;
      RunBest<ScaleLoop>(sums_.data() + row * sizes_.value_size, sizes_.value_size, factor);
    }
    maxima_[row] = maximum;
    float sum = 0;
    softmax::RunWidest<ExpLoop>(scores, padded, maximum == kHidden ? 0.0f : maximum, &sum);
    totals_[row] += sum;
  }

  void Write(const QueryBlock& block) {
    const MutableTensorView& out = of_.out;
    const int64_t step = out.strides[3];
    for (int64_t row = 0; row < block.count; ++row) {
      const float* const sums = sums_.data() + row * sizes_.value_size;
      const float factor = totals_[row] == 0 ? 0.0f : 1.0f / totals_[row];
      T* const to = static_cast<T*>(out.data) + block.batch * out.strides[0] +
                    block.head * out.strides[1] + (block.first + row) * out.strides[2];
      if (step == 1) {
        RunBest<FinishRowLoop<T>>(sums, factor, sizes_.value_size, to);
      } else {
        for (int64_t i = 0; i < sizes_.value_size; ++i)
          to[i * step] = FromWork<T>(sums[i] * factor);
      }
    }
  }

  const Arguments& of_;
  const Sizes& sizes_;
  std::vector<float> query_buffer_, key_buffer_;
  std::vector<float> scores_;  // of each query in turn
  std::vector<float> sums_;    // of weighted values, of each query in turn
  float maxima_[kQueryBlock];
  float totals_[kQueryBlock];  // of the weights
};

template <typename T>
void RunBlocks(const Arguments& of, const Sizes& sizes, const Lengths& lengths,
               const Context& context) {
  const int64_t blocks = (sizes.length + kQueryBlock - 1) / kQueryBlock;
  const double products = static_cast<double>(std::min(kQueryBlock, sizes.length)) *
                          sizes.kv_length * (sizes.size + sizes.value_size);
  constexpr double kProductsPerThread = 1 << 19;
  const int64_t grain = std::max<int64_t>(kProductsPerThread / std::max(products, 1.0), 1);
  ParallelFor(context, sizes.batch * sizes.heads * blocks, grain, [&](int64_t begin, int64_t end) {
    BlockAttention<T> attention(of, sizes);
    for (int64_t number = begin; number < end; ++number) {
      const int64_t head = number / blocks;
      QueryBlock block{head / sizes.heads, head % sizes.heads, number % blocks * kQueryBlock, 0};
      block.count = std::min(kQueryBlock, lengths.queries[block.batch] - block.first);
      if (block.count > 0) attention.Answer(block, lengths.keys[block.batch]);
    }
  });
}

/// Zeros for the queries behind those that are answered.
void FillRest(const MutableTensorView& out, const Lengths& lengths, const Context& context) {
  for (int64_t batch = 0; batch < out.shape[0]; ++batch) {
    MutableTensorView rest = out;
    const int64_t first = lengths.queries[batch];
    rest.shape[0] = 1;
    rest.shape[2] -= first;
    const int64_t offset = batch * out.strides[0] + first * out.strides[2];
    rest.data = static_cast<char*>(out.data) + offset * ElementSize(out.dtype);
    if (rest.shape[2] > 0) FillZero(rest, context);
  }
}

}  // namespace

Status VariableLengthMemoryEfficientAttention(const TensorView& query, const TensorView& key,
                                              const TensorView& value, const TensorView& seq_lens,
                                              const TensorView& kv_seq_lens, const TensorView* mask,
                                              double scale, bool causal, int64_t pre_cache_length,
                                              const MutableTensorView& out,
                                              const Context& context) {
  Sizes sizes;
  PM_RETURN_IF_ERROR(CheckShapes(query, key, value, &sizes));
  if (query.dtype != DType::kFloat16 && query.dtype != DType::kBFloat16 &&
      query.dtype != DType::kFloat32) {
    return UnsupportedDType("the dtype of query is ", DTypeName(query.dtype),
                            ", expected float16, bfloat16 or float32");
  }
  PM_RETURN_IF_ERROR(CheckSameDType("query", query, "key", key));
  PM_RETURN_IF_ERROR(CheckSameDType("query", query, "value", value));
  PM_RETURN_IF_ERROR(CheckSameDType("query", query, "out", out));
  if (mask != nullptr) PM_RETURN_IF_ERROR(CheckMask(*mask, query, sizes));
  Lengths lengths;
  PM_RETURN_IF_ERROR(ReadAllLengths(seq_lens, kv_seq_lens, pre_cache_length, sizes, &lengths));
  TensorLayout expected = query;
  expected.shape[3] = sizes.value_size;
  if (!SameShape(expected, out)) {
    return InvalidArgument("out has the shape ", ShapeString(out), ", expected ",
                           ShapeString(expected));
  }
  if (Numel(out) == 0) return OkStatus();

  FillRest(out, lengths, context);
  const Arguments of{query, key, value, mask, static_cast<float>(scale), causal, pre_cache_length,
                     out};
  if (query.dtype == DType::kFloat16) {
    RunBlocks<Float16>(of, sizes, lengths, context);
  } else if (query.dtype == DType::kBFloat16) {
    RunBlocks<BFloat16>(of, sizes, lengths, context);
  } else {
    RunBlocks<float>(of, sizes, lengths, context);
  }
  return OkStatus();
}

Status VariableLengthMemoryEfficientAttentionShape(const TensorView& query, const TensorView& key,
                                                   const TensorView& value, Shape* out) {
  Sizes sizes;
  PM_RETURN_IF_ERROR(CheckShapes(query, key, value, &sizes));
  out->ndim = 4;
  out->dims[0] = sizes.batch;
  out->dims[1] = sizes.heads;
  out->dims[2] = sizes.length;
  out->dims[3] = sizes.value_size;
  return OkStatus();
}

}  // namespace paddlemend
