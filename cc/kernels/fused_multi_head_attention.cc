#include "cc/kernels/fused_multi_head_attention.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "cc/kernels/checks.h"
#include "cc/kernels/fused_attention_arguments.h"
#include "cc/kernels/fused_attention_heads.h"
#include "cc/kernels/layer_norm.h"
#include "cc/kernels/optional_values.h"
#include "cc/kernels/row_products.h"
#include "cc/kernels/working_tensors.h"

namespace paddlemend {
namespace {

constexpr uint64_t kSeedOfOutput = 0x6f75747075740000u;  // its draws are not those of the heads

Dropout DropoutOf(const FusedAttention& of, double rate, uint64_t stream) {
  const bool upscales = std::strcmp(of.mode, "upscale_in_train") == 0;
  return Dropout(rate, of.training, upscales, static_cast<uint64_t>(of.seed) ^ stream);
}

/// Calls `function(begin, end)` for ranges of rows of `columns` elements.
template <typename Function>
void ForRows(int64_t rows, int64_t columns, const Context& context, const Function& function) {
  ParallelFor(context, rows, std::max<int64_t>((1 << 15) / columns, 1), function);
}

struct Gradients {
  const MutableTensorView* x;
  const MutableTensorView* qkv_weight;
  const MutableTensorView* linear_weight;
  const MutableTensorView* pre_ln_scale;
  const MutableTensorView* pre_ln_bias;
  const MutableTensorView* ln_scale;
  const MutableTensorView* ln_bias;
  const MutableTensorView* qkv_bias;
  const MutableTensorView* linear_bias;
};

/// One call, computed with elements of type W.
template <typename W>
class Attention {
 public:
  Attention(const FusedAttention& of, const AttentionSizes& sizes, const Context& context)
      : of_(of),
        sizes_(sizes),
        context_(context),
        x_(of.x, context),
        qkv_weight_(of.qkv_weight, context),
        linear_weight_(of.linear_weight, context),
        pre_ln_scale_(of.pre_ln_scale, context),
        pre_ln_bias_(of.pre_ln_bias, context),
        ln_scale_(of.ln_scale, context),
        ln_bias_(of.ln_bias, context),
        qkv_bias_(of.qkv_bias, context),
        linear_bias_(of.linear_bias, context),
        cache_kv_(of.cache_kv, context),
        dropout_(DropoutOf(of, of.dropout_rate, kSeedOfOutput)) {}

  void Run(const MutableTensorView& out, const MutableTensorView* cache_kv_out,
           const MutableTensorView* attn_dropout_mask, const MutableTensorView* dropout_mask) {
    const WorkingOutput<W> result(out), stored(cache_kv_out);
    const OptionalOutput<uint8_t> kept_weights(attn_dropout_mask), kept(dropout_mask);
    Project(stored.data());
    AttendHeads(Heads(), context_rows_.get(), kept_weights.data(), context_);
    Finish(kept.data(), result.data());
    if (!of_.pre_layer_norm) {
      Norm(result.data(), ln_scale_, ln_bias_, of_.ln_epsilon).Normalize(result.data(), context_);
    }
    result.Finish(context_);
    stored.Finish(context_);
    kept_weights.Finish(context_);
    kept.Finish(context_);
  }

  void Grad(const TensorView& out_grad, const Gradients& gradients) {
    const WorkingInput<W> given(out_grad, context_);
    Project(nullptr);
    AttendHeads<W>(Heads(), context_rows_.get(), nullptr, context_);
    // Of the sum in front of the norm behind.
    const auto sum_grad = Zeros(sizes_.embed);
    GradOfSum(given.data(), gradients, sum_grad.get());
    const auto x_grad = Zeros(sizes_.embed);
    if (of_.add_residual) std::copy_n(sum_grad.get(), sizes_.rows() * sizes_.embed, x_grad.get());
    const auto context_grad = Zeros(sizes_.embed);
    GradOfLinear(sum_grad.get(), gradients, context_grad.get());
    const auto packed_grad = Zeros(3 * sizes_.embed);
    AttendHeadsGrad<W>(Heads(), context_grad.get(), packed_grad.get(), context_);
    GradOfProjection(packed_grad.get(), gradients, x_grad.get());
    if (gradients.x == nullptr) return;
    const WorkingOutput<W> output(gradients.x);
    std::copy_n(x_grad.get(), sizes_.rows() * sizes_.embed, output.data());
    output.Finish(context_);
  }

 private:
  using Memory = std::unique_ptr<W[]>;

  Memory New(int64_t columns) const { return Memory(new W[sizes_.rows() * columns]); }
  Memory Zeros(int64_t columns) const { return Memory(new W[sizes_.rows() * columns]()); }

  LayerNorm<W> Norm(const W* rows, const WorkingInput<W>& scale, const WorkingInput<W>& bias,
                    double epsilon) const {
    return {rows, sizes_.rows(), sizes_.embed, scale.data(), bias.data(), epsilon};
  }

  HeadOperands<W> Heads() const {
    return {sizes_, packed_.get(), all_keys_, of_.attn_mask,
            DropoutOf(of_, of_.attn_dropout_rate, 0)};
  }

  Form WeightForm() const { return of_.transpose_qkv_wb ? Form::kPlain : Form::kTransposed; }
  Matrix<const W> Weight() const {
    return {qkv_weight_.data(), of_.transpose_qkv_wb ? 3 * sizes_.embed : sizes_.embed};
  }

  /// Rows that begin as a bias, to add products to; with a beta that says whether they do.
  W FillBias(const WorkingInput<W>& bias, int64_t columns, W* rows) const {
    if (bias.data() == nullptr) return W(0);
    ForRows(sizes_.rows(), columns, context_, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        std::copy_n(bias.data(), columns, rows + row * columns);
      }
    });
    return W(1);
  }

  /// Computes query, key and value; `stored`, if it is not null, becomes all keys and values.
  void Project(W* stored) {
    const int64_t embed = sizes_.embed;
    hidden_ = x_.data();
    if (of_.pre_layer_norm) {
      normalized_ = New(embed);
      Norm(x_.data(), pre_ln_scale_, pre_ln_bias_, of_.pre_ln_epsilon)
          .Normalize(normalized_.get(), context_);
      hidden_ = normalized_.get();
    }
    packed_ = New(3 * embed);
    const W beta = FillBias(qkv_bias_, 3 * embed, packed_.get());
    MultiplyInParallel<W>(Form::kPlain, WeightForm(), sizes_.rows(), 3 * embed, embed,
                          {hidden_, embed}, Weight(), {packed_.get(), 3 * embed}, beta, context_);
    context_rows_ = New(embed);
    if (of_.cache_kv == nullptr && stored == nullptr) return;
    if (stored == nullptr) {
      concatenated_ = Memory(new W[2 * sizes_.batch * sizes_.keys() * embed]);
      stored = concatenated_.get();
    }
    Concatenate(stored);
    all_keys_ = stored;
  }

  /// to [2, batch, heads, keys, head_size] = the cache, then the keys and values of x.
  void Concatenate(W* to) const {
    const int64_t size = sizes_.head_size, cached = sizes_.cached * size;
    const int64_t planes = 2 * sizes_.batch * sizes_.heads;
    ForRows(planes, sizes_.keys() * size, context_, [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; ++plane) {
        W* row = to + plane * sizes_.keys() * size;
        if (cached > 0) row = std::copy_n(cache_kv_.data() + plane * cached, cached, row);
        const int64_t head = plane % sizes_.heads;
        const int64_t batch = plane / sizes_.heads % sizes_.batch;
        const int64_t part = 1 + plane / sizes_.heads / sizes_.batch;
        const W* from = packed_.get() + Heads().PackedOffset(part, batch, head);
        for (int64_t i = 0; i < sizes_.length; ++i, from += 3 * sizes_.embed) {
          row = std::copy_n(from, size, row);
        }
      }
    });
  }

  /// out = what comes in front of the norm behind.
  void Finish(uint8_t* kept, W* out) const {
    const int64_t embed = sizes_.embed;
    const W beta = FillBias(linear_bias_, embed, out);
    MultiplyInParallel<W>(Form::kPlain, Form::kPlain, sizes_.rows(), embed, embed,
                          {context_rows_.get(), embed}, {linear_weight_.data(), embed},
                          {out, embed}, beta, context_);
    DropRows(kept, out);
    if (!of_.add_residual) return;
    ForRows(sizes_.rows(), embed, context_, [&](int64_t begin, int64_t end) {
      const W* const x = x_.data();
#pragma GCC ivdep
      for (int64_t i = begin * embed; i < end * embed; ++i) out[i] += x[i];
    });
  }

  /// Drops elements of the output or, again the same ones, of its gradient.
  void DropRows(uint8_t* kept, W* rows) const {
    const int64_t embed = sizes_.embed;
    const W factor = static_cast<W>(dropout_.factor);
    ForRows(sizes_.rows(), embed, context_, [&](int64_t begin, int64_t end) {
      const std::unique_ptr<uint8_t[]> buffer(new uint8_t[embed]);
      for (int64_t row = begin; row < end; ++row) {
        uint8_t* const of_row = kept == nullptr ? buffer.get() : kept + row * embed;
        W* const elements = rows + row * embed;
        if (dropout_.draws) {
          DrawRow(dropout_, row, embed, of_row);
        } else {
          std::fill_n(of_row, embed, uint8_t{1});
          if (factor == W(1)) continue;
        }
#pragma GCC ivdep
        for (int64_t i = 0; i < embed; ++i) elements[i] = of_row[i] ? elements[i] * factor : W(0);
      }
    });
  }

  void GradOfSum(const W* out_grad, const Gradients& gradients, W* sum_grad) const {
    const int64_t count = sizes_.rows() * sizes_.embed;
    if (of_.pre_layer_norm) {
      std::copy_n(out_grad, count, sum_grad);
      ZeroOf(gradients.ln_scale);
      ZeroOf(gradients.ln_bias);
      return;
    }
    const Memory sum = New(sizes_.embed);
    Finish(nullptr, sum.get());
    GradOfNorm(Norm(sum.get(), ln_scale_, ln_bias_, of_.ln_epsilon), out_grad, gradients.ln_scale,
               gradients.ln_bias, sum_grad);
  }

  void GradOfNorm(const LayerNorm<W>& norm, const W* out_grad, const MutableTensorView* scale_grad,
                  const MutableTensorView* bias_grad, W* x_grad) const {
    const WorkingOutput<W> scale(scale_grad), bias(bias_grad);
    norm.Grad(out_grad, x_grad, scale.data(), bias.data(), context_);
    scale.Finish(context_);
    bias.Finish(context_);
  }

  void ZeroOf(const MutableTensorView* gradient) const {
    if (gradient != nullptr) FillZero(*gradient, context_);
  }

  /// Sets the gradient of a bias of `columns` elements.
  void SumTo(const MutableTensorView* bias_grad, const W* rows, int64_t columns) const {
    const WorkingOutput<W> sums(bias_grad);
    if (sums.data() != nullptr) SumColumns(rows, sizes_.rows(), columns, sums.data(), context_);
    sums.Finish(context_);
  }

  void GradOfLinear(W* sum_grad, const Gradients& gradients, W* context_grad) const {
    const int64_t embed = sizes_.embed;
    DropRows(nullptr, sum_grad);
    SumTo(gradients.linear_bias, sum_grad, embed);
    if (gradients.linear_weight != nullptr) {
      const WorkingOutput<W> weight(gradients.linear_weight);
      MultiplyInParallel<W>(Form::kTransposed, Form::kPlain, embed, embed, sizes_.rows(),
                            {context_rows_.get(), embed}, {sum_grad, embed}, {weight.data(), embed},
                            W(0), context_);
      weight.Finish(context_);
    }
    MultiplyInParallel<W>(Form::kPlain, Form::kTransposed, sizes_.rows(), embed, embed,
                          {sum_grad, embed}, {linear_weight_.data(), embed}, {context_grad, embed},
                          W(0), context_);
  }

  /// Adds to x_grad.
  void GradOfProjection(const W* packed_grad, const Gradients& gradients, W* x_grad) const {
    const int64_t embed = sizes_.embed;
    const Matrix<const W> packed{packed_grad, 3 * embed}, hidden{hidden_, embed};
    SumTo(gradients.qkv_bias, packed_grad, 3 * embed);
    if (gradients.qkv_weight != nullptr) {
      const WorkingOutput<W> weight(gradients.qkv_weight);
      const bool is_plain = of_.transpose_qkv_wb;
      const int64_t rows = is_plain ? embed : 3 * embed, columns = 4 * embed - rows;
      MultiplyInParallel<W>(Form::kTransposed, Form::kPlain, rows, columns, sizes_.rows(),
                            is_plain ? hidden : packed, is_plain ? packed : hidden,
                            {weight.data(), columns}, W(0), context_);
      weight.Finish(context_);
    }
    const Memory hidden_grad = of_.pre_layer_norm ? New(embed) : nullptr;
    const Form form = WeightForm() == Form::kPlain ? Form::kTransposed : Form::kPlain;
    MultiplyInParallel<W>(Form::kPlain, form, sizes_.rows(), embed, 3 * embed, packed, Weight(),
                          {hidden_grad == nullptr ? x_grad : hidden_grad.get(), embed},
                          W(hidden_grad == nullptr), context_);
    if (hidden_grad == nullptr) {
      ZeroOf(gradients.pre_ln_scale);
      return ZeroOf(gradients.pre_ln_bias);
    }
    GradOfNorm(Norm(x_.data(), pre_ln_scale_, pre_ln_bias_, of_.pre_ln_epsilon), hidden_grad.get(),
               gradients.pre_ln_scale, gradients.pre_ln_bias, x_grad);
  }

  const FusedAttention& of_;
  const AttentionSizes& sizes_;
  const Context& context_;
  const WorkingInput<W> x_, qkv_weight_, linear_weight_, pre_ln_scale_, pre_ln_bias_, ln_scale_,
      ln_bias_, qkv_bias_, linear_bias_, cache_kv_;
  const Dropout dropout_;  // of the output
  const W* hidden_ = nullptr;
  Memory normalized_, packed_, context_rows_, concatenated_;
  const W* all_keys_ = nullptr;
};

Status CheckOutputs(const FusedAttention& of, const AttentionSizes& sizes,
                    const MutableTensorView& out, const MutableTensorView* cache_kv_out,
                    const MutableTensorView* attn_dropout_mask,
                    const MutableTensorView* dropout_mask) {
  const Shape shape{of.x.ndim, of.x.shape};
  PM_RETURN_IF_ERROR(CheckLike(&out, "out", shape, of.x.dtype));
  PM_RETURN_IF_ERROR(
      CheckLike(cache_kv_out, "cache_kv_out", KeysAndValuesShape(sizes), of.x.dtype));
  PM_RETURN_IF_ERROR(
      CheckLike(attn_dropout_mask, "attn_dropout_mask", ScoresShape(sizes), DType::kBool));
  return CheckLike(dropout_mask, "dropout_mask", shape, DType::kBool);
}

Status CheckGradient(const MutableTensorView* gradient, const char* name, const TensorView* of) {
  if (gradient == nullptr) return OkStatus();
  if (of == nullptr) return InvalidArgument(name, " is given, expected none: its tensor is null");
  return CheckLike(gradient, name, {of->ndim, of->shape}, of->dtype);
}

Status CheckGradients(const FusedAttention& of, const Gradients& gradients) {
  const struct {
    const MutableTensorView* gradient;
    const char* name;
    const TensorView* of;
  } all[] = {{gradients.x, "x_grad", &of.x},
             {gradients.qkv_weight, "qkv_weight_grad", &of.qkv_weight},
             {gradients.linear_weight, "linear_weight_grad", &of.linear_weight},
             {gradients.pre_ln_scale, "pre_ln_scale_grad", of.pre_ln_scale},
             {gradients.pre_ln_bias, "pre_ln_bias_grad", of.pre_ln_bias},
             {gradients.ln_scale, "ln_scale_grad", of.ln_scale},
             {gradients.ln_bias, "ln_bias_grad", of.ln_bias},
             {gradients.qkv_bias, "qkv_bias_grad", of.qkv_bias},
             {gradients.linear_bias, "linear_bias_grad", of.linear_bias}};
  for (const auto& [gradient, name, tensor] : all) {
    PM_RETURN_IF_ERROR(CheckGradient(gradient, name, tensor));
  }
  return OkStatus();
}

/// What a call without elements of x writes: the cache goes on as it is.
void FinishEmpty(const FusedAttention& of, const MutableTensorView* cache_kv_out,
                 const Context& context) {
  if (cache_kv_out == nullptr || Numel(*cache_kv_out) == 0) return;
  StridedCopy(*of.cache_kv, *cache_kv_out, context);
}

}  // namespace

Status FusedMultiHeadAttention(
    const TensorView& x, const TensorView& qkv_weight, const TensorView& linear_weight,
    bool pre_layer_norm, const TensorView* pre_ln_scale, const TensorView* pre_ln_bias,
    const TensorView* ln_scale, const TensorView* ln_bias, double pre_ln_epsilon,
    const TensorView* qkv_bias, const TensorView* linear_bias, const TensorView* cache_kv,
    const TensorView* attn_mask, double dropout_rate, double attn_dropout_rate, double ln_epsilon,
    bool training, const char* mode, bool add_residual, int64_t num_heads, bool transpose_qkv_wb,
    int64_t seed, const MutableTensorView& out, const MutableTensorView* cache_kv_out,
    const MutableTensorView* attn_dropout_mask, const MutableTensorView* dropout_mask,
    const Context& context) {
  const FusedAttention of{x,
                          qkv_weight,
                          linear_weight,
                          pre_layer_norm,
                          pre_ln_scale,
                          pre_ln_bias,
                          ln_scale,
                          ln_bias,
                          pre_ln_epsilon,
                          qkv_bias,
                          linear_bias,
                          cache_kv,
                          attn_mask,
                          dropout_rate,
                          attn_dropout_rate,
                          ln_epsilon,
                          training,
                          mode,
                          add_residual,
                          num_heads,
                          transpose_qkv_wb,
                          seed};
  AttentionSizes sizes;
  PM_RETURN_IF_ERROR(ResolveFusedAttention(of, &sizes));
  PM_RETURN_IF_ERROR(CheckOutputs(of, sizes, out, cache_kv_out, attn_dropout_mask, dropout_mask));
  if (sizes.rows() == 0) {
    FinishEmpty(of, cache_kv_out, context);
    return OkStatus();
  }
  DispatchWorking(x.dtype, [&](auto tag) {
    Attention<typename decltype(tag)::type>(of, sizes, context)
        .Run(out, cache_kv_out, attn_dropout_mask, dropout_mask);
  });
  return OkStatus();
}

Status FusedMultiHeadAttentionGrad(
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
    const Context& context) {
  const FusedAttention of{x,
                          qkv_weight,
                          linear_weight,
                          pre_layer_norm,
                          pre_ln_scale,
                          pre_ln_bias,
                          ln_scale,
                          ln_bias,
                          pre_ln_epsilon,
                          qkv_bias,
                          linear_bias,
                          cache_kv,
                          attn_mask,
                          dropout_rate,
                          attn_dropout_rate,
                          ln_epsilon,
                          training,
                          mode,
                          add_residual,
                          num_heads,
                          transpose_qkv_wb,
                          seed};
  const Gradients gradients{
      x_grad,        qkv_weight_grad, linear_weight_grad, pre_ln_scale_grad, pre_ln_bias_grad,
      ln_scale_grad, ln_bias_grad,    qkv_bias_grad,      linear_bias_grad};
  AttentionSizes sizes;
  PM_RETURN_IF_ERROR(ResolveFusedAttention(of, &sizes));
  PM_RETURN_IF_ERROR(CheckLike(&out_grad, "out_grad", {x.ndim, x.shape}, x.dtype));
  PM_RETURN_IF_ERROR(CheckGradients(of, gradients));
  if (sizes.rows() == 0) {
    for (const MutableTensorView* gradient :
         {x_grad, qkv_weight_grad, linear_weight_grad, pre_ln_scale_grad, pre_ln_bias_grad,
          ln_scale_grad, ln_bias_grad, qkv_bias_grad, linear_bias_grad}) {
      if (gradient != nullptr) FillZero(*gradient, context);
    }
    return OkStatus();
  }
  DispatchWorking(x.dtype, [&](auto tag) {
    Attention<typename decltype(tag)::type>(of, sizes, context).Grad(out_grad, gradients);
  });
  return OkStatus();
}

}  // namespace paddlemend
