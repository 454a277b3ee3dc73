#include "cc/kernels/slice_add.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/positions_by_owner.h"
#include "cc/kernels/row_add.h"
#include "cc/kernels/slices_by_destination.h"

namespace paddlemend {
namespace {

constexpr int64_t kGrain = 1 << 14;        // elements
constexpr int64_t kTileColumns = 1 << 10;  // elements of a row that are summed at a time

/// Arrays of addends: AddSlices with counts of real numbers.
template <typename T, typename Number>
struct Slices {
  int64_t outer;
  int64_t size;
  int64_t count;
  int64_t inner;
  const T* x;
  const Number* indices;
  const T* value;
  T* out;
};

template <typename T>
using Rule = Accumulation<T, false>;

/// A tile of one row of out: that of x plus those of `value` at the positions [begin, end). There
/// are `columns` <= kTileColumns of them and at least one position.
template <typename T>
[[gnu::always_inline]] inline void AddTileLoop(const T* x, const T* value, int64_t value_stride,
                                               const int64_t* begin, const int64_t* end,
                                               int64_t columns, T* out) {
  if constexpr (kRounds<T>) {
    typename Rule<T>::Sum sums[kTileColumns];
    for (int64_t j = 0; j < columns; ++j) sums[j] = Rule<T>::Load(x[j]);
    for (; begin != end; ++begin) {
      const T* const row = value + *begin * value_stride;
      for (int64_t j = 0; j < columns; ++j) sums[j] += Rule<T>::Load(row[j]);
    }
    for (int64_t j = 0; j < columns; ++j) out[j] = Rule<T>::Store(sums[j]);
  } else {
    constexpr int64_t kLine = 64 / sizeof(T);
    constexpr int64_t kBlock = 4 * kLine;
    const T* sum = x;
    for (; begin != end; ++begin, sum = out) {
      const T* const row = value + *begin * value_stride;
      // The rows lie anywhere, so that the processor cannot guess which is read next.
      const T* const next = value + begin[1] * value_stride;
      for (int64_t j = 0; j < columns; j += kBlock) {
        const int64_t stop = std::min(j + kBlock, columns);
        for (int64_t k = j; k < stop; k += kLine) __builtin_prefetch(next + k);
#pragma GCC ivdep  // out is sum itself or apart from it
        for (int64_t k = j; k < stop; ++k) out[k] = Add(sum[k], row[k]);
      }
    }
  }
}

template <typename T>
PM_TARGET_AVX2 void AddTileAvx2(const T* x, const T* value, int64_t value_stride,
                                const int64_t* begin, const int64_t* end, int64_t columns, T* out) {
  AddTileLoop(x, value, value_stride, begin, end, columns, out);
}

template <typename T>
void AddTile(const T* x, const T* value, int64_t value_stride, const int64_t* begin,
             const int64_t* end, int64_t columns, T* out) {
  if (HasAvx2()) return AddTileAvx2(x, value, value_stride, begin, end, columns, out);
  AddTileLoop(x, value, value_stride, begin, end, columns, out);
}

/// For rows of some length: reads each row of x and writes each row of out once. The work is
/// shared out by tiles of rows of out.
template <typename T, typename Number>
void AddByDestination(const Slices<T, Number>& s, const Context& context) {
  const SlicesByDestination slices(s.indices, s.count, s.size);
  const int64_t tiles = (s.inner + kTileColumns - 1) / kTileColumns;
  const int64_t grain = std::max<int64_t>(kGrain / std::min(s.inner, kTileColumns), 1);
  ParallelFor(context, s.outer * s.size * tiles, grain, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t column = item % tiles * kTileColumns;
      const int64_t row = item / tiles;
      const int64_t columns = std::min(s.inner - column, kTileColumns);
      const T* const x = s.x + row * s.inner + column;
      T* const out = s.out + row * s.inner + column;
      const int64_t* const first = slices.begin(row % s.size);
      const int64_t* const last = slices.end(row % s.size);
      if (first != last) {
        const T* const value = s.value + row / s.size * s.count * s.inner + column;
        AddTile(x, value, s.inner, first, last, columns, out);
      } else if (x != out) {
        BulkCopy(reinterpret_cast<char*>(out), reinterpret_cast<const char*>(x),
                 columns * sizeof(T), /*streaming=*/false);
      }
    }
  });
}

template <typename T, typename Number>
void CopyToOut(const Slices<T, Number>& s, const Context& context) {
  const int64_t bytes = s.outer * s.size * s.inner * static_cast<int64_t>(sizeof(T));
  ParallelFor(context, bytes, 4 * kGrain, [&](int64_t begin, int64_t end) {
    BulkCopy(reinterpret_cast<char*>(s.out) + begin, reinterpret_cast<const char*>(s.x) + begin,
             end - begin, /*streaming=*/false);
  });
}

/// For short rows, where sorting would cost more than the additions: adds to a copy of x in the
/// order of the indices. The work is shared out by [size, inner] panels.
template <typename T, typename Number>
void AddInOrder(const Slices<T, Number>& s, const Context& context) {
  constexpr int64_t kCachedPanel = 1 << 15;  // elements
  const int64_t panel = s.size * s.inner;
  const int64_t work = panel + s.count * s.inner;
  // A panel that fits the cache is best copied just before it is added to; a larger one by all
  // threads at once.
  const bool copy_panels = s.x != s.out && panel <= kCachedPanel;
  if (s.x != s.out && !copy_panels) CopyToOut(s, context);
  ParallelFor(context, s.outer, kGrain / work + 1, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      const T* const value = s.value + o * s.count * s.inner;
      T* const out = s.out + o * panel;
      if (copy_panels) LibraryCopy(out, s.x + o * panel, panel * sizeof(T));
      for (int64_t i = 0; i < s.count; ++i) {
        T* const to = out + int64_t{s.indices[i]} * s.inner;
        const T* const from = value + i * s.inner;
        for (int64_t j = 0; j < s.inner; ++j) to[j] = Add(to[j], from[j]);
      }
    }
  });
}

/// AddInOrder for types that are rounded once: the panel is summed in float32. `sums` has room for
/// one panel.
template <typename T, typename Number>
void AddPanelRounded(const Slices<T, Number>& s, int64_t o, float* sums) {
  const int64_t panel = s.size * s.inner;
  const T* const value = s.value + o * s.count * s.inner;
  for (int64_t j = 0; j < panel; ++j) sums[j] = ToFloat(s.x[o * panel + j]);
  for (int64_t i = 0; i < s.count; ++i) {
    float* const to = sums + int64_t{s.indices[i]} * s.inner;
    for (int64_t j = 0; j < s.inner; ++j) to[j] += ToFloat(value[i * s.inner + j]);
  }
  for (int64_t j = 0; j < panel; ++j) s.out[o * panel + j] = Rule<T>::Store(sums[j]);
}

template <typename T, typename Number>
void AddInOrderRounded(const Slices<T, Number>& s, const Context& context) {
  constexpr int64_t kOnStack = 512;
  const int64_t panel = s.size * s.inner;
  const int64_t work = panel + s.count * s.inner;
  ParallelFor(context, s.outer, kGrain / work + 1, [&](int64_t begin, int64_t end) {
    float on_stack[kOnStack];
    std::vector<float> allocated(panel > kOnStack ? panel : 0);
    float* const sums = panel > kOnStack ? allocated.data() : on_stack;
    for (int64_t o = begin; o < end; ++o) AddPanelRounded(s, o, sums);
  });
}

/// Adds the slices to those of `sums` in the order of the indices, for outer == 1. The work is
/// shared out by destinations. A constant kColumns > 0, equal to `inner`, saves a loop.
template <int64_t kColumns, typename Sum, typename T, typename Number>
void AddInOrderByOwner(const Slices<T, Number>& s, Sum* sums, const Context& context) {
  constexpr int64_t kAhead = 32;
  const int64_t columns = kColumns > 0 ? kColumns : s.inner;
  ForEachPositionByOwner(context, s.indices, s.count, columns * sizeof(Sum), kGrain / columns + 1,
                         [&](int64_t n, const auto& position) {
                           const auto add = [&](int64_t i) {
                             const int64_t at = position(i);
                             const T* const row = s.value + at * columns;
                             Sum* const to = sums + int64_t{s.indices[at]} * columns;
                             if constexpr (kColumns > 0) {
                               for (int64_t j = 0; j < kColumns; ++j) AddTo(&to[j], row[j]);
                             } else {
                               AddRow(row, columns, to);
                             }
                           };
                           int64_t i = 0;
                           // Destinations lie anywhere: they are asked for some positions ahead.
                           for (; i + kAhead < n; ++i) {
                             __builtin_prefetch(
                                 sums + int64_t{s.indices[position(i + kAhead)]} * columns, 1);
                             add(i);
                           }
                           for (; i < n; ++i) add(i);
                         });
}

template <typename Sum, typename T, typename Number>
void AddInOrderByOwner(const Slices<T, Number>& s, Sum* sums, const Context& context) {
  if (s.inner == 1) return AddInOrderByOwner<1>(s, sums, context);
  if (s.inner == 2) return AddInOrderByOwner<2>(s, sums, context);
  AddInOrderByOwner<0>(s, sums, context);
}

/// For outer == 1 and types that are rounded once, short rows: all of out is summed in float32.
template <typename T, typename Number>
void AddRoundedByOwner(const Slices<T, Number>& s, const Context& context) {
  const int64_t panel = s.size * s.inner;
  const std::unique_ptr<float[]> sums(new float[panel]);
  ParallelFor(context, panel, kGrain, [&](int64_t begin, int64_t end) {
    LoadSums(s.x + begin, end - begin, &sums[begin]);
  });
  AddInOrderByOwner(s, sums.get(), context);
  ParallelFor(context, panel, kGrain, [&](int64_t begin, int64_t end) {
    StoreSums(&sums[begin], end - begin, s.out + begin);
  });
}

/// For outer == 1, types that are rounded once, and few indices among many destinations: sorts the
/// indices and touches only the rows of out that they select.
template <typename T, typename Number>
void AddRoundedSorted(const Slices<T, Number>& s, const Context& context) {
  if (s.x != s.out) CopyToOut(s, context);
  std::vector<int64_t> positions(s.count);
  std::iota(positions.begin(), positions.end(), int64_t{0});
  std::sort(positions.begin(), positions.end(), [&](int64_t a, int64_t b) {
    return std::pair(s.indices[a], a) < std::pair(s.indices[b], b);
  });
  std::vector<int64_t> starts;  // of the positions of one destination
  for (int64_t i = 0; i < s.count; ++i) {
    if (i == 0 || s.indices[positions[i]] != s.indices[positions[i - 1]]) starts.push_back(i);
  }
  starts.push_back(s.count);
  const int64_t rows = static_cast<int64_t>(starts.size()) - 1;
  ParallelFor(context, rows, kGrain / s.inner + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t* const first = &positions[starts[row]];
      T* const out = s.out + int64_t{s.indices[*first]} * s.inner;
      for (int64_t j = 0; j < s.inner; j += kTileColumns) {
        AddTile(out + j, s.value + j, s.inner, first, &positions[0] + starts[row + 1],
                std::min(kTileColumns, s.inner - j), out + j);
      }
    }
  });
}

/// AddTyped for outer == 1: one list of rows, few of many or so short that sorting them costs more
/// than adding them.
template <typename T, typename Number>
void AddOneList(const Slices<T, Number>& s, bool is_sparse, const Context& context) {
  if constexpr (kRounds<T>) {
    is_sparse ? AddRoundedSorted(s, context) : AddRoundedByOwner(s, context);
  } else {
    if (s.x != s.out) CopyToOut(s, context);
    AddInOrderByOwner(s, s.out, context);
  }
}

/// Chooses the fastest way; all give the same bits.
template <typename T, typename Number>
void AddTyped(const Slices<T, Number>& s, const Context& context) {
  constexpr int64_t kLongRowBytes = 32;
  constexpr int64_t kTiny = 4096;    // elements
  constexpr int64_t kManyTimes = 8;  // destinations for each index
  const bool is_tiny = s.outer * (s.size + s.count) * s.inner <= kTiny;
  const bool has_long_rows = s.inner * static_cast<int64_t>(sizeof(T)) >= kLongRowBytes;
  const bool is_sparse = s.count < s.size / kManyTimes;
  if (!is_tiny && s.outer == 1 && (is_sparse || !has_long_rows)) {
    return AddOneList(s, is_sparse, context);
  }
  if (has_long_rows && !is_tiny) return AddByDestination(s, context);
  if constexpr (kRounds<T>) {
    AddInOrderRounded(s, context);
  } else {
    AddInOrder(s, context);
  }
}

}  // namespace

template <typename Number>
void AddSlices(const SliceAddShape& shape, const void* x, const Number* indices, const void* value,
               void* out, const Context& context) {
  DispatchAddend(shape.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    AddTyped(Slices<T, Number>{shape.outer, shape.size, shape.count,
                               shape.inner * RealsPerElement(shape.dtype), static_cast<const T*>(x),
                               indices, static_cast<const T*>(value), static_cast<T*>(out)},
             context);
  });
}

template void AddSlices(const SliceAddShape&, const void*, const int32_t*, const void*, void*,
                        const Context&);
template void AddSlices(const SliceAddShape&, const void*, const int64_t*, const void*, void*,
                        const Context&);

}  // namespace paddlemend
