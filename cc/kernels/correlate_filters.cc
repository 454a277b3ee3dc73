#include <algorithm>
#include <memory>
#include <vector>

#include "cc/kernels/correlate.h"
#include "cc/kernels/filter_tasks.h"
#include "cc/kernels/filter_tiles.h"
#include "cc/kernels/packed_images.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

constexpr int64_t kImagesBytes = int64_t{1} << 22;  // read once, a few channels after the other

/// Maps of a portion in rows of the pitch of the planes, with zeros between: [filters, positions].
template <typename T>
class PackedMaps {
 public:
  PackedMaps(const Direction& of, const Portions& portions) : of_(of) {
    size_ = RoundUp(portions.most_rows() * of.planes.pitch());
    maps_.reset(new T[portions.most_images() * of.filters * size_]);
  }

  void Pack(const Portions::Portion& portion, int64_t group, const T* maps) {
    const int64_t width = of_.planes.columns.positions, pitch = of_.planes.pitch();
    positions_ = RoundUp((portion.band.rows() - 1) * pitch + width);
    T* to = maps_.get();
    for (int64_t i = 0; i < portion.images * of_.filters; ++i, to += size_) {
      const int64_t image = (portion.image + i / of_.filters) * of_.groups + group;
      const T* from = maps + (image * of_.filters + i % of_.filters) * of_.target_pixels() +
                      portion.band.first * width;
      int64_t at = 0;
      for (int64_t row = 0; row < portion.band.rows(); ++row, at += pitch, from += width) {
        std::copy_n(from, width, to + at);
        std::fill(to + at + width, to + std::min(at + pitch, size_), T(0));
      }
      std::fill(to + std::min(at, size_), to + size_, T(0));
    }
  }

  const T* Map(int64_t image, int64_t filter) const {
    return maps_.get() + (image * of_.filters + filter) * size_;
  }
  int64_t size() const { return size_; }
  int64_t image_size() const { return of_.filters * size_; }
  int64_t positions() const { return positions_; }

 private:
  static int64_t RoundUp(int64_t positions) {
    const int64_t lanes = Correlator<T>::Best().lanes();
    return (positions + lanes - 1) / lanes * lanes;
  }

  const Direction& of_;
  int64_t size_ = 0, positions_ = 0;
  std::unique_ptr<T[]> maps_;
};

/// The sums [filters, channels, taps] of some filters, for the images of a portion.
template <typename T>
struct FilterSums {
  const Direction& of;
  const Portions::Portion& portion;
  const std::vector<int64_t>& shifts;
  const PackedImages<T>& images;
  const PackedMaps<T>& maps;
  int64_t first, last;  // filters
  T* sums;              // of the first filter of all

  int64_t taps() const { return static_cast<int64_t>(shifts.size()); }
  int64_t patch() const { return of.channels * taps(); }
  const T* Shifted(int64_t image, int64_t number) const {
    return images.Image(image) + number / taps() * of.planes.ChannelSize(portion.band.rows()) +
           shifts[number % taps()];
  }

  void Add() const {
    // Channels whose planes stay in the first cache while all maps pass.
    const int64_t size = portion.images * of.planes.ChannelSize(portion.band.rows());
    const int64_t channels = std::max<int64_t>(kPlaneBytes / sizeof(T) / size, 1);
    for (int64_t channel = 0; channel < of.channels; channel += channels) {
      const int64_t end = std::min(channel + channels, of.channels) * taps();
      for (int64_t filter = first; filter < last;) {
        const int64_t count = last - filter >= Best::kDotMaps ? Best::kDotMaps : 1;
        AddRows(filter, count, channel * taps(), end);
        filter += count;
      }
    }
  }

  /// As Add, but no product is made of what lies between two rows: infinity times 0 is NaN.
  void AddWithinRows() const {
    const int64_t pitch = of.planes.pitch();
    for (int64_t i = first * patch(); i < last * patch(); ++i) {
      for (int64_t image = 0; image < portion.images; ++image) {
        const T* const map = maps.Map(image, i / patch());
        const T* const plane = Shifted(image, i % patch());
        T sum(0);
        for (int64_t row = 0; row < portion.band.rows(); ++row) {
          for (int64_t at = row * pitch; at < row * pitch + of.planes.columns.positions; ++at) {
            sum += map[at] * plane[at];
          }
        }
        sums[i] += sum;
      }
    }
  }

 private:
  using Best = Correlator<T>;

  /// For `count` filters and elements [begin, end) of their patches.
  void AddRows(int64_t filter, int64_t count, int64_t begin, int64_t end) const {
    for (int64_t number = begin; number < end; number += Best::kDotPlanes) {
      const int64_t many = std::min(Best::kDotPlanes, end - number);
      const T* shifted[Best::kDotPlanes];
      for (int64_t p = 0; p < many; ++p) shifted[p] = Shifted(0, number + p);
      Best::Best().Dot(count, many)({maps.Map(0, filter), maps.size(), shifted, maps.positions(),
                                     portion.images, maps.image_size(), images.image_size(),
                                     sums + filter * patch() + number, patch()});
    }
  }

  static constexpr int64_t kPlaneBytes = int64_t{1} << 15;
};

template <typename T>
class FilterPortions {
 public:
  FilterPortions(const Direction& of, const Portions& portions)
      : of_(of), portions_(portions), images_(of, portions), maps_(of, portions) {}

  void Add(const FilterTask& task, const T* images, const T* maps, T* sums) {
    for (int64_t number = task.begin; number < task.end; ++number) {
      const Portions::Portion portion = portions_.At(number);
      Pack(portion, task.group, number, images, maps);
      const std::vector<int64_t> shifts =
          ShiftsOf(of_.planes, of_.planes.rows.classes.front(), of_.planes.columns.classes.front(),
                   portion.band);
      const FilterSums<T> filters{of_,   portion,    shifts,    images_,
                                  maps_, task.first, task.last, sums};
      is_finite_ ? filters.Add() : filters.AddWithinRows();
    }
  }

 private:
  /// Does nothing if that is packed already, for other filters.
  void Pack(const Portions::Portion& portion, int64_t group, int64_t number, const T* images,
            const T* maps) {
    if (group == group_ && number == number_) return;
    group_ = group;
    number_ = number;
    images_.Pack(portion, group, images);
    maps_.Pack(portion, group, maps);
    is_finite_ = images_.IsFinite(portion.images);
  }

  const Direction& of_;
  const Portions& portions_;
  PackedImages<T> images_;
  PackedMaps<T> maps_;
  int64_t group_ = -1, number_ = -1;
  bool is_finite_ = true;
};

}  // namespace

template <typename T>
void CorrelateFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                      const Context& context) {
  if (FitsFilterTiles<T>(sizes)) {
    return CorrelateFilterTiles(sizes, images, maps, filters, context);
  }
  constexpr int64_t kLeastFilters = 32;  // that pay for images packed once more
  const Direction of = Direction::ToMaps(sizes);
  const Portions portions(of, kImagesBytes / sizeof(T), 2 * kManyPositions);
  const int64_t size = sizes.filters * sizes.patch(), all = size * sizes.groups;
  const FilterTasks tasks(portions, sizes.groups, all, sizes.filters, kLeastFilters);
  const std::unique_ptr<T[]> sums(new T[tasks.partials() * all]());
  ParallelFor(context, tasks.count(), 1, [&](int64_t begin, int64_t end) {
    FilterPortions<T> portions_of_task(of, portions);
    for (int64_t i = begin; i < end; ++i) {
      const FilterTask task = tasks.At(i);
      portions_of_task.Add(task, images, maps, sums.get() + task.sums * size);
    }
  });
  ParallelFor(context, all, 16384, [&](int64_t begin, int64_t end) {
    std::copy(sums.get() + begin, sums.get() + end, filters + begin);
    for (int64_t part = 1; part < tasks.partials(); ++part) {
      const T* const from = sums.get() + part * all;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) filters[i] += from[i];
    }
  });
}

template void CorrelateFilters<float>(const Convolution&, const float*, const float*, float*,
                                      const Context&);
template void CorrelateFilters<double>(const Convolution&, const double*, const double*, double*,
                                       const Context&);

}  // namespace paddlemend
