#include "cc/kernels/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/copy_plan.h"
#include "cc/kernels/copy_rows.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

constexpr int64_t kGrainBytes = 128 << 10;

/// Runs shorter than this are repeated by doubling, not one by one.
constexpr int64_t kShortRunBytes = 256;

/// Counts through the outermost `depth` loops of a plan, row by row along the last of them.
class RowCursor {
 public:
  RowCursor(const CopyPlan& plan, int depth, int64_t position)
      : plan_(plan), depth_(depth), src_(plan.src), dst_(plan.dst) {
    for (int d = depth - 1; d >= 0; --d) {
      index_[d] = position % plan.loops[d].size;
      position /= plan.loops[d].size;
      src_ += index_[d] * plan.loops[d].src;
      dst_ += index_[d] * plan.loops[d].dst;
    }
  }

  /// The next rows, `limit` at most and all of one pass through the innermost loop.
  RowBlock Take(int64_t limit) {
    const CopyLoop& loop = plan_.loops[depth_ - 1];
    const int64_t rows = std::min(limit, loop.size - index_[depth_ - 1]);
    const RowBlock block{src_, dst_, rows, loop.src, loop.dst};
    Advance(depth_ - 1, rows);
    for (int d = depth_ - 1; d > 0 && index_[d] == plan_.loops[d].size; --d) {
      Advance(d, -plan_.loops[d].size);
      Advance(d - 1, 1);
    }
    return block;
  }

 private:
  void Advance(int d, int64_t steps) {
    index_[d] += steps;
    src_ += steps * plan_.loops[d].src;
    dst_ += steps * plan_.loops[d].dst;
  }

  const CopyPlan& plan_;
  const int depth_;
  const char* src_;
  char* dst_;
  int64_t index_[kMaxNdim];
};

/// Calls `function(RowBlock)` for all rows of the outermost `depth` loops, in parallel.
template <typename Function>
void ForEachRowBlock(const CopyPlan& plan, int depth, int64_t bytes_per_row, const Context& context,
                     const Function& function) {
  if (depth == 0) return function(RowBlock{plan.src, plan.dst, 1, 0, 0});
  int64_t rows = 1;
  for (int d = 0; d < depth; ++d) rows *= plan.loops[d].size;
  const int64_t grain = std::max<int64_t>(1, kGrainBytes / bytes_per_row);
  ParallelFor(context, rows, grain, [&](int64_t begin, int64_t end) {
    RowCursor cursor(plan, depth, begin);
    while (begin < end) {
      const RowBlock block = cursor.Take(end - begin);
      function(block);
      begin += block.rows;
    }
  });
}

/// The loop to transpose with the innermost one: its source elements lie next to each other while
/// those of the innermost loop do not. -1 if there is none.
int FindTransposedLoop(const CopyPlan& plan) {
  const CopyLoop& inner = plan.loops[plan.ndim - 1];
  if (inner.dst != plan.element || inner.src == 0 || inner.size < 4) return -1;
  for (int d = plan.ndim - 2; d >= 0; --d) {
    if (plan.loops[d].src == plan.element && plan.loops[d].size >= 4) return d;
  }
  return -1;
}

/// Transposes strips: each row of a block is `width` positions across, all positions along.
template <int kElement>
void TransposeStrips(const RowBlock& block, int64_t width, const CopyLoop& across,
                     const CopyLoop& along) {
  constexpr int64_t kSide = 64 / kElement;
  for (int64_t row = 0; row < block.rows; ++row) {
    const char* const src = block.src + row * block.row_src;
    char* const dst = block.dst + row * block.row_dst;
    for (int64_t j = 0; j < along.size; j += kSide) {
      TransposeTile<kElement>(src + j * along.src, along.src, dst + j * along.dst, across.dst,
                              width, std::min(kSide, along.size - j));
    }
  }
}

/// Copies by square tiles of the loop `transposed` and the innermost one.
template <int kElement>
void CopyTransposed(const CopyPlan& plan, int transposed, const Context& context) {
  constexpr int64_t kSide = 64 / kElement;
  const CopyLoop across = plan.loops[transposed];
  const CopyLoop along = plan.loops[plan.ndim - 1];
  const auto copy_strips = [&](const CopyPlan& strips, int64_t width) {
    ForEachRowBlock(
        strips, strips.ndim, width * along.size * kElement, context,
        [&](const RowBlock& block) { TransposeStrips<kElement>(block, width, across, along); });
  };
  // The other loops, then one over the full strips, then the strip that is left over.
  CopyPlan strips = plan;
  std::copy(plan.loops + transposed + 1, plan.loops + plan.ndim - 1, strips.loops + transposed);
  strips.ndim = plan.ndim - 2;
  const int64_t full = across.size / kSide;
  if (full > 0) {
    CopyPlan full_strips = strips;
    full_strips.loops[full_strips.ndim++] = {full, across.src * kSide, across.dst * kSide};
    copy_strips(full_strips, kSide);
  }
  if (across.size % kSide > 0) {
    strips.src += full * kSide * across.src;
    strips.dst += full * kSide * across.dst;
    copy_strips(strips, across.size % kSide);
  }
}

/// Copies short contiguous runs that the loop around the innermost one repeats. Returns false if
/// the plan is not of that kind.
bool CopyRepeatedRuns(const CopyPlan& plan, bool streaming, const Context& context) {
  if (plan.ndim < 2) return false;
  const CopyLoop& repeat = plan.loops[plan.ndim - 2];
  const int64_t bytes = plan.loops[plan.ndim - 1].size * plan.element;
  if (repeat.src != 0 || repeat.dst != bytes || bytes >= kShortRunBytes) return false;
  ForEachRowBlock(plan, plan.ndim - 2, bytes * repeat.size, context,
                  [&](const RowBlock& block) { RepeatRuns(block, bytes, repeat.size, streaming); });
  return true;
}

template <int kElement>
void CopyElements(const CopyPlan& plan, bool streaming, const Context& context) {
  const int depth = plan.ndim - 1;
  const CopyLoop inner = plan.loops[depth];
  const int64_t bytes_per_row = inner.size * kElement;
  if (inner.src == kElement && inner.dst == kElement) {
    if (CopyRepeatedRuns(plan, streaming, context)) return;
    ForEachRowBlock(plan, depth, bytes_per_row, context,
                    [&](const RowBlock& block) { CopyRuns(block, bytes_per_row, streaming); });
  } else if (inner.src == 0 && inner.dst == kElement) {
    ForEachRowBlock(plan, depth, bytes_per_row, context, [&](const RowBlock& block) {
      FillRows<kElement>(block, inner.size, streaming);
    });
  } else if (const int transposed = FindTransposedLoop(plan); transposed >= 0) {
    CopyTransposed<kElement>(plan, transposed, context);
  } else {
    ForEachRowBlock(plan, depth, bytes_per_row, context, [&](const RowBlock& block) {
      CopySteps<kElement>(block, inner.size, inner.src, inner.dst);
    });
  }
}

void RunPlan(const CopyPlan& plan, bool streaming, const Context& context) {
  switch (plan.element) {
    case 1:
      return CopyElements<1>(plan, streaming, context);
    case 2:
      return CopyElements<2>(plan, streaming, context);
    case 4:
      return CopyElements<4>(plan, streaming, context);
    case 8:
      return CopyElements<8>(plan, streaming, context);
    default:
      return CopyElements<16>(plan, streaming, context);
  }
}

/// Splits a long innermost or repeating loop in two, so that there are rows to share out, and runs
/// what is left over on its own.
void SplitAndRun(const CopyPlan& plan, int position, int64_t inner_size, bool streaming,
                 const Context& context) {
  const CopyLoop loop = plan.loops[position];
  CopyPlan split = plan;
  std::copy_backward(plan.loops + position, plan.loops + plan.ndim, split.loops + plan.ndim + 1);
  split.loops[position] = {loop.size / inner_size, loop.src * inner_size, loop.dst * inner_size};
  split.loops[position + 1].size = inner_size;
  ++split.ndim;
  RunPlan(split, streaming, context);
  if (loop.size % inner_size == 0) return;
  CopyPlan rest = plan;
  rest.src += loop.size / inner_size * inner_size * loop.src;
  rest.dst += loop.size / inner_size * inner_size * loop.dst;
  rest.loops[position].size = loop.size % inner_size;
  RunPlan(rest, streaming, context);
}

}  // namespace

void StridedCopy(const TensorView& src, const MutableTensorView& dst, const Context& context) {
  if (Numel(src) == 0) return;
  const CopyPlan plan = MakeCopyPlan(src, dst);
  if (plan.ndim == 0) {
    std::memcpy(plan.dst, plan.src, plan.element);
    return;
  }
  const bool streaming = Numel(src) * ElementSize(src.dtype) >= kStreamingBytes;
  // The loops that one row runs through: the innermost, and the one that repeats a short run.
  for (int position = plan.ndim - 1; position >= std::max(plan.ndim - 2, 0); --position) {
    int64_t bytes = plan.element;
    for (int d = position + 1; d < plan.ndim; ++d) bytes *= plan.loops[d].size;
    const bool is_long = plan.loops[position].size * bytes >= 2 * kGrainBytes;
    const bool is_row = position == plan.ndim - 1 || bytes < kShortRunBytes;
    if (is_long && is_row && plan.ndim < kMaxNdim) {
      return SplitAndRun(plan, position, kGrainBytes / bytes, streaming, context);
    }
  }
  RunPlan(plan, streaming, context);
}

void FillZero(const MutableTensorView& out, const Context& context) {
  const char zero[16] = {};
  TensorView zeros{out, zero};
  zeros.strides.fill(0);
  StridedCopy(zeros, out, context);
}

}  // namespace paddlemend
