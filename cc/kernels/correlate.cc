#include "cc/kernels/correlate.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "cc/kernels/correlation.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/half.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/shifted_planes.h"

namespace paddlemend {
namespace {

constexpr int64_t kPackedBytes = int64_t{1} << 18;    // that leave room in the second level cache
constexpr int64_t kMostPackedBytes = int64_t{3} << 18;  // that leave no room for all filters
constexpr int64_t kImagesBytes = int64_t{1} << 22;  // read once, a few channels after the other
constexpr int64_t kFilterBytes = int64_t{1} << 18;    // of all filters, in that room
constexpr int64_t kProductsInARow = 160;  // several short sums round less than a long one
constexpr int64_t kGrainProducts = int64_t{1} << 18;  // worth a thread
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
    return {sizes.batch, sizes.groups, sizes.channels, sizes.filters,
            {ShiftedAxis::OfMaps(sizes.height), ShiftedAxis::OfMaps(sizes.width)},
            sizes.taps(), sizes.patch()};
  }
  static Direction ToImages(const Convolution& sizes) {
    return {sizes.batch, sizes.groups, sizes.filters, sizes.channels,
            {ShiftedAxis::OfImages(sizes.height), ShiftedAxis::OfImages(sizes.width)},
            sizes.patch(), sizes.taps()};
  }
};

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
      const int64_t least = std::max((127 + of.planes.pitch()) / of.planes.pitch(),
                                     of.planes.rows.reach);
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
bool FiltersStay(const Direction& of) {
  return of.filters * of.channels * of.taps() * static_cast<int64_t>(sizeof(T)) <= kFilterBytes;
}

/// Filters that one loop makes, packed [channels, taps, tile].
template <typename T>
struct Panel {
  int64_t first, count;
  int64_t tile;  // count, rounded up to what there is a loop for
  const T* filters;
};

/// The taps of a pair of classes, and the filters of all groups cut into panels with these taps.
template <typename T>
class PackedClass {
 public:
  PackedClass(const Direction& of, const AxisClass& rows, const AxisClass& columns,
              int64_t row_taps, const T* filters, const Context& context)
      : rows_(rows), columns_(columns) {
    for (const AxisTap& row : rows.taps) {
      for (const AxisTap& column : columns.taps) taps_.push_back(row.tap * row_taps + column.tap);
    }
    const Correlator<T>& best = Correlator<T>::Best();
    for (int64_t first = 0; first < of.filters; first += best.panel()) {
      const int64_t count = std::min(best.panel(), of.filters - first);
      panels_.push_back({first, count, best.FiltersOfTile(count), nullptr});
      group_size_ += panels_.back().tile * of.channels * taps();
    }
    packed_.reset(new T[group_size_ * of.groups]);
    const int64_t panels = static_cast<int64_t>(panels_.size());
    const int64_t grain = 1 + (1 << 14) / (1 + of.channels * taps() * best.panel());
    ParallelFor(context, panels * of.groups, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Pack(of, i / panels, i % panels, filters);
    });
  }

  const AxisClass& rows() const { return rows_; }
  const AxisClass& columns() const { return columns_; }
  int64_t taps() const { return static_cast<int64_t>(taps_.size()); }
  int64_t group_size() const { return group_size_; }
  int64_t panels() const { return static_cast<int64_t>(panels_.size()); }

  Panel<T> At(const Direction& of, int64_t group, int64_t number) const {
    Panel<T> panel = panels_[number];
    // All but the last one are full.
    panel.filters = packed_.get() + group * group_size_ +
                    number * panels_.front().tile * of.channels * taps();
    return panel;
  }

 private:
  void Pack(const Direction& of, int64_t group, int64_t number, const T* filters) {
    const Panel<T> panel = At(of, group, number);
    const T* const from = filters + group * of.filters * of.channels * of.taps() +
                    panel.first * of.filter_step;
    T* to = const_cast<T*>(panel.filters);
    for (int64_t channel = 0; channel < of.channels; ++channel) {
      for (const int64_t tap : taps_) {
        const T* const element = from + channel * of.channel_step + tap;
        for (int64_t f = 0; f < panel.count; ++f) to[f] = element[f * of.filter_step];
        for (int64_t f = panel.count; f < panel.tile; ++f) to[f] = T(0);
        to += panel.tile;
      }
    }
  }

  const AxisClass& rows_;
  const AxisClass& columns_;
  std::vector<int64_t> taps_;
  std::vector<Panel<T>> panels_;
  int64_t group_size_ = 0;
  std::unique_ptr<T[]> packed_;
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
    const int64_t size = portions.most_images() * of.channels *
                         of.planes.ChannelSize(portions.most_rows());
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

/// Writes sums of positions to where they belong.
template <typename T>
class TileWriter {
 public:
  TileWriter(const Direction& of, const PackedClass<T>& taps, const Band& band)
      : of_(of), taps_(taps), band_(band), pitch_(of.planes.pitch()) {}

  /// sums of positions [first, first + count) for `panel` of the target at `target`.
  void Write(const Panel<T>& panel, const T* bias, int64_t first, int64_t count, const T* sums,
             T* target) const {
    const ShiftedAxis& columns = of_.planes.columns;
    const AxisClass& class_columns = taps_.columns();
    int64_t row = first / pitch_, column = first % pitch_;
    for (int64_t at = 0; at < count; ++row) {
      const int64_t length = std::min(count - at, pitch_ - column);
      const int64_t begin = std::max(class_columns.begin, column);
      const int64_t end = std::min(class_columns.end, column + length);
      if (begin < end) {
        const int64_t line = (row + band_.first) * of_.planes.rows.target_step +
                             taps_.rows().origin;
        T* const to = target + line * columns.target_size + begin * columns.target_step +
                      class_columns.origin;
        WriteRun(panel, bias, sums + at + begin - column, end - begin, to);
      }
      at += length;
      column = 0;
    }
  }

 private:
  void WriteRun(const Panel<T>& panel, const T* bias, const T* sums, int64_t count, T* to) const {
    const int64_t step = of_.planes.columns.target_step;
    for (int64_t f = 0; f < panel.count; ++f) {
      const T start = bias == nullptr ? T(0) : bias[panel.first + f];
      if (step == 1) {
#pragma GCC ivdep
        for (int64_t i = 0; i < count; ++i) to[i] = sums[i] + start;
      } else {
#pragma GCC ivdep
        for (int64_t i = 0; i < count; ++i) to[i * step] = sums[i] + start;
      }
      sums += Correlator<T>::kMostPositions;
      to += of_.target_pixels();
    }
  }

  const Direction& of_;
  const PackedClass<T>& taps_;
  const Band band_;
  const int64_t pitch_;
};

/// Makes the targets of one group of a portion.
template <typename T>
class PortionTargets {
 public:
  PortionTargets(const Direction& of, const PackedClass<T>& taps, const Portions::Portion& portion,
                 int64_t group, const PackedImages<T>& images, const T* bias, T* targets)
      : of_(of), taps_(taps), portion_(portion), group_(group), images_(images), bias_(bias),
        targets_(targets), writer_(of, taps, portion.band) {
    const AxisClass& rows = taps.rows();
    const Band& band = portion.band;
    const int64_t begin = std::max(rows.begin, band.first), end = std::min(rows.end, band.last);
    const AxisClass& columns = taps.columns();
    if (begin >= end || columns.begin >= columns.end) return;
    first_ = (begin - band.first) * of.planes.pitch() + columns.begin;
    last_ = (end - 1 - band.first) * of.planes.pitch() + columns.end;
    shifts_ = ShiftsOf(of.planes, rows, columns, band);
  }

  /// Makes those of panels [begin, end).
  void Run(int64_t begin, int64_t end) const {
    if (first_ >= last_) return;
    // Filters that do not stay in the cache pass once.
    const int64_t step = FiltersStay<T>(of_) ? std::max<int64_t>(end - begin, 1) : 1;
    for (int64_t panel = begin; panel < end; panel += step) RunTiles(panel, panel + step);
  }

 private:
  /// All tiles of all images, each for panels [begin, end).
  void RunTiles(int64_t begin, int64_t end) const {
    const Correlator<T>& best = Correlator<T>::Best();
    const int64_t lanes = best.lanes();
    const int64_t most = best.MostPositions(taps_.At(of_, group_, begin).tile);
    const int64_t vectors = (last_ - first_ + lanes - 1) / lanes;
    const int64_t tiles = (vectors * lanes + most - 1) / most;
    const int64_t length = (vectors + tiles - 1) / tiles * lanes;
    for (int64_t image = 0; image < portion_.images; ++image) {
      for (int64_t at = first_; at < last_; at += length) {
        for (int64_t panel = begin; panel < end; ++panel) {
          RunTile(image, taps_.At(of_, group_, panel), at, std::min(length, last_ - at));
        }
      }
    }
  }

  void RunTile(int64_t image, const Panel<T>& panel, int64_t first, int64_t count) const {
    alignas(64) T sums[kSums], total[kSums];
    const Correlator<T>& best = Correlator<T>::Best();
    const int64_t number = (portion_.image + image) * of_.groups + group_;
    T* const target = targets_ + (number * of_.filters + panel.first) * of_.target_pixels();
    const int64_t taps = static_cast<int64_t>(shifts_.size());
    const int64_t in_a_row = std::max<int64_t>(kProductsInARow / std::max<int64_t>(taps, 1), 1);
    const T* const bias = bias_ == nullptr ? nullptr : bias_ + group_ * of_.filters;
    for (int64_t done = 0; done < count;) {
      int64_t made = 0;
      const int64_t wanted = std::min(count - done, best.MostPositions(panel.tile));
      const TileLoop<T> loop = best.Tile(panel.tile, wanted, &made);
      TileOperands<T> operands{images_.Image(image) + first + done,
                               in_a_row,
                               of_.planes.ChannelSize(portion_.band.rows()),
                               shifts_.data(),
                               taps,
                               panel.filters};
      for (int64_t channel = 0; channel < of_.channels; channel += in_a_row) {
        operands.channels = std::min(in_a_row, of_.channels - channel);
        loop(operands, channel == 0 ? total : sums);
        if (channel != 0) AddSums(sums, panel.tile, made, total);
        operands.planes += in_a_row * operands.channel_step;
        operands.filters += in_a_row * taps * panel.tile;
      }
      writer_.Write(panel, bias, first + done, std::min(made, count - done), total, target);
      done += made;
    }
  }

  static constexpr int64_t kSums = Correlator<T>::kMostFilters * Correlator<T>::kMostPositions;

  static void AddSums(const T* sums, int64_t filters, int64_t positions, T* total) {
    for (int64_t f = 0; f < filters; ++f) {
#pragma GCC ivdep
      for (int64_t i = 0; i < positions; ++i) total[i] += sums[i];
      sums += Correlator<T>::kMostPositions;
      total += Correlator<T>::kMostPositions;
    }
  }

  const Direction& of_;
  const PackedClass<T>& taps_;
  const Portions::Portion portion_;
  const int64_t group_;
  const PackedImages<T>& images_;
  const T* const bias_;
  T* const targets_;
  const TileWriter<T> writer_;
  int64_t first_ = 0, last_ = 0;  // flat positions in the band
  std::vector<int64_t> shifts_;
};

template <typename T>
void Correlate(const Direction& of, int64_t row_taps, const T* sources, const T* filters,
               const T* bias, T* targets, const Context& context) {
  std::vector<std::unique_ptr<PackedClass<T>>> classes;
  for (const AxisClass& rows : of.planes.rows.classes) {
    for (const AxisClass& columns : of.planes.columns.classes) {
      classes.push_back(
          std::make_unique<PackedClass<T>>(of, rows, columns, row_taps, filters, context));
    }
  }
  const int64_t limit = FiltersStay<T>(of) ? kPackedBytes : kMostPackedBytes;
  const Portions portions(of, limit / sizeof(T), FiltersStay<T>(of) ? 1 : kManyPositions);
  const int64_t products = of.filters * of.channels * of.taps();
  const int64_t positions = of.planes.pitch() * portions.most_rows() * portions.most_images();
  const int64_t panels = classes.empty() ? 0 : classes.front()->panels();
  const int64_t parts = portions.PartsOf(panels, of.groups, 2);
  const int64_t grain = kGrainProducts / (products * positions / parts + 1) + 1;
  const int64_t tasks = portions.count() * of.groups * parts;
  ParallelFor(context, tasks, grain, [&](int64_t begin, int64_t end) {
    PackedImages<T> images(of, portions);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i % parts, group = i / parts % of.groups;
      const Portions::Portion portion = portions.At(i / parts / of.groups);
      if (part == 0 || i == begin) images.Pack(portion, group, sources);
      for (const auto& taps : classes) {
        PortionTargets<T>(of, *taps, portion, group, images, bias, targets)
            .Run(panels * part / parts, panels * (part + 1) / parts);
      }
    }
  });
}

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

/// Which part of the work is done: filters [first, last) of a group, portions [begin, end).
struct FilterTask {
  int64_t group, first, last;
  int64_t begin, end;
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

bool FitsCorrelation(const Convolution& sizes) {
  constexpr int64_t kLanes = 16;
  const int64_t pitch = sizes.width.positions + (sizes.width.extent() - 1) / sizes.width.stride;
  const int64_t made = (sizes.height.positions - 1) * pitch + sizes.width.positions;
  const int64_t vectors = (made + kLanes - 1) / kLanes;
  // With one channel a matrix product of patches has nothing to add up.
  return sizes.channels == 1 || sizes.filters == 1 || 5 * sizes.positions() > 2 * vectors * kLanes;
}

template <typename T>
void CorrelateMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                   T* maps, const Context& context) {
  Correlate(Direction::ToMaps(sizes), sizes.width.taps, images, filters, bias, maps, context);
}

template <typename T>
void CorrelateImages(const Convolution& sizes, const T* maps, const T* filters, const T* bias,
                     T* images, const Context& context) {
  Correlate(Direction::ToImages(sizes), sizes.width.taps, maps, filters, bias, images, context);
}

template <typename T>
void CorrelateFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                      const Context& context) {
  constexpr int64_t kMostPartialSums = 8;
  constexpr int64_t kPartialElements = int64_t{1} << 22;
  constexpr int64_t kLeastFilters = 32;  // that pay for images packed once more
  const Direction of = Direction::ToMaps(sizes);
  const Portions portions(of, kImagesBytes / sizeof(T), 2 * kManyPositions);
  const int64_t size = sizes.filters * sizes.patch(), all = size * sizes.groups;
  // A group's sum is made of partial ones, whose number depends on nothing but the sizes.
  const int64_t partials = std::clamp<int64_t>(
      std::min({portions.count(), kMostPartialSums, kPartialElements / all}), 1, portions.count());
  const std::unique_ptr<T[]> sums(new T[partials * all]());
  // Fewer portions than tasks: parts of the filters, too.
  const int64_t parts = partials < portions.count()
                            ? 1
                            : portions.PartsOf(sizes.filters, sizes.groups, kLeastFilters);
  ParallelFor(context, partials * sizes.groups * parts, 1, [&](int64_t begin, int64_t end) {
    FilterPortions<T> tasks(of, portions);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t part = i % parts, group = i / parts % sizes.groups;
      const int64_t partial = i / parts / sizes.groups;
      const FilterTask task{group, sizes.filters * part / parts, sizes.filters * (part + 1) / parts,
                            portions.count() * partial / partials,
                            portions.count() * (partial + 1) / partials};
      tasks.Add(task, images, maps, sums.get() + (partial * sizes.groups + group) * size);
    }
  });
  ParallelFor(context, all, 16384, [&](int64_t begin, int64_t end) {
    std::copy(sums.get() + begin, sums.get() + end, filters + begin);
    for (int64_t part = 1; part < partials; ++part) {
      const T* const from = sums.get() + part * all;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) filters[i] += from[i];
    }
  });
}

#define PM_INSTANTIATE(T)                                                                         \
  template void CorrelateMaps<T>(const Convolution&, const T*, const T*, const T*, T*,            \
                                 const Context&);                                                 \
  template void CorrelateImages<T>(const Convolution&, const T*, const T*, const T*, T*,          \
                                   const Context&);                                               \
  template void CorrelateFilters<T>(const Convolution&, const T*, const T*, T*, const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
