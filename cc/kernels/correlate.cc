#include "cc/kernels/correlate.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "cc/kernels/packed_images.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/transpose.h"

namespace paddlemend {
namespace {

constexpr int64_t kPackedBytes = int64_t{1} << 18;      // that leave room in the second level cache
constexpr int64_t kMostPackedBytes = int64_t{3} << 18;  // that leave no room for all filters
constexpr int64_t kFilterBytes = int64_t{1} << 18;      // of all filters, in that room
constexpr int64_t kProductsInARow = 160;  // several short sums round less than a long one
constexpr int64_t kItems = 8;             // whose sums stay in the first cache
constexpr int64_t kGrainProducts = int64_t{1} << 18;  // worth a thread

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
      : rows_(rows), columns_(columns), lanes_are_filters_(LanesAreFilters<T>(of)) {
    for (const AxisTap& row : rows.taps) {
      for (const AxisTap& column : columns.taps) taps_.push_back(row.tap * row_taps + column.tap);
    }
    const Correlator<T>& best = Correlator<T>::Best();
    const int64_t panel =
        lanes_are_filters_ ? best.FilterPanel(of.planes.columns.positions) : best.panel();
    for (int64_t first = 0; first < of.filters; first += panel) {
      const int64_t count = std::min(panel, of.filters - first);
      const int64_t tile =
          lanes_are_filters_ ? best.FiltersOfVectors(count) : best.FiltersOfTile(count);
      panels_.push_back({first, count, tile, nullptr});
      group_size_ += panels_.back().tile * of.channels * taps();
    }
    packed_.reset(new T[group_size_ * of.groups]);
    const int64_t panels = static_cast<int64_t>(panels_.size());
    const int64_t grain = 1 + (1 << 14) / (1 + of.channels * taps() * panel);
    ParallelFor(context, panels * of.groups, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Pack(of, i / panels, i % panels, filters);
    });
  }

  const AxisClass& rows() const { return rows_; }
  const AxisClass& columns() const { return columns_; }
  bool lanes_are_filters() const { return lanes_are_filters_; }
  int64_t taps() const { return static_cast<int64_t>(taps_.size()); }
  int64_t group_size() const { return group_size_; }
  /// Whether no filter has an element that is infinite or NaN.
  bool is_finite() const { return is_finite_; }
  int64_t panels() const { return static_cast<int64_t>(panels_.size()); }

  Panel<T> At(const Direction& of, int64_t group, int64_t number) const {
    Panel<T> panel = panels_[number];
    // All but the last one are full.
    panel.filters =
        packed_.get() + group * group_size_ + number * panels_.front().tile * of.channels * taps();
    return panel;
  }

 private:
  void Pack(const Direction& of, int64_t group, int64_t number, const T* filters) {
    const Panel<T> panel = At(of, group, number);
    const T* const from =
        filters + group * of.filters * of.channels * of.taps() + panel.first * of.filter_step;
    T* const packed = const_cast<T*>(panel.filters);
    const int64_t rows = of.channels * taps();
    if (panel.count < panel.tile) std::fill_n(packed, rows * panel.tile, T(0));
    if (taps() == of.taps() && of.channel_step == of.taps()) {
      Transpose(from, of.filter_step, panel.count, rows, packed, panel.tile);
    } else if (taps() == of.taps()) {
      for (int64_t channel = 0; channel < of.channels; ++channel) {
        Transpose(from + channel * of.channel_step, of.filter_step, panel.count, taps(),
                  packed + channel * taps() * panel.tile, panel.tile);
      }
    } else {
      PackSome(of, panel, from, packed);
    }
    bool is_finite = true;
    RunBest<FiniteLoop<T>>(panel.filters, rows * panel.tile, &is_finite);
    if (!is_finite) is_finite_ = false;
  }

  /// The taps of one class of several.
  void PackSome(const Direction& of, const Panel<T>& panel, const T* from, T* to) const {
    for (int64_t channel = 0; channel < of.channels; ++channel) {
      for (const int64_t tap : taps_) {
        const T* const element = from + channel * of.channel_step + tap;
        for (int64_t f = 0; f < panel.count; ++f) to[f] = element[f * of.filter_step];
        to += panel.tile;
      }
    }
  }

  const AxisClass& rows_;
  const AxisClass& columns_;
  const bool lanes_are_filters_;
  std::vector<int64_t> taps_;
  std::vector<Panel<T>> panels_;
  int64_t group_size_ = 0;
  std::unique_ptr<T[]> packed_;
  std::atomic<bool> is_finite_{true};
};

/// Neighbouring positions of an image, as many as one loop makes at most.
struct PositionTile {
  int64_t image, first, count;
};

/// What one loop makes.
template <typename T>
struct TileSums {
  PositionTile positions;
  Panel<T> panel;
  T* target;
  TileLoop<T> loop;
  int64_t made;  // positions: at least those of the tile
  T* sums;       // [panel.tile, made] or, with lanes of filters, [made, panel.tile]

  int64_t size() const { return panel.tile * made; }
};

/// Writes sums of positions to where they belong.
template <typename T>
class TileWriter {
 public:
  TileWriter(const Direction& of, const PackedClass<T>& taps, const Band& band)
      : of_(of), taps_(taps), band_(band), pitch_(of.planes.pitch()) {}

  void Write(const TileSums<T>& of, const T* bias) const {
    ForEachRun(of, [&](int64_t at, int64_t length, T* to) {
      if (taps_.lanes_are_filters()) {
        WriteAcross(of, bias, at, length, to);
      } else {
        WriteRun(of, bias, at, length, to);
      }
    });
  }

  /// Asks for part `part` of `parts` of the memory that Write will write to. A processor stops when
  /// it has asked for a dozen lines that do not come from a cache.
  void Prefetch(const TileSums<T>& of, int64_t part, int64_t parts) const {
    constexpr int64_t kLine = 64 / sizeof(T);
    const int64_t step = of_.planes.columns.target_step;
    const int64_t end = of.panel.count * (part + 1) / parts;
    ForEachRun(of, [&](int64_t, int64_t length, T* to) {
      for (int64_t f = of.panel.count * part / parts; f < end; ++f) {
        const T* const row = to + f * of_.target_pixels();
        for (int64_t i = 0; i < length * step; i += kLine) __builtin_prefetch(row + i, 1);
      }
    });
  }

 private:
  /// Calls `function(number of the first one, length, place)` for positions that are neighbours in
  /// the target.
  template <typename Function>
  void ForEachRun(const TileSums<T>& of, const Function& function) const {
    const ShiftedAxis& columns = of_.planes.columns;
    const AxisClass& class_columns = taps_.columns();
    int64_t row = of.positions.first / pitch_, column = of.positions.first % pitch_;
    for (int64_t at = 0; at < of.positions.count; ++row) {
      const int64_t length = std::min(of.positions.count - at, pitch_ - column);
      const int64_t begin = std::max(class_columns.begin, column);
      const int64_t end = std::min(class_columns.end, column + length);
      if (begin < end) {
        const int64_t line =
            (row + band_.first) * of_.planes.rows.target_step + taps_.rows().origin;
        T* const to = of.target + line * columns.target_size + begin * columns.target_step +
                      class_columns.origin;
        function(at + begin - column, end - begin, to);
      }
      at += length;
      column = 0;
    }
  }

  void WriteRun(const TileSums<T>& of, const T* bias, int64_t at, int64_t count, T* to) const {
    const int64_t step = of_.planes.columns.target_step;
    const T* sums = of.sums + at;
    for (int64_t f = 0; f < of.panel.count; ++f) {
      const T start = bias == nullptr ? T(0) : bias[of.panel.first + f];
      if (step == 1 && bias == nullptr) {
        std::copy_n(sums, count, to);
      } else if (step == 1) {
#pragma GCC ivdep
        for (int64_t i = 0; i < count; ++i) to[i] = sums[i] + start;
      } else {
#pragma GCC ivdep
        for (int64_t i = 0; i < count; ++i) to[i * step] = sums[i] + start;
      }
      sums += of.made;
      to += of_.target_pixels();
    }
  }

  /// As WriteRun, from sums whose lanes are filters: four positions of four filters at a time.
  void WriteAcross(const TileSums<T>& of, const T* bias, int64_t at, int64_t count, T* to) const {
    const int64_t step = of_.planes.columns.target_step, tile = of.panel.tile;
    const T* const sums = of.sums + at * tile;
    for (int64_t f = 0; f < of.panel.count; f += 4) {
      const int64_t filters = std::min<int64_t>(of.panel.count - f, 4);
      T starts[4] = {};
      if (bias != nullptr) std::copy_n(bias + of.panel.first + f, filters, starts);
      T* const row = to + f * of_.target_pixels();
      int64_t i = 0;
      if (filters == 4 && step == 1) {
        for (; i + 4 <= count; i += 4) {
          AddTransposed4(sums + i * tile + f, tile, starts, row + i, of_.target_pixels());
        }
      }
      for (; i < count; ++i) {
        for (int64_t j = 0; j < filters; ++j) {
          row[j * of_.target_pixels() + i * step] = sums[i * tile + f + j] + starts[j];
        }
      }
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
      : of_(of),
        taps_(taps),
        portion_(portion),
        group_(group),
        images_(images),
        bias_(bias),
        targets_(targets),
        writer_(of, taps, portion.band) {
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
    if (first_ >= last_ || begin >= end) return;
    const int64_t filters = taps_.At(of_, group_, begin).tile;
    const std::vector<PositionTile> tiles =
        taps_.lanes_are_filters() ? RowTiles(Correlator<T>::Best().MostRowPositions(filters))
                                  : FlatTiles(Correlator<T>::Best().MostPositions(filters));
    const int64_t tile_count = static_cast<int64_t>(tiles.size());
    // All filters come back for each tile; or, if they do not stay in the cache, pass few times.
    const int64_t panel_step = FiltersStay<T>(of_) ? std::min(end - begin, kItems) : 1;
    const int64_t tile_step = kItems / panel_step;
    alignas(64) T sums[kItems * Correlator<T>::kMostSums];
    std::vector<TileSums<T>> items;
    for (int64_t panel = begin; panel < end; panel += panel_step) {
      for (int64_t tile = 0; tile < tile_count; tile += tile_step) {
        items.clear();
        T* free = sums;
        for (int64_t p = panel; p < std::min(panel + panel_step, end); ++p) {
          for (int64_t t = tile; t < std::min(tile + tile_step, tile_count); ++t) {
            items.push_back(ItemOf(tiles[t], taps_.At(of_, group_, p), free));
            free += items.back().size();
          }
        }
        RunItems(items);
      }
    }
  }

 private:
  /// The tiles of all images, parts of rows.
  std::vector<PositionTile> RowTiles(int64_t most) const {
    const AxisClass& columns = taps_.columns();
    const int64_t pitch = of_.planes.pitch();
    // Without anything between them, all rows are one.
    const bool is_one = columns.end - columns.begin == pitch;
    const int64_t row = is_one ? last_ - first_ : columns.end - columns.begin;
    const int64_t tiles = (row + most - 1) / most, length = (row + tiles - 1) / tiles;
    std::vector<PositionTile> out;
    for (int64_t image = 0; image < portion_.images; ++image) {
      for (int64_t start = first_; start < last_; start += is_one ? row : pitch) {
        for (int64_t at = start; at < start + row; at += length) {
          out.push_back({image, at, std::min(length, start + row - at)});
        }
      }
    }
    return out;
  }

  /// The tiles of all images, whatever lies between rows.
  std::vector<PositionTile> FlatTiles(int64_t most) const {
    const int64_t lanes = Correlator<T>::Best().lanes();
    const int64_t vectors = (last_ - first_ + lanes - 1) / lanes;
    const int64_t tiles = (vectors * lanes + most - 1) / most;
    const int64_t length = (vectors + tiles - 1) / tiles * lanes;
    std::vector<PositionTile> out;
    for (int64_t image = 0; image < portion_.images; ++image) {
      for (int64_t at = first_; at < last_; at += length) {
        out.push_back({image, at, std::min(length, last_ - at)});
      }
    }
    return out;
  }

  TileSums<T> ItemOf(const PositionTile& positions, const Panel<T>& panel, T* sums) const {
    const int64_t image = (portion_.image + positions.image) * of_.groups + group_;
    T* const target = targets_ + (image * of_.filters + panel.first) * of_.target_pixels();
    TileSums<T> item{positions, panel, target, nullptr, 0, sums};
    const Correlator<T>& best = Correlator<T>::Best();
    if (taps_.lanes_are_filters()) {
      item.made = positions.count;
      item.loop = best.FilterTile(panel.tile, positions.count);
    } else {
      item.loop = best.Tile(panel.tile, positions.count, &item.made);
    }
    return item;
  }

  /// Makes all items, some channels of each at a time: these stay in the first cache meanwhile.
  void RunItems(const std::vector<TileSums<T>>& items) const {
    const int64_t taps = static_cast<int64_t>(shifts_.size());
    const int64_t in_a_row = std::max<int64_t>(kProductsInARow / std::max<int64_t>(taps, 1), 1);
    const int64_t channel_step = of_.planes.ChannelSize(portion_.band.rows());
    const int64_t rows = (of_.channels + in_a_row - 1) / in_a_row;
    for (int64_t channel = 0; channel < of_.channels; channel += in_a_row) {
      for (const TileSums<T>& item : items) {
        writer_.Prefetch(item, channel / in_a_row, rows);
        const T* const planes =
            images_.Image(item.positions.image) + item.positions.first + channel * channel_step;
        item.loop({planes, std::min(in_a_row, of_.channels - channel), channel_step, shifts_.data(),
                   taps, item.panel.filters + channel * taps * item.panel.tile, channel != 0},
                  item.sums);
      }
    }
    const T* const bias = bias_ == nullptr ? nullptr : bias_ + group_ * of_.filters;
    for (const TileSums<T>& item : items) writer_.Write(item, bias);
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
using PackedClasses = std::vector<std::unique_ptr<PackedClass<T>>>;

template <typename T>
PackedClasses<T> PackClasses(const Direction& of, int64_t row_taps, const T* filters,
                             const Context& context) {
  PackedClasses<T> classes;
  for (const AxisClass& rows : of.planes.rows.classes) {
    for (const AxisClass& columns : of.planes.columns.classes) {
      classes.push_back(
          std::make_unique<PackedClass<T>>(of, rows, columns, row_taps, filters, context));
    }
  }
  return classes;
}

template <typename T>
void Correlate(const Direction& of, const PackedClasses<T>& classes, const T* sources,
               const T* bias, T* targets, const Context& context) {
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
  const Direction of = Direction::ToMaps(sizes);
  const PackedClasses<T> classes = PackClasses(of, sizes.width.taps, filters, context);
  Correlate(of, classes, images, bias, maps, context);
}

template <typename T>
bool CorrelateImages(const Convolution& sizes, const T* maps, const T* filters, const T* bias,
                     T* images, const Context& context) {
  const Direction of = Direction::ToImages(sizes);
  // All taps may lie in the padding.
  if (of.planes.rows.positions * of.planes.columns.positions == 0) return true;
  const PackedClasses<T> classes = PackClasses(of, sizes.width.taps, filters, context);
  // Beyond the maps are zeros, which pixels near the edge would meet: infinity times 0 is NaN.
  for (const auto& taps : classes) {
    if (!taps->is_finite()) return false;
  }
  Correlate(of, classes, maps, bias, images, context);
  return true;
}

#define PM_INSTANTIATE(T)                                                                \
  template void CorrelateMaps<T>(const Convolution&, const T*, const T*, const T*, T*,   \
                                 const Context&);                                        \
  template bool CorrelateImages<T>(const Convolution&, const T*, const T*, const T*, T*, \
                                   const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
