// Means and variances that keep their precision however far the mean is from zero.
#pragma once

#include <cmath>
#include <cstdint>

namespace paddlemend {

/// What is known of `count` values: sums of their distances from `pivot`, a number among them, so
/// that nothing cancels. Merging is that of Chan, Golub and LeVeque ("Updating formulae and a
/// pairwise algorithm for computing sample variances", 1979).
struct Moments {
  double count = 0;
  double pivot = 0;
  double sum = 0;      // of the distances from the pivot
  double squares = 0;  // of the distances from the mean, squared

  /// From sums of the distances from the pivot and of their squares.
  static Moments Of(double count, double pivot, double sum, double square_sum) {
    return {count, pivot, sum, square_sum - sum * sum / count};
  }

  void Merge(const Moments& other) {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const double shift = other.pivot - pivot;
    const double total = count + other.count;
    const double distance = shift + other.sum / other.count - sum / count;
    squares += other.squares + distance * distance * (count * other.count / total);
    sum += other.sum + shift * other.count;
    count = total;
  }

  /// Neither may be asked for without any value.
  double mean() const { return pivot + sum / count; }
  double variance() const { return squares > 0 || squares != squares ? squares / count : 0; }

  /// What the mean is above `rounded`, a number close to it.
  double MeanAbove(double rounded) const { return (pivot - rounded) + sum / count; }
};

inline double InverseDeviation(double variance, double epsilon) {
  return 1 / std::sqrt(variance + epsilon);
}

}  // namespace paddlemend
