#include "cc/kernels/fused_attention_heads.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cc/kernels/distance_sums.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/softmax_rows.h"

namespace paddlemend {
namespace {

// Queries that are worked on together.
constexpr int64_t kQueryBlock = 128;
constexpr double kProductsPerThread = 1 << 18;

/// scores[i] plus mask[i · step]; of a mask that is not floating, minus infinity where it is 0.
template <typename W, typename T>
void AddMask(const T* mask, int64_t step, int64_t size, W* scores) {
  constexpr W kHidden = -std::numeric_limits<W>::infinity();
  for (int64_t i = 0; i < size; ++i) {
    if constexpr (std::is_same_v<WorkType<T>, W>) {
      scores[i] += ToWork(mask[i * step]);
    } else if constexpr (std::is_same_v<T, Bool8>) {
      scores[i] = mask[i * step].byte != 0 ? scores[i] : scores[i] + kHidden;
    } else if constexpr (std::is_integral_v<T>) {
      scores[i] = mask[i * step] != 0 ? scores[i] : scores[i] + kHidden;
    }
  }
}

template <typename W>
struct FactorLoop {
  [[gnu::always_inline]] static void Run(W* values, int64_t size, W factor) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) values[i] *= factor;
  }
};

template <typename W>
struct DropLoop {
  [[gnu::always_inline]] static void Run(const W* from, const uint8_t* kept, int64_t size, W factor,
                                         W* to) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) to[i] = kept[i] != 0 ? from[i] * factor : W(0);
  }
};

/// Turns gradients of softmax weights into those of scores.
template <typename W>
struct SoftmaxGradLoop {
  [[gnu::always_inline]] static void Run(const W* weights, int64_t size, double mean, W* gradient) {
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      gradient[i] = weights[i] * (gradient[i] - static_cast<W>(mean));
    }
  }
};

/// Turns `size` scores into softmax weights; rows have room for a multiple of softmax::kLanes.
void SoftmaxRow(float* scores, int64_t size) {
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  const int64_t padded = softmax::RoundUp(size);
  std::fill(scores + size, scores + padded, kHidden);
  float maximum = kHidden, sum = 0;
  softmax::RunWidest<MaximumLoop>(static_cast<const float*>(scores), padded, &maximum);
  softmax::RunWidest<ExpLoop>(scores, padded, maximum == kHidden ? 0.0f : maximum, &sum);
  RunBest<FactorLoop<float>>(scores, size, 1.0f / sum);
}

void SoftmaxRow(double* scores, int64_t size) {
  double maximum = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < size; ++i) maximum = std::max(maximum, scores[i]);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += scores[i] = std::exp(scores[i] - maximum);
  RunBest<FactorLoop<double>>(scores, size, 1.0 / sum);
}

/// Some queries of one head of one sequence.
struct Block {
  int64_t batch, head, first, count;
};

template <typename W>
class BlockOfHeads {
 public:
  BlockOfHeads(const HeadOperands<W>& of, bool has_gradient)
      : of_(of),
        sizes_(of.sizes),
        step_(softmax::RoundUp(sizes_.keys())),
        scale_(W(1) / std::sqrt(static_cast<W>(sizes_.head_size))),
        weights_(kQueryBlock * step_),
        kept_(sizes_.keys()) {
    if (has_gradient) gradient_.resize(kQueryBlock * step_);
    if (has_gradient && of.dropout.draws) dropped_.resize(kQueryBlock * step_);
    if (of.mask != nullptr) mask_ = BroadcastMask(*of.mask);
  }

  void Attend(const Block& block, W* context_rows, uint8_t* kept) {
    Weigh(block);
    for (int64_t row = 0; row < block.count; ++row) {
      Drop(block, row, weights_.data() + row * step_, weights_.data() + row * step_);
      if (kept != nullptr) ShowKept(kept + RowNumber(block, row) * sizes_.keys());
    }
    Multiply<W>(Form::kPlain, Form::kPlain, block.count, sizes_.head_size, sizes_.keys(), W(1),
                Weights(), of_.Value(block.batch, block.head), ContextRows(context_rows, block));
  }

  /// Adds to the gradients of keys and values unless the block is the first one.
  void Grad(const Block& block, const W* context_grad, W* packed_grad) {
    const W beta(block.first != 0);
    const int64_t embed = sizes_.embed, cached = sizes_.cached;
    const auto part = [&](int64_t number) {
      return Matrix<W>{packed_grad + of_.PackedOffset(number, block.batch, block.head), 3 * embed};
    };
    Weigh(block);
    const Matrix<const W> out_grad = ContextRows(context_grad, block);
    const Matrix<W> gradient{gradient_.data(), step_};
    Multiply<W>(Form::kPlain, Form::kTransposed, block.count, sizes_.keys(), sizes_.head_size, W(1),
                out_grad, of_.Value(block.batch, block.head), gradient);
    const Matrix<const W> dropped{dropped_.empty() ? weights_.data() : dropped_.data(), step_};
    for (int64_t row = 0; row < block.count; ++row) GradRow(block, row);
    Multiply<W>(Form::kTransposed, Form::kPlain, sizes_.length, sizes_.head_size, block.count, W(1),
                dropped.From(0, cached), out_grad, part(2), beta);
    const Matrix<const W> scores_grad{gradient_.data(), step_};
    Multiply<W>(Form::kPlain, Form::kPlain, block.count, sizes_.head_size, sizes_.keys(), scale_,
                scores_grad, of_.Key(block.batch, block.head), part(0).From(block.first));
    Multiply<W>(Form::kTransposed, Form::kPlain, sizes_.length, sizes_.head_size, block.count,
                scale_, scores_grad.From(0, cached),
                of_.Query(block.batch, block.head).From(block.first), part(1), beta);
  }

 private:
  /// The mask as [batch, heads, length, keys], with strides of 0 where it repeats.
  TensorView BroadcastMask(const TensorView& mask) const {
    TensorView view = mask;
    view.ndim = 4;
    for (int d = 0; d < 4; ++d) {
      const int from = d - (4 - mask.ndim);
      view.strides[d] = from < 0 || mask.shape[from] == 1 ? 0 : mask.strides[from];
    }
    return view;
  }

  Matrix<const W> Weights() const { return {weights_.data(), step_}; }

  /// The rows of the block in memory of [batch, length, heads, head_size].
  template <typename V>
  Matrix<V> ContextRows(V* rows, const Block& block) const {
    const int64_t row = block.batch * sizes_.length + block.first;
    return {rows + row * sizes_.embed + block.head * sizes_.head_size, sizes_.embed};
  }

  int64_t RowNumber(const Block& block, int64_t row) const {
    return (block.batch * sizes_.heads + block.head) * sizes_.length + block.first + row;
  }

  /// Computes the softmax weights of the block.
  void Weigh(const Block& block) {
    Multiply<W>(Form::kPlain, Form::kTransposed, block.count, sizes_.keys(), sizes_.head_size,
                scale_, of_.Query(block.batch, block.head).From(block.first),
                of_.Key(block.batch, block.head), {weights_.data(), step_});
    for (int64_t row = 0; row < block.count; ++row) {
      W* const scores = weights_.data() + row * step_;
      if (of_.mask != nullptr) AddMaskRow(block, block.first + row, scores);
      SoftmaxRow(scores, sizes_.keys());
    }
  }

  void AddMaskRow(const Block& block, int64_t query, W* scores) const {
    DispatchDType(mask_.dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* const mask = static_cast<const T*>(mask_.data) + block.batch * mask_.strides[0] +
                            block.head * mask_.strides[1] + query * mask_.strides[2];
      AddMask(mask, mask_.strides[3], sizes_.keys(), scores);
    });
  }

  /// to = what dropout makes of a row.
  void Drop(const Block& block, int64_t row, const W* from, W* to) {
    const W factor = static_cast<W>(of_.dropout.factor);
    if (of_.dropout.draws) {
      DrawRow(of_.dropout, RowNumber(block, row), sizes_.keys(), kept_.data());
      const uint8_t* const kept = kept_.data();
      RunBest<DropLoop<W>>(from, kept, sizes_.keys(), factor, to);
    } else if (factor != W(1)) {
      RunBest<FactorLoop<W>>(to, sizes_.keys(), factor);
    }
  }

  void ShowKept(uint8_t* kept) const {
    if (of_.dropout.draws) {
      std::copy(kept_.begin(), kept_.end(), kept);
    } else {
      std::fill_n(kept, sizes_.keys(), uint8_t{1});
    }
  }

  /// Turns a row of gradients of dropped weights into one of scores, and drops the weights.
  void GradRow(const Block& block, int64_t row) {
    W* const gradient = gradient_.data() + row * step_;
    W* const weights = weights_.data() + row * step_;
    if (of_.dropout.draws) {
      Drop(block, row, weights, dropped_.data() + row * step_);
      const uint8_t* const kept = kept_.data();
      RunBest<DropLoop<W>>(static_cast<const W*>(gradient), kept, sizes_.keys(),
                           static_cast<W>(of_.dropout.factor), gradient);
    } else if (of_.dropout.factor != 1) {
      RunBest<FactorLoop<W>>(gradient, sizes_.keys(), static_cast<W>(of_.dropout.factor));
    }
    RunSums<GradientSums> sums;
    sums.Add<W>(weights, gradient, sizes_.keys(), W(0));
    RunBest<SoftmaxGradLoop<W>>(static_cast<const W*>(weights), sizes_.keys(), sums.Total(1),
                                gradient);
    if (!of_.dropout.draws && of_.dropout.factor != 1) {
      RunBest<FactorLoop<W>>(weights, sizes_.keys(), static_cast<W>(of_.dropout.factor));
    }
  }

  const HeadOperands<W>& of_;
  const AttentionSizes& sizes_;
  const int64_t step_;
  const W scale_;
  TensorView mask_;
  std::vector<W> weights_, gradient_, dropped_;  // of each query of the block in turn
  std::vector<uint8_t> kept_;
};

int64_t GrainOf(const AttentionSizes& sizes, int64_t queries) {
  const double products = static_cast<double>(queries) * sizes.keys() * 2 * sizes.head_size;
  return static_cast<int64_t>(kProductsPerThread / (products + 1)) + 1;
}

}  // namespace

template <typename W>
void AttendHeads(const HeadOperands<W>& of, W* context_rows, uint8_t* kept,
                 const Context& context) {
  const AttentionSizes& sizes = of.sizes;
  const int64_t blocks = (sizes.length + kQueryBlock - 1) / kQueryBlock;
  const int64_t grain = GrainOf(sizes, std::min(kQueryBlock, sizes.length));
  ParallelFor(context, sizes.batch * sizes.heads * blocks, grain, [&](int64_t begin, int64_t end) {
    BlockOfHeads<W> heads(of, /*has_gradient=*/false);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / blocks;
      const int64_t first = i % blocks * kQueryBlock;
      heads.Attend({plane / sizes.heads, plane % sizes.heads, first,
                    std::min(kQueryBlock, sizes.length - first)},
                   context_rows, kept);
    }
  });
}

template <typename W>
void AttendHeadsGrad(const HeadOperands<W>& of, const W* context_grad, W* packed_grad,
                     const Context& context) {
  const AttentionSizes& sizes = of.sizes;
  const int64_t grain = GrainOf(sizes, 4 * sizes.length);
  ParallelFor(context, sizes.batch * sizes.heads, grain, [&](int64_t begin, int64_t end) {
    BlockOfHeads<W> heads(of, /*has_gradient=*/true);
    for (int64_t plane = begin; plane < end; ++plane) {
      for (int64_t first = 0; first < sizes.length; first += kQueryBlock) {
        heads.Grad({plane / sizes.heads, plane % sizes.heads, first,
                    std::min(kQueryBlock, sizes.length - first)},
                   context_grad, packed_grad);
      }
    }
  });
}

#define PM_INSTANTIATE(W)                                                             \
  template void AttendHeads<W>(const HeadOperands<W>&, W*, uint8_t*, const Context&); \
  template void AttendHeadsGrad<W>(const HeadOperands<W>&, const W*, W*, const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
