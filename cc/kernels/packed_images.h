// The images of a convolution as they are packed for its inner loops: some at a time, as planes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "cc/kernels/convolution.h"
#include "cc/kernels/correlation.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/half.h"
#include "cc/kernels/shifted_planes.h"

namespace paddlemend {

constexpr int64_t kEnoughTasks = 8;
constexpr int64_t kManyPositions = 512;  // that pay for filters which pass, or sums which begin

/// A convolution or its adjoint: sources [batch, groups, channels, ...] give targets [batch,
/// groups, filters, ...].
struct Direction {
  int64_t batch, groups;
  int64_t channels, filters;  // in a group: of the sources and of the targets
  ShiftedPlanes planes;
  // From an element of the filters to the next channel and to the next filter.
  int64_t channel_step, filter_step;

  int64_t taps() const { return std::min(channel_step, filter_step); }  // of all classes
  int64_t source_pixels() const { return planes.rows.source_size * planes.columns.source_size; }
  int64_t target_pixels() const { return planes.rows.target_size * planes.columns.target_size; }

  static Direction ToMaps(const Convolution& sizes) {
    return {sizes.batch,
            sizes.groups,
            sizes.channels,
            sizes.filters,
            {ShiftedAxis::OfMaps(sizes.height), ShiftedAxis::OfMaps(sizes.width)},
            sizes.taps(),
            sizes.patch()};
  }
  static Direction ToImages(const Convolution& sizes) {
    return {sizes.batch,
            sizes.groups,
            sizes.filters,
            sizes.channels,
            {ShiftedAxis::OfImages(sizes.height), ShiftedAxis::OfImages(sizes.width)},
            sizes.patch(),
            sizes.taps()};
  }
};

/// Whether the lanes of vectors are filters, not neighbouring positions: whichever leaves fewer of
/// them unused. That filters are loaded aligned counts for a tenth.
template <typename T>
bool LanesAreFilters(const Direction& of) {
  const int64_t lanes = Correlator<T>::Best().lanes();
  const auto used = [&](int64_t useful, int64_t made) {
    return static_cast<double>(useful) / static_cast<double>((made + lanes - 1) / lanes * lanes);
  };
  const int64_t rows = of.planes.rows.positions, columns = of.planes.columns.positions;
  const int64_t flat = (rows - 1) * of.planes.pitch() + columns;
  return 1.1 * used(of.filters, of.filters) >= used(rows * columns, flat);
}

/// The images and rows that are packed together: bands of an image, or several small images.
class Portions {
 public:
  /// Images are put together for `wanted` positions, or as many as fit into `limit` elements.
  Portions(const Direction& of, int64_t limit, int64_t wanted) : batch_(of.batch) {
    const int64_t positions = of.planes.rows.positions;
    const int64_t size = of.channels * of.planes.ChannelSize(positions);
    if (size <= limit) {
      const int64_t fitting = std::max<int64_t>(limit / std::max<int64_t>(size, 1), 1);
      const int64_t plane = std::max<int64_t>(positions * of.planes.pitch(), 1);
      images_ = std::clamp<int64_t>((wanted + plane - 1) / plane, 1, std::min(fitting, batch_));
      rows_ = std::max<int64_t>(positions, 1);
    } else {
      const int64_t row = of.channels * of.planes.phases() * of.planes.pitch();
      const int64_t fitting = limit / row - of.planes.rows.reach;
      // Not fewer than a few tiles, nor than what two neighbours both read.
      const int64_t least =
          std::max((127 + of.planes.pitch()) / of.planes.pitch(), of.planes.rows.reach);
      rows_ = std::clamp<int64_t>(std::max(fitting, least), 1, positions);
      const int64_t bands = (positions + rows_ - 1) / rows_;
      rows_ = (positions + bands - 1) / bands;
    }
    positions_ = positions;
    bands_ = (positions + rows_ - 1) / rows_;
  }

  /// How many parts of the filters to work on by themselves, for enough tasks for all threads.
  int64_t PartsOf(int64_t filters, int64_t groups, int64_t least) const {
    const int64_t parts = (kEnoughTasks + count() * groups - 1) / (count() * groups);
    return std::clamp<int64_t>(std::min(parts, filters / least), 1, filters);
  }

  int64_t count() const { return (batch_ + images_ - 1) / images_ * bands_; }
  int64_t most_images() const { return images_; }
  int64_t most_rows() const { return rows_; }

  struct Portion {
    int64_t image, images;
    Band band;
  };

  Portion At(int64_t number) const {
    const int64_t image = number / bands_ * images_;
    const int64_t first = number % bands_ * rows_;
    return {image, std::min(images_, batch_ - image), {first, std::min(first + rows_, positions_)}};
  }

 private:
  int64_t batch_, positions_;
  int64_t images_ = 1, rows_ = 1, bands_ = 1;
};

template <typename T>
struct FiniteLoop {
  [[gnu::always_inline]] static void Run(const T* values, int64_t size, bool* is_finite) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    constexpr Bits kExponent = sizeof(T) == 4 ? Bits{0x7f800000u} : Bits(0x7ff0000000000000u);
    Bits found = 0;
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      const Bits bits = BitCast<Bits>(values[i]) & kExponent;
      found |= Bits(bits == kExponent);
    }
    *is_finite = found == 0;
  }
};

/// Packed planes of some images, with zeros behind for the last vector.
template <typename T>
class PackedImages {
 public:
  PackedImages(const Direction& of, const Portions& portions) : of_(of) {
    const int64_t size =
        portions.most_images() * of.channels * of.planes.ChannelSize(portions.most_rows());
    planes_.reset(new T[size + Correlator<T>::kMostPositions]);
  }

  void Pack(const Portions::Portion& portion, int64_t group, const T* sources) {
    image_size_ = of_.channels * of_.planes.ChannelSize(portion.band.rows());
    for (int64_t i = 0; i < portion.images; ++i) {
      const int64_t image = (portion.image + i) * of_.groups + group;
      PackPlanes(of_.planes, portion.band, of_.channels,
                 sources + image * of_.channels * of_.source_pixels(),
                 planes_.get() + i * image_size_);
    }
    std::fill_n(planes_.get() + portion.images * image_size_, Correlator<T>::kMostPositions, T(0));
  }

  int64_t image_size() const { return image_size_; }
  const T* Image(int64_t number) const { return planes_.get() + number * image_size_; }

  /// Whether no element is infinite or NaN.
  bool IsFinite(int64_t images) const {
    bool is_finite = true;
    RunBest<FiniteLoop<T>>(static_cast<const T*>(planes_.get()), images * image_size_, &is_finite);
    return is_finite;
  }

 private:
  const Direction& of_;
  int64_t image_size_ = 0;
  std::unique_ptr<T[]> planes_;
};

}  // namespace paddlemend
