// The inner loops of convolutions: sums of products of planes that are shifted in memory.
//
// Where every tap of a filter is a shift, neither a matrix of patches nor a copy per tap is needed:
// a vector of neighbouring positions is loaded from as many places as there are taps; or a vector
// of filters is multiplied with the elements that each of some positions finds there.
#pragma once

#include <cstdint>

namespace paddlemend {

/// What a tile of positions of several filters is made of.
template <typename T>
struct TileOperands {
  const T* planes;  // at the first position of the tile
  int64_t channels;
  int64_t channel_step;   // from a plane to the next one
  const int64_t* shifts;  // of each tap, from a position
  int64_t taps;
  const T* filters;  // [channels, taps, filters of the tile]
  bool adds;         // to what the sums are, instead of writing them
};

/// Makes sums [filters of the tile, positions that it makes] with lanes of positions, or
/// [positions, filters of the tile] with lanes of filters.
template <typename T>
using TileLoop = void (*)(const TileOperands<T>& of, T* sums);

/// Maps of some filters with some shifted planes, whose products are added up over all positions of
/// some images.
template <typename T>
struct DotOperands {
  const T* maps;           // at the first position
  int64_t map_step;        // from a map to the next one
  const T* const* planes;  // each at the first position, shifted
  int64_t positions;       // of an image, a multiple of lanes()
  int64_t images;
  int64_t map_image_step, plane_image_step;  // from an image to the next one
  T* sums;                                   // sums[map · sums_step + plane] is added to
  int64_t sums_step;
};

template <typename T>
using DotLoop = void (*)(const DotOperands<T>& of);

/// The loops for this processor.
template <typename T>
class Correlator {
 public:
  static constexpr int64_t kMostPositions = 128;  // of a tile
  static constexpr int64_t kMostSums = 512;
  static constexpr int64_t kDotMaps = 4;
  static constexpr int64_t kDotPlanes = 6;

  static const Correlator& Best();

  int64_t lanes() const { return lanes_; }

  // Lanes of positions.

  /// Filters of a full tile.
  int64_t panel() const { return panel_; }

  /// The least number of filters, at least `filters` of up to panel(), that there is a loop for.
  int64_t FiltersOfTile(int64_t filters) const;
  /// The most positions of a tile of so many filters, as given by FiltersOfTile.
  int64_t MostPositions(int64_t filters) const;
  /// The loop for so many filters and at least so many positions; it makes *made of them.
  TileLoop<T> Tile(int64_t filters, int64_t positions, int64_t* made) const;

  // Lanes of filters.

  /// Filters of a full tile of neighbouring positions, of which there are `row`.
  int64_t FilterPanel(int64_t row) const;
  /// `filters` of up to a panel, rounded up to whole vectors that there is a loop for.
  int64_t FiltersOfVectors(int64_t filters) const;
  /// The most positions of a tile of so many filters, as given by FiltersOfVectors.
  int64_t MostRowPositions(int64_t filters) const { return most_[VectorsIndex(filters)]; }
  /// The loop for so many filters and exactly so many positions.
  TileLoop<T> FilterTile(int64_t filters, int64_t positions) const {
    return filter_tiles_[VectorsIndex(filters)][positions - 1];
  }

  // Products of maps and planes.

  /// The loop for `maps` of up to kDotMaps, 1 or all of them, and up to kDotPlanes planes.
  DotLoop<T> Dot(int64_t maps, int64_t planes) const { return dots_[maps == kDotMaps][planes - 1]; }

  // Filled in by Best() alone.
  struct TileEntry {
    int64_t filters, vectors;
    TileLoop<T> loop;
  };
  static constexpr int kMostTiles = 16;

  static constexpr int kVectorCounts = 3;  // 1, 2 and 4
  static constexpr int kMostRowPositions = 14;

  int VectorsIndex(int64_t filters) const {
    return filters == lanes_ ? 0 : filters == 2 * lanes_ ? 1 : 2;
  }

  int64_t lanes_, panel_;
  int64_t most_[kVectorCounts];  // positions; 0 where there is no loop
  TileLoop<T> filter_tiles_[kVectorCounts][kMostRowPositions];
  TileEntry tiles_[kMostTiles];
  int tile_count_;
  DotLoop<T> dots_[2][kDotPlanes];
};

}  // namespace paddlemend
