// What the ways to find distinct values share: where results go, and groups of sorted items.
#pragma once

#include <cstdint>
#include <vector>

#include "cc/kernels/parallel.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Row-major memory for int32 or int64 numbers, or none for a result that is not wanted.
struct NumberArray {
  int32_t* narrow = nullptr;
  int64_t* wide = nullptr;

  explicit operator bool() const { return narrow != nullptr || wide != nullptr; }

  void Set(int64_t i, int64_t number) const {
    if (wide != nullptr) {
      wide[i] = number;
    } else if (narrow != nullptr) {
      narrow[i] = static_cast<int32_t>(number);
    }
  }

  int64_t Get(int64_t i) const { return wide != nullptr ? wide[i] : narrow[i]; }
};

/// For each distinct value its first place and its count; for each place its value's number.
struct DistinctResults {
  NumberArray index;
  NumberArray inverse;
  NumberArray counts;
};

/// A key without its place, where nobody asks for places.
template <typename Key>
struct KeyItem {
  Key key;
  static constexpr bool kHasPlace = false;
  int64_t Place() const { return 0; }
};

template <typename Key, typename Number>
struct PlacedItem {
  Key key;
  Number place;
  static constexpr bool kHasPlace = true;
  int64_t Place() const { return static_cast<int64_t>(place); }
};

/// Orders by key, then by place.
struct ByKeyAndPlace {
  template <typename Item>
  bool operator()(const Item& a, const Item& b) const {
    if constexpr (Item::kHasPlace) {
      return a.key != b.key ? a.key < b.key : a.place < b.place;
    } else {
      return a.key < b.key;
    }
  }
};

/// Writes the results for sorted items: a group starts at an item that `starts(previous, item)`,
/// and `emit(number, item)` is called with the first item of each group, from several threads.
/// Returns the number of groups.
template <typename Item, typename Starts, typename Emit>
int64_t WriteGroups(const Item* items, int64_t n, const DistinctResults& results,
                    const Context& context, const Starts& starts, const Emit& emit) {
  constexpr int64_t kChunk = 1 << 15;
  const int64_t chunks = (n + kChunk - 1) / kChunk;
  const auto is_start = [&](int64_t i) { return i == 0 || starts(items[i - 1], items[i]); };
  std::vector<int64_t> numbers(chunks + 1);
  ParallelFor(context, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t last = std::min(n, (chunk + 1) * kChunk);
      int64_t count = 0;
      for (int64_t i = chunk * kChunk; i < last; ++i) count += is_start(i);
      numbers[chunk + 1] = count;
    }
  });
  for (int64_t chunk = 0; chunk < chunks; ++chunk) numbers[chunk + 1] += numbers[chunk];
  ParallelFor(context, chunks, 1, [&](int64_t begin, int64_t end) {
    // The groups that start in these chunks; the last one may end in a later one.
    const int64_t last = std::min(n, end * kChunk);
    int64_t i = begin * kChunk;
    while (i < last && !is_start(i)) ++i;
    for (int64_t number = numbers[begin]; i < last; ++number) {
      emit(number, items[i]);
      results.index.Set(number, items[i].Place());
      int64_t stop = i;
      do {
        if constexpr (Item::kHasPlace) results.inverse.Set(items[stop].Place(), number);
        ++stop;
      } while (stop < n && !is_start(stop));
      results.counts.Set(number, stop - i);
      i = stop;
    }
  });
  return numbers[chunks];
}

}  // namespace paddlemend
