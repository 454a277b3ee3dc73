// Where sums of float32 elements may be made in float32, a few terms at a time.
//
// That is precise enough where the distances are not much larger than the deviation, and where
// nothing overflows or underflows. IsReliable says so of the sums; if not, float64 has to do.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "cc/kernels/distance_sums.h"
#include "cc/kernels/moments.h"

namespace paddlemend {

/// Channels of fewer elements are summed in float64: it takes no longer than what else they cost.
constexpr int64_t kLeastNarrow = 128;

/// Elements whose mean is near enough to that of all.
constexpr int64_t kPivotElements = 64;
constexpr int64_t kPivotRows = 8;

/// What float32 products are lost below.
constexpr double kNarrowLeast = 1e-30;

/// Whether the sums of d and d * d over `count` distances leave the variance some 21 bits.
inline bool IsReliable(const SquareSums*, double count, const double* sums) {
  const double square_of_sum = sums[0] * sums[0];
  const double squares = count * sums[1] - square_of_sum;
  if (!std::isfinite(sums[1])) return false;
  if (sums[0] == 0 && sums[1] == 0) return true;
  return square_of_sum <= 4 * squares && squares >= kNarrowLeast * count * count;
}

/// Whether there are distances, but too small to be squared: a sum that happens to cancel does not
/// tell them from none.
inline bool SquaresVanish(double sum, double square_sum) { return sum != 0 && square_sum == 0; }

/// Whether the sums of g, g * d and d lost nothing.
inline bool IsReliable(const GradientSums*, double, const double* sums) {
  if (!std::isfinite(sums[0] + sums[1] + sums[2])) return false;
  return std::abs(sums[1]) >= kNarrowLeast || (sums[0] == 0 && sums[1] == 0);
}

/// The moments of neighbours in memory, from sums in float32. Does nothing and returns false where
/// that will not do: never for float64.
template <typename W>
bool MeasureNarrow(const W* elements, int64_t size, Moments* out) {
  if constexpr (std::is_same_v<W, float>) {
    if (size < kLeastNarrow) return false;
    RunSums<SquareSums, float> first, all;
    W pivot = PivotFrom(elements[0]);
    first.Add(elements, elements, kPivotElements, pivot);
    if (SquaresVanish(first.Total(0), first.Total(1))) return false;
    pivot = PivotFrom(static_cast<W>(pivot + first.Total(0) / kPivotElements));
    all.Add(elements, elements, size, pivot);
    const double sums[] = {all.Total(0), all.Total(1)};
    if (!IsReliable(static_cast<const SquareSums*>(nullptr), size, sums)) return false;
    *out = Moments::Of(size, pivot, sums[0], sums[1]);
    return true;
  }
  return false;
}

}  // namespace paddlemend
