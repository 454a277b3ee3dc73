#include "cc/kernels/along_axis.h"

#include <algorithm>

#include "cc/kernels/along_axis_entries.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/cpu_features.h"

namespace paddlemend {
namespace {

Status CheckIndexLayout(const TensorLayout& x, const char* x_name, const TensorLayout& index,
                        int axis) {
  bool fits = index.ndim == x.ndim;
  for (int d = 0; fits && d < x.ndim; ++d) fits = d == axis || index.shape[d] <= x.shape[d];
  if (fits) return OkStatus();
  return InvalidArgument("the shape of index is ", ShapeString(index), ", expected ", x.ndim,
                         " dimensions, each except ", axis, " at most that of ", x_name, " ",
                         ShapeString(x));
}

/// Appends a loop, or makes it part of the one inside it if the two are like one.
void AddLoop(const AlongAxis::Loop& loop, bool may_merge, AlongAxis* plan) {
  if (loop.size == 1) return;
  if (may_merge && plan->num_loops > 0) {
    AlongAxis::Loop& inside = plan->loops[plan->num_loops - 1];
    if (inside.elements * inside.size == loop.elements &&
        inside.positions * inside.size == loop.positions) {
      inside.size *= loop.size;
      return;
    }
  }
  plan->loops[plan->num_loops++] = loop;
}

/// Sets the loops over blocks and the rows and columns of one.
void SetLoops(const TensorLayout& x, const TensorLayout& index, int axis, AlongAxis* plan) {
  int64_t elements = 1;
  int64_t positions = 1;
  plan->size = plan->count = plan->columns = plan->element_row = plan->position_row = 1;
  plan->num_loops = 0;
  plan->covers_x = true;
  int loops_after_axis = 0;
  for (int d = x.ndim - 1; d >= 0; --d) {
    if (d == axis) {
      plan->size = x.shape[d];
      plan->count = index.shape[d];
      plan->element_row = elements;
      plan->position_row = positions;
      loops_after_axis = plan->num_loops;
    } else {
      plan->covers_x &= x.shape[d] == index.shape[d];
      AddLoop({index.shape[d], elements, positions},
              plan->num_loops != loops_after_axis || d > axis, plan);
    }
    elements *= x.shape[d];
    positions *= index.shape[d];
  }
  const AlongAxis::Loop& innermost = plan->loops[0];
  if (loops_after_axis > 0 && innermost.elements == 1 && innermost.positions == 1) {
    plan->columns = innermost.size;
    std::copy(plan->loops + 1, plan->loops + plan->num_loops, plan->loops);
    --plan->num_loops;
  }
  plan->elements = elements;
  plan->blocks = 1;
  for (int i = 0; i < plan->num_loops; ++i) plan->blocks *= plan->loops[i].size;
}

template <typename Entry>
inline int64_t FromTheStart(Entry entry, int64_t size) {
  return entry < 0 ? entry + size : entry;
}

/// Rows shorter than this are not worth a vectorised loop of their own.
constexpr int64_t kShortRow = 16;

/// The places of `columns` entries of one row, which are `step` apart (0 or 1) for equal entries.
template <typename Entry>
[[gnu::always_inline]] inline void FillRow(const Entry* entries, int64_t size, int64_t width,
                                           int64_t base, int64_t step, int64_t columns,
                                           int64_t* places) {
#pragma GCC ivdep  // the entries are an input
  for (int64_t j = 0; j < columns; ++j) {
    places[j] = base + FromTheStart(entries[j], size) * width + j * step;
  }
}

/// As FillRow for many rows that follow each other, of kShortRow entries at most, in one loop: the
/// base of a row is `next_base` more than that of the one before. Begins at entry `column` of one.
template <typename Entry>
void FillShortRows(const Entry* entries, int64_t size, int64_t width, int64_t base,
                   int64_t next_base, int64_t columns, int64_t column, int64_t count,
                   int64_t* places) {
  for (int64_t k = 0; k < count; ++k) {
    places[k] = base + FromTheStart(entries[k], size) * width;
    if (++column == columns) {
      column = 0;
      base += next_base;
    }
  }
}

template <typename Entry>
[[gnu::always_inline]] inline void FillRowsLoop(const AlongAxis& plan, const Panel& panel,
                                                int64_t begin, int64_t end, int64_t* places) {
  const auto* entries =
      static_cast<const Entry*>(plan.entries) + panel.position + begin * plan.position_row;
  const int64_t block_size = plan.size * panel.width;
  int64_t block = begin / plan.count;
  int64_t left = (block + 1) * plan.count - begin;
  for (int64_t row = begin; row < end; ++row, entries += plan.position_row) {
    if (left-- == 0) {
      ++block;
      left = plan.count - 1;
    }
    FillRow(entries, plan.size, panel.width, block * block_size, 1, panel.columns, places);
    places += panel.columns;
  }
}

template <typename Entry>
[[gnu::always_inline]] inline void FillLinesLoop(const AlongAxis& plan, const Panel& panel,
                                                 int64_t begin, int64_t end, int64_t* places) {
  const auto* const entries = static_cast<const Entry*>(plan.entries) + panel.position;
  const int64_t block_size = plan.size * panel.width;
  int64_t block = begin / plan.count;
  if (plan.count < kShortRow) {
    return FillShortRows(entries + begin, plan.size, panel.width, block * block_size, block_size,
                         plan.count, begin - block * plan.count, end - begin, places);
  }
  while (begin < end) {
    const int64_t stop = std::min(end, (block + 1) * plan.count);
    FillRow(entries + begin, plan.size, panel.width, block * block_size, 0, stop - begin, places);
    places += stop - begin;
    begin = stop;
    ++block;
  }
}

template <typename Entry>
PM_TARGET_AVX2 void FillRowsAvx2(const AlongAxis& plan, const Panel& panel, int64_t begin,
                                 int64_t end, int64_t* places) {
  FillRowsLoop<Entry>(plan, panel, begin, end, places);
}

template <typename Entry>
PM_TARGET_AVX2 void FillLinesAvx2(const AlongAxis& plan, const Panel& panel, int64_t begin,
                                  int64_t end, int64_t* places) {
  FillLinesLoop<Entry>(plan, panel, begin, end, places);
}

template <typename Entry>
void FillRows(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
              int64_t* places) {
  if (HasAvx2()) return FillRowsAvx2<Entry>(plan, panel, begin, end, places);
  FillRowsLoop<Entry>(plan, panel, begin, end, places);
}

template <typename Entry>
void FillLines(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
               int64_t* places) {
  if (HasAvx2()) return FillLinesAvx2<Entry>(plan, panel, begin, end, places);
  FillLinesLoop<Entry>(plan, panel, begin, end, places);
}

}  // namespace

Status AlongAxis::Init(const TensorLayout& x, const char* x_name, const TensorView& index_view,
                       int64_t axis, NegativeIndex negative, const Context& context) {
  int position = 0;
  PM_RETURN_IF_ERROR(ResolveAxis(axis, x, &position));
  PM_RETURN_IF_ERROR(CheckIndexDType(index_view, "index"));
  PM_RETURN_IF_ERROR(CheckIndexLayout(x, x_name, index_view, position));
  SetLoops(x, index_view, position, this);
  index = std::make_unique<ContiguousInput>(index_view, context);
  entries = index->data();
  is_narrow = index_view.dtype == DType::kInt32;
  return CheckEntries(index_view, entries, size, negative, context, &has_negative);
}

bool AlongAxis::PrefersInPlace(int64_t element_bytes) const {
  constexpr int64_t kCached = 256 << 10;
  constexpr int64_t kMuchMemory = 8 << 20;
  const int64_t row = std::min<int64_t>(columns * element_bytes, 64);
  const bool fits = columns == element_row && size * columns * element_bytes <= kCached;
  const bool is_sparse = count <= size / 8;
  return fits || columns == 1 || is_sparse || size * row > kMuchMemory;
}

void PrefetchRows(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                  const WalkedArray& walked) {
  if (panel.columns == plan.position_row) return;  // no gaps
  const auto prefetch = [&](const void* data, int64_t element_bytes) {
    const char* row = static_cast<const char*>(data) +
                      (panel.position + begin * plan.position_row) * element_bytes;
    for (int64_t i = begin; i < end; ++i, row += plan.position_row * element_bytes) {
      for (int64_t at = 0; at < panel.columns * element_bytes; at += 64) {
        __builtin_prefetch(row + at);
      }
    }
  };
  prefetch(plan.entries, plan.is_narrow ? sizeof(int32_t) : sizeof(int64_t));
  if (walked.data != nullptr) prefetch(walked.data, walked.element_bytes);
}

void FillPlaces(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                int64_t* places) {
  if (plan.is_narrow) return FillRows<int32_t>(plan, panel, begin, end, places);
  FillRows<int64_t>(plan, panel, begin, end, places);
}

void FillPlacesOfOneColumn(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                           int64_t* places) {
  if (plan.is_narrow) return FillLines<int32_t>(plan, panel, begin, end, places);
  FillLines<int64_t>(plan, panel, begin, end, places);
}

}  // namespace paddlemend
