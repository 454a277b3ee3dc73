// Sharing out the work along an axis by panels, and the memory that a panel is worked on in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "cc/kernels/along_axis.h"
#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// How the blocks of a plan are cut into panels, such that one fits the cache. Results do not
/// depend on it: a column's positions are never cut.
class Panels {
 public:
  enum Place {
    kInPlace,  // rows are as far apart as in x
    kScratch,  // rows follow each other
  };

  /// Every element of a panel takes `element_bytes` of the cache.
  Panels(const AlongAxis& plan, Place place, int64_t element_bytes, const Context& context)
      : plan_(plan), place_(place), context_(context), element_bytes_(element_bytes) {
    constexpr int64_t kGroup = 64 << 10;
    constexpr int64_t kBlock = 1024 << 10;
    constexpr int64_t kLeastColumns = 16;
    const int64_t column = std::max<int64_t>(plan.size * element_bytes, 1);
    if (plan.columns <= kPanelColumns && (column * plan.columns <= kBlock || plan.columns == 1)) {
      columns_ = plan.columns;
      if (plan.covers_x) group_ = std::max<int64_t>(kGroup / (column * columns_), 1);
      return;
    }
    const int64_t most = std::clamp(kBlock / column, kLeastColumns, kPanelColumns);
    const int64_t parts = (plan.columns + most - 1) / most;
    columns_ = (plan.columns + parts - 1) / parts;
    columns_ = (columns_ + kLeastColumns - 1) / kLeastColumns * kLeastColumns;
    parts_ = (plan.columns + columns_ - 1) / columns_;
  }

  /// Calls `function(const Panel&, char* scratch)` for all panels, in parallel. The scratch memory
  /// has room for `element_bytes` for every element of the panel, and is empty for kInPlace.
  template <typename Function>
  void ForEach(const Function& function) const {
    constexpr int64_t kGrain = 1 << 14;  // elements and positions
    if (plan_.columns == 0) return;
    const int64_t work = std::max<int64_t>((plan_.size + plan_.count) * columns_, 1);
    ParallelFor(context_, plan_.blocks * parts_, kGrain / work + 1,
                [&](int64_t begin, int64_t end) {
                  const int64_t elements = plan_.size * columns_ * std::min(group_, end - begin);
                  const Buffer scratch(place_ == kScratch ? elements * element_bytes_ : 0);
                  while (begin < end) {
                    const int64_t blocks = std::min(group_, end - begin);
                    function(MakePanel(begin, blocks), static_cast<char*>(scratch.data()));
                    begin += blocks;
                  }
                });
  }

 private:
  Panel MakePanel(int64_t item, int64_t blocks) const {
    const int64_t column = item % parts_ * columns_;
    Panel panel;
    panel.element = panel.position = column;
    int64_t block = item / parts_;
    for (int i = 0; i < plan_.num_loops; ++i) {
      const AlongAxis::Loop& loop = plan_.loops[i];
      panel.element += block % loop.size * loop.elements;
      panel.position += block % loop.size * loop.positions;
      block /= loop.size;
    }
    panel.blocks = blocks;
    panel.columns = std::min(columns_, plan_.columns - column);
    panel.rows = blocks * plan_.size;
    panel.width = place_ == kInPlace ? plan_.element_row : panel.columns;
    return panel;
  }

  const AlongAxis& plan_;
  const Place place_;
  const Context& context_;
  const int64_t element_bytes_;
  int64_t columns_;    // of a panel
  int64_t group_ = 1;  // blocks of a panel, if it has all columns
  int64_t parts_ = 1;  // panels of a block
};

/// Copies rows of `bytes` bytes.
inline void CopyRows(const char* src, int64_t src_row, int64_t rows, int64_t bytes, char* dst,
                     int64_t dst_row) {
  if (src_row == bytes && dst_row == bytes) return LibraryCopy(dst, src, rows * bytes);
  if (bytes % 64 != 0 || bytes > 512) {
    for (int64_t row = 0; row < rows; ++row) {
      LibraryCopy(dst + row * dst_row, src + row * src_row, bytes);
    }
    return;
  }
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t at = 0; at < bytes; at += 64) {
      std::memcpy(dst + row * dst_row + at, src + row * src_row + at, 64);
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void LoadRowsLoop(const T* src, int64_t src_row, int64_t rows,
                                                int64_t columns, WorkType<T>* dst) {
  for (int64_t row = 0; row < rows; ++row) {
#pragma GCC ivdep  // dst is memory of its own
    for (int64_t j = 0; j < columns; ++j) dst[row * columns + j] = ToWork(src[row * src_row + j]);
  }
}

template <typename T>
[[gnu::always_inline]] inline void StoreRowsLoop(const WorkType<T>* src, int64_t rows,
                                                 int64_t columns, T* dst, int64_t dst_row) {
  for (int64_t row = 0; row < rows; ++row) {
#pragma GCC ivdep  // src is memory of its own
    for (int64_t j = 0; j < columns; ++j) {
      dst[row * dst_row + j] = FromWork<T>(src[row * columns + j]);
    }
  }
}

template <typename T>
PM_TARGET_AVX2 void LoadRowsAvx2(const T* src, int64_t src_row, int64_t rows, int64_t columns,
                                 WorkType<T>* dst) {
  LoadRowsLoop(src, src_row, rows, columns, dst);
}

template <typename T>
PM_TARGET_AVX2 void StoreRowsAvx2(const WorkType<T>* src, int64_t rows, int64_t columns, T* dst,
                                  int64_t dst_row) {
  StoreRowsLoop(src, rows, columns, dst, dst_row);
}

template <typename T>
void LoadRows(const T* src, int64_t src_row, int64_t rows, int64_t columns, WorkType<T>* dst) {
  if (HasAvx2()) return LoadRowsAvx2(src, src_row, rows, columns, dst);
  LoadRowsLoop(src, src_row, rows, columns, dst);
}

template <typename T>
void StoreRows(const WorkType<T>* src, int64_t rows, int64_t columns, T* dst, int64_t dst_row) {
  if (HasAvx2()) return StoreRowsAvx2(src, rows, columns, dst, dst_row);
  StoreRowsLoop(src, rows, columns, dst, dst_row);
}

/// Copies the elements of a panel from an array like x to `work`, where rows follow each other.
template <typename T>
void LoadPanel(const AlongAxis& plan, const Panel& panel, const T* x, WorkType<T>* work) {
  const T* const from = x + panel.element;
  if constexpr (std::is_same_v<T, WorkType<T>>) {
    constexpr int64_t kBytes = sizeof(T);
    CopyRows(reinterpret_cast<const char*>(from), plan.element_row * kBytes, panel.rows,
             panel.columns * kBytes, reinterpret_cast<char*>(work), panel.columns * kBytes);
  } else if (panel.columns == plan.element_row) {
    LoadRows(from, 0, 1, panel.rows * panel.columns, work);
  } else {
    LoadRows(from, plan.element_row, panel.rows, panel.columns, work);
  }
}

/// The way back, to an array like x.
template <typename T>
void StorePanel(const AlongAxis& plan, const Panel& panel, const WorkType<T>* work, T* x) {
  T* const to = x + panel.element;
  if constexpr (std::is_same_v<T, WorkType<T>>) {
    constexpr int64_t kBytes = sizeof(T);
    CopyRows(reinterpret_cast<const char*>(work), panel.columns * kBytes, panel.rows,
             panel.columns * kBytes, reinterpret_cast<char*>(to), plan.element_row * kBytes);
  } else if (panel.columns == plan.element_row) {
    StoreRows(work, 1, panel.rows * panel.columns, to, 0);
  } else {
    StoreRows(work, panel.rows, panel.columns, to, plan.element_row);
  }
}

}  // namespace paddlemend
