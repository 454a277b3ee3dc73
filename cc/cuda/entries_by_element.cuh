// The entries of an index along an axis by the element that they mean.
#pragma once

#include "cc/cuda/axis_map.cuh"
#include "cc/cuda/sort_pairs.cuh"

namespace paddlemend::cuda {

/// elements[number] = the element that entry `number` means, or 0 if it is out of range.
template <typename Key>
void WriteElements(const AxisMap& map, Key* elements) {
  ForEach(map.total, [=] __device__(int64_t i) {
    int64_t position, element;
    elements[i] = map.Locate(i, &position, &element) ? static_cast<Key>(element) : Key{0};
  });
}

/// places[i] = the position of entry places[i].
template <typename Place>
void NumbersToPositions(const AxisMap& map, Place* places) {
  if (map.columns == map.position_row && map.num_loops <= 1) return;  // they are the same
  ForEach(map.total, [=] __device__(int64_t i) {
    const int64_t row_number = map.by_columns.Divide(places[i]);
    const int64_t column = places[i] - row_number * map.columns;
    const int64_t block = map.by_count.Divide(row_number);
    int64_t element, position;
    map.LocateBlock(block, &element, &position);
    position += (row_number - block * map.count) * map.position_row + column;
    places[i] = static_cast<Place>(position);
  });
}

/// Entries sorted by their element, those of one element in the order of their positions.
template <typename Key, typename Place>
struct SortedEntries {
  const Key* elements;
  const Place* positions;
  int64_t count;

  __device__ __forceinline__ bool IsFirst(int64_t i) const {
    return i == 0 || elements[i - 1] != elements[i];
  }
  __device__ __forceinline__ bool IsOf(int64_t i, Key element) const {
    return i < count && elements[i] == element;
  }
};

template <typename Key, typename Place>
class EntriesByElement {
 public:
  explicit EntriesByElement(const AlongAxis& plan)
      : count_(plan.blocks * plan.count * plan.columns),
        elements_(count_),
        sorted_(Written(plan, elements_.data()), count_, plan.elements) {
    NumbersToPositions(AxisMap(plan), const_cast<Place*>(sorted_.places()));
  }

  SortedEntries<Key, Place> view() const { return {sorted_.keys(), sorted_.places(), count_}; }

 private:
  static const Key* Written(const AlongAxis& plan, Key* elements) {
    WriteElements(AxisMap(plan), elements);
    return elements;
  }

  const int64_t count_;
  const Temporary<Key> elements_;
  const SortedPairs<Key, Place> sorted_;
};

template <typename Place>
void WriteLast(const AxisMap& map, Place* last) {
  using Counter = std::conditional_t<sizeof(Place) == 4, int, long long>;
  ForEach(map.total, [=] __device__(int64_t i) {
    int64_t position, element;
    if (!map.Locate(i, &position, &element)) return;
    atomicMax(reinterpret_cast<Counter*>(last + element), static_cast<Counter>(i));
  });
}

/// For each element of x the number of its last entry, or -1.
template <typename Place>
class LastEntries {
 public:
  explicit LastEntries(const AlongAxis& plan) : last_(plan.elements) {
    SetBytes(last_.data(), 0xff, plan.elements * static_cast<int64_t>(sizeof(Place)));
    WriteLast(AxisMap(plan), last_.data());
  }

  const Place* data() const { return last_.data(); }

 private:
  const Temporary<Place> last_;
};

}  // namespace paddlemend::cuda
