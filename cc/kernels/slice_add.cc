#include "cc/kernels/slice_add.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/slices_by_destination.h"

namespace paddlemend {
namespace {

constexpr int64_t kGrain = 1 << 14;        // elements
constexpr int64_t kTileColumns = 1 << 10;  // elements of a row that are summed at a time

/// Arrays of addends: AddSlices with counts of real numbers.
template <typename T>
struct Slices {
  int64_t outer;
  int64_t size;
  int64_t count;
  int64_t inner;
  const T* x;
  const int64_t* indices;
  const T* value;
  T* out;
};

template <typename T>
using Rule = Accumulation<T, false>;

/// Whether sums are kept in another type than the elements': then all contributions to an element
/// must come together before it is rounded.
template <typename T>
constexpr bool kRounds = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

template <typename T>
T Add(T a, T b) {
  return Rule<T>::Store(Rule<T>::Load(a) + Rule<T>::Load(b));
}

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
template <typename T>
void AddByDestination(const Slices<T>& s, const Context& context) {
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

template <typename T>
void CopyToOut(const Slices<T>& s, const Context& context) {
  const int64_t bytes = s.outer * s.size * s.inner * static_cast<int64_t>(sizeof(T));
  ParallelFor(context, bytes, 4 * kGrain, [&](int64_t begin, int64_t end) {
    BulkCopy(reinterpret_cast<char*>(s.out) + begin, reinterpret_cast<const char*>(s.x) + begin,
             end - begin, /*streaming=*/false);
  });
}

/// For short rows, where sorting would cost more than the additions: adds to a copy of x in the
/// order of the indices. The work is shared out by [size, inner] panels.
template <typename T>
void AddInOrder(const Slices<T>& s, const Context& context) {
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
        T* const to = out + s.indices[i] * s.inner;
        const T* const from = value + i * s.inner;
        for (int64_t j = 0; j < s.inner; ++j) to[j] = Add(to[j], from[j]);
      }
    }
  });
}

/// AddInOrder for types that are rounded once: the panel is summed in float32. `sums` has room for
/// one panel.
template <typename T>
void AddPanelRounded(const Slices<T>& s, int64_t o, float* sums) {
  const int64_t panel = s.size * s.inner;
  const T* const value = s.value + o * s.count * s.inner;
  for (int64_t j = 0; j < panel; ++j) sums[j] = ToFloat(s.x[o * panel + j]);
  for (int64_t i = 0; i < s.count; ++i) {
    float* const to = sums + s.indices[i] * s.inner;
    for (int64_t j = 0; j < s.inner; ++j) to[j] += ToFloat(value[i * s.inner + j]);
  }
  for (int64_t j = 0; j < panel; ++j) s.out[o * panel + j] = Rule<T>::Store(sums[j]);
}

template <typename T>
void AddInOrderRounded(const Slices<T>& s, const Context& context) {
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

/// Chooses the fastest way; all give the same bits.
template <typename T>
void AddTyped(const Slices<T>& s, const Context& context) {
  constexpr int64_t kLongRowBytes = 32;
  constexpr int64_t kTiny = 4096;  // elements
  const bool is_tiny = s.outer * (s.size + s.count) * s.inner <= kTiny;
  const bool has_long_rows = s.inner * static_cast<int64_t>(sizeof(T)) >= kLongRowBytes;
  if (has_long_rows && !is_tiny) return AddByDestination(s, context);
  if constexpr (kRounds<T>) {
    AddInOrderRounded(s, context);
  } else {
    AddInOrder(s, context);
  }
}

}  // namespace

void AddSlices(const SliceAddShape& shape, const void* x, const int64_t* indices, const void* value,
               void* out, const Context& context) {
  DispatchAddend(shape.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    AddTyped(Slices<T>{shape.outer, shape.size, shape.count,
                       shape.inner * RealsPerElement(shape.dtype), static_cast<const T*>(x),
                       indices, static_cast<const T*>(value), static_cast<T*>(out)},
             context);
  });
}

}  // namespace paddlemend
