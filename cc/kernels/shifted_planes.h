// How a convolution reads its images, or its adjoint the maps: as planes in which every tap is a
// shift.
//
// Of a stride s every s-th row and column goes to a plane of its own, with zeros around; then the
// neighbour of a position is a neighbour in memory for every tap. The adjoint of a stride is the
// other way round: it has one plane to read, and the pixels of each remainder by s are a class with
// taps of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cc/kernels/convolution.h"

namespace paddlemend {

/// A plane along one axis: element i is source element i · step + origin, or 0 outside.
struct AxisPhase {
  int64_t origin;
  int64_t begin, end;  // of the elements that are inside, of a plane without an end
};

struct AxisTap {
  int64_t tap;
  int64_t phase;
  int64_t shift;
};

/// What is computed with the same taps: positions [begin, end), for the targets position · step +
/// origin.
struct AxisClass {
  std::vector<AxisTap> taps;
  int64_t begin, end;
  int64_t origin;
};

struct ShiftedAxis {
  std::vector<AxisPhase> phases;
  std::vector<AxisClass> classes;
  int64_t source_size;
  int64_t source_step;
  int64_t target_size;
  int64_t target_step;
  int64_t positions;  // of the class that has most
  int64_t reach = 0;  // the greatest shift

  /// From images to maps.
  static ShiftedAxis OfMaps(const ConvolutionAxis& axis);
  /// From maps to images; classes without taps are left out.
  static ShiftedAxis OfImages(const ConvolutionAxis& axis);

  void AddPhase(int64_t origin);
};

/// The planes of both axes; of each channel one for each pair of phases, in row-major order.
struct ShiftedPlanes {
  ShiftedAxis rows, columns;

  int64_t phases() const {
    return static_cast<int64_t>(rows.phases.size() * columns.phases.size());
  }
  int64_t pitch() const { return columns.positions + columns.reach; }
  /// Elements of all planes of a channel for so many rows of positions.
  int64_t ChannelSize(int64_t count) const { return phases() * (count + rows.reach) * pitch(); }
};

/// Rows [first, last) of positions.
struct Band {
  int64_t first, last;
  int64_t rows() const { return last - first; }
};

/// Where each tap of a pair of classes is, from a position in the planes of a band.
std::vector<int64_t> ShiftsOf(const ShiftedPlanes& planes, const AxisClass& rows,
                              const AxisClass& columns, const Band& band);

/// Writes the planes of a band of `channels` of a source [channels, rows, columns].
template <typename T>
void PackPlanes(const ShiftedPlanes& planes, const Band& band, int64_t channels, const T* source,
                T* packed);

}  // namespace paddlemend
