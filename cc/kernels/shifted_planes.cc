#include "cc/kernels/shifted_planes.h"

namespace paddlemend {
namespace {

int64_t FloorDivide(int64_t a, int64_t b) { return (a - (a % b + b) % b) / b; }
int64_t CeilDivide(int64_t a, int64_t b) { return -FloorDivide(-a, b); }

/// One row of a plane.
template <typename T>
void PackRow(const AxisPhase& phase, int64_t step, int64_t pitch, const T* source, T* to) {
  const int64_t begin = std::min(phase.begin, pitch), end = std::clamp(phase.end, begin, pitch);
  std::fill_n(to, begin, T(0));
  const T* const from = source + phase.origin;
  if (step == 1) {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) to[i] = from[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) to[i] = from[i * step];
  }
  std::fill_n(to + end, pitch - end, T(0));
}

}  // namespace

void ShiftedAxis::AddPhase(int64_t origin) {
  const int64_t begin = std::max<int64_t>(CeilDivide(-origin, source_step), 0);
  const int64_t end = CeilDivide(source_size - origin, source_step);
  phases.push_back({origin, begin, std::max(begin, end)});
}

ShiftedAxis ShiftedAxis::OfMaps(const ConvolutionAxis& axis) {
  ShiftedAxis out;
  out.source_size = axis.size;
  out.source_step = axis.stride;
  out.target_size = axis.positions;
  out.target_step = 1;
  out.positions = axis.positions;
  AxisClass all{{}, 0, axis.positions, 0};
  std::vector<int64_t> remainders;
  for (int64_t tap = 0; tap < axis.taps; ++tap) {
    const int64_t remainder = tap * axis.dilation % axis.stride;
    const int64_t shift = tap * axis.dilation / axis.stride;
    const auto found = std::find(remainders.begin(), remainders.end(), remainder);
    all.taps.push_back({tap, found - remainders.begin(), shift});
    out.reach = std::max(out.reach, shift);
    if (found != remainders.end()) continue;
    remainders.push_back(remainder);
    out.AddPhase(remainder - axis.before);
  }
  out.classes.push_back(all);
  return out;
}

ShiftedAxis ShiftedAxis::OfImages(const ConvolutionAxis& axis) {
  ShiftedAxis out;
  out.source_size = axis.positions;
  out.source_step = 1;
  out.target_size = axis.size;
  out.target_step = axis.stride;
  // Pixel y is u · stride + remainder - before; tap t of its class meets position u - t · dilation
  // / stride.
  std::vector<int64_t> remainders;
  int64_t first = INT64_MAX, last = INT64_MIN;  // u
  for (int64_t tap = 0; tap < axis.taps; ++tap) {
    const int64_t remainder = tap * axis.dilation % axis.stride;
    const int64_t back = tap * axis.dilation / axis.stride;
    out.reach = std::max(out.reach, back);
    const auto found = std::find(remainders.begin(), remainders.end(), remainder);
    const size_t number = found - remainders.begin();
    if (found == remainders.end()) {
      remainders.push_back(remainder);
      const int64_t begin = CeilDivide(axis.before - remainder, axis.stride);
      const int64_t end = CeilDivide(axis.before + axis.size - remainder, axis.stride);
      out.classes.push_back({{}, begin, end, remainder - axis.before});
      if (begin < end) {
        first = std::min(first, begin);
        last = std::max(last, end);
      }
    }
    out.classes[number].taps.push_back({tap, 0, back});
  }
  if (first >= last) first = last = 0;
  out.positions = last - first;
  for (AxisClass& one : out.classes) {
    for (AxisTap& tap : one.taps) tap.shift = out.reach - tap.shift;
    one.origin += first * axis.stride;
    one.begin -= first;
    one.end = std::max(one.end - first, one.begin);
  }
  out.AddPhase(first - out.reach);
  return out;
}

std::vector<int64_t> ShiftsOf(const ShiftedPlanes& planes, const AxisClass& rows,
                              const AxisClass& columns, const Band& band) {
  const int64_t height = band.rows() + planes.rows.reach;
  const int64_t column_phases = static_cast<int64_t>(planes.columns.phases.size());
  std::vector<int64_t> shifts;
  for (const AxisTap& row : rows.taps) {
    for (const AxisTap& column : columns.taps) {
      const int64_t plane = row.phase * column_phases + column.phase;
      shifts.push_back((plane * height + row.shift) * planes.pitch() + column.shift);
    }
  }
  return shifts;
}

template <typename T>
void PackPlanes(const ShiftedPlanes& planes, const Band& band, int64_t channels, const T* source,
                T* packed) {
  const int64_t pitch = planes.pitch();
  const int64_t pixels = planes.rows.source_size * planes.columns.source_size;
  for (int64_t channel = 0; channel < channels; ++channel, source += pixels) {
    for (const AxisPhase& row_phase : planes.rows.phases) {
      for (const AxisPhase& phase : planes.columns.phases) {
        for (int64_t row = band.first; row < band.last + planes.rows.reach; ++row) {
          if (row >= row_phase.begin && row < row_phase.end) {
            const int64_t line = row * planes.rows.source_step + row_phase.origin;
            PackRow(phase, planes.columns.source_step, pitch,
                    source + line * planes.columns.source_size, packed);
          } else {
            std::fill_n(packed, pitch, T(0));
          }
          packed += pitch;
        }
      }
    }
  }
}

template void PackPlanes<float>(const ShiftedPlanes&, const Band&, int64_t, const float*, float*);
template void PackPlanes<double>(const ShiftedPlanes&, const Band&, int64_t, const double*,
                                 double*);

}  // namespace paddlemend
