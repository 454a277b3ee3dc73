// A tensor seen as [outer, channels, inner]: what every operator on channels loops over.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Row-major. Element (o, c, i) belongs to channel c.
struct ChannelLayout {
  int64_t outer = 1;
  int64_t channels = 1;
  int64_t inner = 1;

  /// Elements of one channel.
  constexpr int64_t count() const { return outer * inner; }
};

inline ChannelLayout MakeChannelLayout(const TensorLayout& x, int axis) {
  ChannelLayout layout;
  for (int d = 0; d < axis; ++d) layout.outer *= x.shape[d];
  layout.channels = x.shape[axis];
  for (int d = axis + 1; d < x.ndim; ++d) layout.inner *= x.shape[d];
  if (layout.channels == 1) return {1, 1, layout.count()};
  return layout;
}

/// Whether the neighbours in memory of one channel are so many that each row of them is a loop.
inline bool HasRuns(const ChannelLayout& layout) { return layout.inner >= 16; }

/// Long runs cut into pieces, so that threads share them.
struct Pieces {
  Pieces(int64_t inner, int64_t most)
      : inner(inner), most(most), count((inner + most - 1) / most) {}

  int64_t inner;  // elements of a run
  int64_t most;   // of a piece
  int64_t count;  // in a run
};

/// A layout without runs, cut into rows that are wide enough for vector instructions: several times
/// all channels, if these are few. The last `rest` times make a row of their own.
struct WideRows {
  /// `about` is the width to aim at.
  WideRows(const ChannelLayout& layout, int64_t about) : period(layout.channels * layout.inner) {
    const int64_t wanted = std::max<int64_t>(about / period, 1);
    repeats = std::max<int64_t>(std::min(wanted, layout.outer), 1);
    rows = layout.outer / repeats;
    rest = layout.outer % repeats;
  }

  int64_t width() const { return repeats * period; }

  int64_t period;   // elements of all channels
  int64_t repeats;  // periods in a row
  int64_t rows;
  int64_t rest;  // periods after the last whole row
};

/// Calls `function(column, channel)` for the columns of a row of `width` elements. It counts,
/// because a division for each column takes longer than what is done with it.
template <typename Function>
void ForEachColumn(const ChannelLayout& layout, int64_t width, Function function) {
  int64_t column = 0;
  while (column < width) {
    for (int64_t channel = 0; channel < layout.channels; ++channel) {
      for (int64_t i = 0; i < layout.inner; ++i) function(column++, channel);
    }
  }
}

}  // namespace paddlemend
