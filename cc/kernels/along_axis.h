// Going through the entries of an index tensor that select elements along an axis, as gather and
// scatter do.
#pragma once

#include <cstdint>
#include <memory>

#include "cc/kernels/context.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// What a negative entry of an index means.
enum class NegativeIndex { kCountsFromTheEnd, kIsAnError };

/// Which element of x each entry of an index tensor means: the entry `e` at [.., i, ..] means
/// element [.., e, ..]. Both tensors are seen in row-major order; "position" counts the entries.
///
/// The dimensions other than the axis are loops over blocks. In a block, the entries are [count,
/// columns] and the elements [size, columns], and columns lie next to each other in both.
struct AlongAxis {
  struct Loop {
    int64_t size;
    int64_t elements;   // of x from one step to the next
    int64_t positions;  // of the index likewise
  };

  int64_t size;          // of x along the axis
  int64_t count;         // of the index along the axis
  int64_t columns;       // of a block
  int64_t element_row;   // elements of x from one row of a block to the next
  int64_t position_row;  // positions of the index likewise
  int64_t blocks;        // the product of the sizes of the loops
  int64_t elements;      // of x
  int num_loops;
  Loop loops[kMaxNdim];  // innermost first
  /// Whether every element of x belongs to a block. Then blocks follow each other without gaps.
  bool covers_x;

  bool has_negative;    // an entry
  bool is_narrow;       // the entries are int32, not int64
  const void* entries;  // row-major
  std::unique_ptr<ContiguousInput> index;

  /// Checks the index and sets everything. `x` and `index` have the same number of dimensions (a
  /// 0-D tensor counts as one); sizes of the index are at most those of x except along the axis.
  ///
  /// Errors: out of range for the axis, unsupported dtype for that of index, invalid argument for
  /// its shape and for an entry outside [-size, size), or [0, size) where negative ones are errors.
  Status Init(const TensorLayout& x, const char* x_name, const TensorView& index_view, int64_t axis,
              NegativeIndex negative, const Context& context);

  /// Whether it is best to work on elements where they lie in an array like x, whose elements have
  /// `element_bytes`. Otherwise columns are worth copying to memory of their own first: a row is
  /// so long that a random walk through rows misses the caches at every step.
  bool PrefersInPlace(int64_t element_bytes) const;
};

/// Part of the work: some columns of one block, or all of several consecutive blocks.
struct Panel {
  int64_t element;   // the first one, in x
  int64_t position;  // the first one, in the index
  int64_t blocks;
  int64_t columns;
  int64_t rows;   // blocks * size
  int64_t width;  // elements from one row to the next where it is worked on
};

/// Positions that follow each other in the index, each with the place of its element: counted from
/// the start of the panel's memory, rows `width` apart, it is base + places[k].
struct Run {
  const int64_t* places;
  int64_t base;
  int64_t position;
  int64_t size;
};

/// The most columns of a panel, and the most entries that are looked at at once.
constexpr int64_t kPanelColumns = 1024;

/// Writes the places of the rows [begin, end) of a panel's entries, counted through all blocks.
void FillPlaces(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                int64_t* places);

/// As above for the entries [begin, end) of blocks of one column.
void FillPlacesOfOneColumn(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                           int64_t* places);

/// An array with an element for every position, that is walked through together with the entries.
struct WalkedArray {
  const void* data;  // null for none
  int64_t element_bytes;
};

/// Fetches these rows of the entries and of the array. They are pieces of long rows that lie far
/// apart, which the processor does not fetch ahead by itself.
void PrefetchRows(const AlongAxis& plan, const Panel& panel, int64_t begin, int64_t end,
                  const WalkedArray& walked);

/// Calls `function(Run)` for all positions of a panel; backwards means the last position first: a
/// run is to be gone through backwards then. `walked` is what the function goes through as well.
template <bool kBackwards, typename Function>
void ForEachRun(const AlongAxis& plan, const Panel& panel, const WalkedArray& walked,
                const Function& function) {
  constexpr int64_t kLongLine = 32;
  int64_t places[kPanelColumns];
  const auto from = [](int64_t step, int64_t steps) {
    return kBackwards ? steps - 1 - step : step;
  };
  if (plan.columns > 1 || plan.position_row > 1) {
    const int64_t rows = panel.blocks * plan.count;
    const int64_t chunk = std::max<int64_t>(kPanelColumns / panel.columns, 1);
    const int64_t chunks = (rows + chunk - 1) / chunk;
    for (int64_t step = 0; step < chunks; ++step) {
      const int64_t begin = from(step, chunks) * chunk;
      const int64_t end = std::min(begin + chunk, rows);
      FillPlaces(plan, panel, begin, end, places);
      if (step + 1 < chunks) {
        const int64_t next = from(step + 1, chunks) * chunk;
        PrefetchRows(plan, panel, next, std::min(next + chunk, rows), walked);
      }
      const int64_t first = panel.position + begin * plan.position_row;
      if (panel.columns == plan.position_row) {
        function(Run{places, 0, first, (end - begin) * panel.columns});
        continue;
      }
      for (int64_t i = 0; i < end - begin; ++i) {
        const int64_t row = from(i, end - begin);
        function(
            Run{places + row * panel.columns, 0, first + row * plan.position_row, panel.columns});
      }
    }
  } else if (!plan.is_narrow && !plan.has_negative && panel.width == 1 && plan.count >= kLongLine) {
    // The entries are the places already.
    for (int64_t step = 0; step < panel.blocks; ++step) {
      const int64_t block = from(step, panel.blocks);
      const int64_t position = panel.position + block * plan.count;
      function(Run{static_cast<const int64_t*>(plan.entries) + position, block * plan.size,
                   position, plan.count});
    }
  } else {
    const int64_t positions = panel.blocks * plan.count;
    const int64_t chunks = (positions + kPanelColumns - 1) / kPanelColumns;
    for (int64_t step = 0; step < chunks; ++step) {
      const int64_t begin = from(step, chunks) * kPanelColumns;
      const int64_t end = std::min(begin + kPanelColumns, positions);
      FillPlacesOfOneColumn(plan, panel, begin, end, places);
      function(Run{places, 0, panel.position + begin, end - begin});
    }
  }
}

}  // namespace paddlemend
