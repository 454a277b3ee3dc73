#include "cc/kernels/filter_tiles.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "cc/kernels/filter_tasks.h"
#include "cc/kernels/packed_images.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/transpose.h"

namespace paddlemend {
namespace {

constexpr int64_t kImagesBytes = int64_t{1} << 22;
constexpr int64_t kPositionsInARow = 128;  // whose maps and images stay in the first cache
constexpr int64_t kLeastChannels = 8;      // that keep the multipliers busy

/// How filters, channels and taps are cut into tiles. The sums of a group are [panels, blocks,
/// taps, channels of a block, filters of a panel].
template <typename T>
struct FilterTiling {
  explicit FilterTiling(const Direction& of) : filters(of.filters), channels(of.channels) {
    const Correlator<T>& best = Correlator<T>::Best();
    panel = std::min(best.FilterPanel(channels), best.FiltersOfVectors(filters));
    panels = (filters + panel - 1) / panel;
    const int64_t most = best.MostRowPositions(panel);
    blocks = (channels + most - 1) / most;
    block = (channels + blocks - 1) / blocks;
    taps = of.taps();
  }

  int64_t tile_size() const { return block * panel; }
  int64_t group_size() const { return panels * blocks * taps * tile_size(); }
  int64_t Offset(int64_t panel_number, int64_t block_number) const {
    return (panel_number * blocks + block_number) * taps * tile_size();
  }
  int64_t FiltersOf(int64_t number) const { return std::min(panel, filters - number * panel); }
  int64_t ChannelsOf(int64_t number) const { return std::min(block, channels - number * block); }

  int64_t filters, channels, taps;
  int64_t panel, panels;  // filters of one, and how many
  int64_t block, blocks;  // channels of one, and how many
};

/// The sums of some portions.
template <typename T>
class PortionTiles {
 public:
  PortionTiles(const Direction& of, const FilterTiling<T>& tiling, const Portions& portions)
      : of_(of), tiling_(tiling), portions_(portions), images_(of, portions) {
    const int64_t channel = of.planes.ChannelSize(portions.most_rows());
    const int64_t positions = portions.most_rows() * of.planes.columns.positions;
    blocks_.reset(new T[portions.most_images() * tiling.blocks * tiling.block * channel]);
    maps_.reset(new T[portions.most_images() * positions * tiling.panel]);
    for (int64_t i = 0; i < std::min(of.planes.columns.positions, kPositionsInARow); ++i) {
      columns_.push_back(i * tiling.block);
    }
  }

  /// Adds to `sums` of the group.
  void Add(const FilterTask& task, const T* images, const T* maps, T* sums) {
    for (int64_t number = task.begin; number < task.end; ++number) {
      const Portions::Portion portion = portions_.At(number);
      PackImages(portion, task.group, number, images);
      const std::vector<int64_t> shifts =
          ShiftsOf(of_.planes, of_.planes.rows.classes.front(), of_.planes.columns.classes.front(),
                   portion.band);
      for (int64_t panel = task.first; panel < task.last; ++panel) {
        PackMaps(portion, task.group, panel, maps);
        for (int64_t block = 0; block < tiling_.blocks; ++block) {
          T* const of_block = sums + tiling_.Offset(panel, block);
          for (int64_t i = 0; i < portion.images; ++i) {
            AddImage(portion.band, i, panel, block, shifts, of_block);
          }
        }
      }
    }
  }

 private:
  int64_t channel_size(const Band& band) const { return of_.planes.ChannelSize(band.rows()); }
  int64_t TileOf(int64_t panel) const {
    return Correlator<T>::Best().FiltersOfVectors(tiling_.FiltersOf(panel));
  }

  /// Planes [images, blocks, elements, channels of a block]. Does nothing if that is packed
  /// already, for other filters.
  void PackImages(const Portions::Portion& portion, int64_t group, int64_t number,
                  const T* images) {
    if (group == group_ && number == number_) return;
    group_ = group;
    number_ = number;
    images_.Pack(portion, group, images);
    const int64_t size = channel_size(portion.band);
    T* to = blocks_.get();
    for (int64_t i = 0; i < portion.images; ++i) {
      for (int64_t block = 0; block < tiling_.blocks; ++block, to += tiling_.block * size) {
        Transpose(images_.Image(i) + block * tiling_.block * size, size, tiling_.ChannelsOf(block),
                  size, to, tiling_.block);
      }
    }
  }

  /// Maps [images, positions, filters of the panel].
  void PackMaps(const Portions::Portion& portion, int64_t group, int64_t panel, const T* maps) {
    const int64_t width = of_.planes.columns.positions, tile = TileOf(panel);
    const int64_t positions = portion.band.rows() * width, count = tiling_.FiltersOf(panel);
    T* to = maps_.get();
    for (int64_t i = 0; i < portion.images; ++i, to += positions * tile) {
      const int64_t image = (portion.image + i) * of_.groups + group;
      const T* const from = maps +
                            (image * of_.filters + panel * tiling_.panel) * of_.target_pixels() +
                            portion.band.first * width;
      Transpose(from, of_.target_pixels(), count, positions, to, tile);
      for (int64_t p = 0; p < positions; ++p) {
        std::fill(to + p * tile + count, to + (p + 1) * tile, T(0));
      }
    }
  }

  /// Some positions at a time, for all taps.
  void AddImage(const Band& band, int64_t image, int64_t panel, int64_t block,
                const std::vector<int64_t>& shifts, T* sums) const {
    const int64_t width = of_.planes.columns.positions, pitch = of_.planes.pitch();
    const int64_t tile = TileOf(panel), step = tiling_.block;
    const T* const planes =
        blocks_.get() + (image * tiling_.blocks + block) * step * channel_size(band);
    const T* const maps = maps_.get() + image * band.rows() * width * tile;
    const TileLoop<T> loop = Correlator<T>::Best().FilterTile(tile, tiling_.ChannelsOf(block));
    const int64_t columns = std::min(width, kPositionsInARow), rows = kPositionsInARow / columns;
    for (int64_t row = 0; row < band.rows(); row += rows) {
      for (int64_t column = 0; column < width; column += columns) {
        const int64_t first = row * pitch + column;
        for (int64_t tap = 0; tap < tiling_.taps; ++tap) {
          loop({planes + (first + shifts[tap]) * step, std::min(rows, band.rows() - row),
                pitch * step, columns_.data(), std::min(columns, width - column),
                maps + (row * width + column) * tile, true},
               sums + tap * tiling_.tile_size());
        }
      }
    }
  }

  const Direction& of_;
  const FilterTiling<T>& tiling_;
  const Portions& portions_;
  PackedImages<T> images_;
  std::unique_ptr<T[]> blocks_, maps_;
  std::vector<int64_t> columns_;  // from a position to the next ones of its row
  int64_t group_ = -1, number_ = -1;
};

/// filters [filters, channels, taps] of a block of a panel, from several sums.
template <typename T>
void WriteBlock(const FilterTiling<T>& tiling, int64_t panel, int64_t block, const T* sums,
                int64_t count, int64_t sums_step, T* filters) {
  const int64_t tile = Correlator<T>::Best().FiltersOfVectors(tiling.FiltersOf(panel));
  const T* const from = sums + tiling.Offset(panel, block);
  for (int64_t f = 0; f < tiling.FiltersOf(panel); ++f) {
    T* to = filters +
            ((panel * tiling.panel + f) * tiling.channels + block * tiling.block) * tiling.taps;
    for (int64_t c = 0; c < tiling.ChannelsOf(block); ++c) {
      for (int64_t tap = 0; tap < tiling.taps; ++tap, ++to) {
        const T* const element = from + tap * tiling.tile_size() + c * tile + f;
        *to = *element;
        for (int64_t i = 1; i < count; ++i) *to += element[i * sums_step];
      }
    }
  }
}

}  // namespace

template <typename T>
bool FitsFilterTiles(const Convolution& sizes) {
  return sizes.channels >= kLeastChannels && LanesAreFilters<T>(Direction::ToMaps(sizes));
}

template <typename T>
void CorrelateFilterTiles(const Convolution& sizes, const T* images, const T* maps, T* filters,
                          const Context& context) {
  const Direction of = Direction::ToMaps(sizes);
  const FilterTiling<T> tiling(of);
  const Portions portions(of, kImagesBytes / sizeof(T), 2 * kManyPositions);
  const int64_t size = tiling.group_size(), all = size * of.groups;
  const FilterTasks tasks(portions, of.groups, all, tiling.panels, 1);
  const std::unique_ptr<T[]> sums(new T[tasks.partials() * all]());
  ParallelFor(context, tasks.count(), 1, [&](int64_t begin, int64_t end) {
    PortionTiles<T> tiles(of, tiling, portions);
    for (int64_t i = begin; i < end; ++i) {
      const FilterTask task = tasks.At(i);
      tiles.Add(task, images, maps, sums.get() + task.sums * size);
    }
  });
  const int64_t blocks = tiling.panels * tiling.blocks;
  ParallelFor(context, of.groups * blocks, 1 + 16384 / (tiling.tile_size() * tiling.taps),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t group = i / blocks;
                  WriteBlock(tiling, i % blocks / tiling.blocks, i % tiling.blocks,
                             sums.get() + group * size, tasks.partials(), all,
                             filters + group * sizes.filters * sizes.patch());
                }
              });
}

#define PM_INSTANTIATE(T)                               \
  template bool FitsFilterTiles<T>(const Convolution&); \
  template void CorrelateFilterTiles<T>(const Convolution&, const T*, const T*, T*, const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
