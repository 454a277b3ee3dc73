#include "cc/kernels/distinct_values.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/radix_sort.h"
#include "cc/kernels/sort_key.h"

namespace paddlemend {
namespace {

/// Keys of elements, and what is known of them: numbers lie in [least, least + span].
template <typename Key>
struct Keys {
  const Key* data;
  int64_t size;
  bool may_be_nan;  // kNaNKey means NaN
  Key least;
  Key span;

  bool IsNaN(int64_t i) const { return may_be_nan && data[i] == kNaNKey<Key>; }
};

template <typename T>
Keys<KeyOf<T>> MakeKeys(const T* x, int64_t n, KeyOf<T>* keys, const Context& context) {
  using Key = KeyOf<T>;
  constexpr int64_t kChunk = 1 << 15;
  struct Range {
    Key least;
    Key most;
  };
  std::vector<Range> ranges((n + kChunk - 1) / kChunk);
  ParallelFor(context, ranges.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t last = std::min(n, (chunk + 1) * kChunk);
      Key least = kNaNKey<Key>;
      Key most = 0;
      for (int64_t i = chunk * kChunk; i < last; ++i) {
        const Key key = SortKey(x[i]);
        keys[i] = key;
        least = std::min(least, key);
        const bool is_nan = kHasNaN<T> && key == kNaNKey<Key>;
        most = std::max(most, is_nan ? Key{0} : key);
      }
      ranges[chunk] = {least, most};
    }
  });
  Range all{kNaNKey<Key>, 0};
  for (const Range& range : ranges) {
    all = {std::min(all.least, range.least), std::max(all.most, range.most)};
  }
  // Without a number, any range will do.
  if (all.least > all.most) all = {0, 0};
  return {keys, n, kHasNaN<T>, all.least, static_cast<Key>(all.most - all.least)};
}

/// Numbers the NaNs, which follow `count` other values. Returns the number of all values.
template <typename Key>
int64_t AppendNaNs(const Keys<Key>& keys, int64_t count, Key* out, const DistinctResults& results) {
  if (!keys.may_be_nan) return count;
  for (int64_t i = 0; i < keys.size; ++i) {
    if (!keys.IsNaN(i)) continue;
    out[count] = kNaNKey<Key>;
    results.index.Set(count, i);
    results.counts.Set(count, 1);
    results.inverse.Set(i, count);
    ++count;
  }
  return count;
}

/// By a table with an entry for every key there may be: for a small span.
template <typename Number, typename Key>
int64_t DistinctByTable(const Keys<Key>& keys, Key* out, const DistinctResults& results,
                        const Context& context) {
  const int64_t entries = static_cast<int64_t>(keys.span) + 1;
  std::vector<Number> table(entries);
  std::vector<Number> first(results.index ? entries : 0);
  for (int64_t i = 0; i < keys.size; ++i) {
    if (keys.IsNaN(i)) continue;
    const Key entry = static_cast<Key>(keys.data[i] - keys.least);
    if (results.index && table[entry] == 0) first[entry] = static_cast<Number>(i);
    ++table[entry];
  }
  int64_t count = 0;
  for (int64_t entry = 0; entry < entries; ++entry) {
    if (table[entry] == 0) continue;
    out[count] = static_cast<Key>(keys.least + static_cast<Key>(entry));
    results.counts.Set(count, table[entry]);
    if (results.index) results.index.Set(count, first[entry]);
    table[entry] = static_cast<Number>(count++);
  }
  if (results.inverse) {
    ParallelFor(context, keys.size, 1 << 15, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (keys.IsNaN(i)) continue;
        results.inverse.Set(i, table[static_cast<Key>(keys.data[i] - keys.least)]);
      }
    });
  }
  return AppendNaNs(keys, count, out, results);
}

/// Distinct keys in the order of their first places.
template <typename Key>
class HashTable {
 public:
  static constexpr uint32_t kMostKeys = 1 << 13;

  HashTable() : slots_(kSlots), numbers_(kSlots, kMostKeys) {}

  /// The number of the key, a new one if it is new; kMostKeys if there is no room.
  uint32_t Find(Key key, int64_t place) {
    uint64_t at = (static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15u) >> (64 - kSlotBits);
    while (numbers_[at] != kMostKeys && slots_[at] != key) at = (at + 1) % kSlots;
    if (numbers_[at] == kMostKeys && keys.size() < kMostKeys) {
      slots_[at] = key;
      numbers_[at] = static_cast<uint32_t>(keys.size());
      keys.push_back(key);
      places.push_back(place);
      counts.push_back(0);
    }
    return numbers_[at];
  }

  std::vector<Key> keys;
  std::vector<int64_t> places;
  std::vector<int64_t> counts;

 private:
  static constexpr int kSlotBits = 15;
  static constexpr uint64_t kSlots = uint64_t{1} << kSlotBits;

  std::vector<Key> slots_;
  std::vector<uint32_t> numbers_;
};

/// By hashing: for few distinct values. Returns -1 if there are many.
template <typename Key>
int64_t DistinctByHash(const Keys<Key>& keys, Key* out, const DistinctResults& results,
                       const Context& context) {
  HashTable<Key> table;
  const int64_t most = keys.size / 8;
  for (int64_t i = 0; i < keys.size; ++i) {
    if (keys.IsNaN(i)) continue;
    const uint32_t number = table.Find(keys.data[i], i);
    if (number >= std::min<int64_t>(table.kMostKeys, most)) return -1;
    ++table.counts[number];
    results.inverse.Set(i, number);
  }
  const int64_t count = table.keys.size();
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int64_t a, int64_t b) { return table.keys[a] < table.keys[b]; });
  std::vector<int64_t> ranks(count);
  for (int64_t rank = 0; rank < count; ++rank) {
    const int64_t number = order[rank];
    ranks[number] = rank;
    out[rank] = table.keys[number];
    results.index.Set(rank, table.places[number]);
    results.counts.Set(rank, table.counts[number]);
  }
  if (results.inverse) {
    ParallelFor(context, keys.size, 1 << 15, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (!keys.IsNaN(i)) results.inverse.Set(i, ranks[results.inverse.Get(i)]);
      }
    });
  }
  return AppendNaNs(keys, count, out, results);
}

int BitWidth(uint64_t value) {
  int bits = 0;
  while (bits < 64 && value >> bits != 0) ++bits;
  return bits;
}

/// By sorting items whose keys are those of the elements less the least one.
template <typename Item, typename Key>
int64_t DistinctOfItems(const Keys<Key>& keys, Key* out, const DistinctResults& results,
                        const Context& context) {
  using Small = decltype(Item::key);
  const int64_t n = keys.size;
  const std::unique_ptr<Item[]> items(new Item[n]);
  const std::unique_ptr<Item[]> scratch(new Item[n]);
  const Key after_all = static_cast<Key>(keys.span + 1);  // a NaN
  ParallelFor(context, n, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      items[i].key = static_cast<Small>(
          keys.IsNaN(i) ? after_all : static_cast<Key>(keys.data[i] - keys.least));
      if constexpr (Item::kHasPlace) items[i].place = static_cast<decltype(Item::place)>(i);
    }
  });
  const int bits = BitWidth(keys.may_be_nan ? after_all : keys.span);
  const Item* const sorted =
      SortItems(items.get(), scratch.get(), n, bits, ByKeyAndPlace(), false, context);
  const auto is_nan = [&](const Item& item) {
    return keys.may_be_nan && item.key == static_cast<Small>(after_all);
  };
  return WriteGroups(
      sorted, n, results, context,
      [&](const Item& previous, const Item& item) {
        return previous.key != item.key || is_nan(item);
      },
      [&](int64_t number, const Item& item) {
        out[number] = is_nan(item) ? kNaNKey<Key> : static_cast<Key>(item.key + keys.least);
      });
}

/// Chooses the items: keys of 32 bits where they suffice, places only if somebody asks for them.
template <typename Key>
int64_t DistinctBySorting(const Keys<Key>& keys, Key* out, const DistinctResults& results,
                          const Context& context) {
  const bool is_narrow = static_cast<uint64_t>(keys.span) < UINT32_MAX;
  const bool is_short = keys.size <= int64_t{UINT32_MAX};
  if (!results.index && !results.inverse) {
    if (is_narrow) return DistinctOfItems<KeyItem<uint32_t>>(keys, out, results, context);
    return DistinctOfItems<KeyItem<uint64_t>>(keys, out, results, context);
  }
  if (!is_short) {
    return DistinctOfItems<PlacedItem<uint64_t, uint64_t>>(keys, out, results, context);
  }
  if (is_narrow) {
    return DistinctOfItems<PlacedItem<uint32_t, uint32_t>>(keys, out, results, context);
  }
  return DistinctOfItems<PlacedItem<uint64_t, uint32_t>>(keys, out, results, context);
}

template <typename Key>
int64_t DistinctKeys(const Keys<Key>& keys, Key* out, const DistinctResults& results,
                     const Context& context) {
  // Below this, neither a table of all 16-bit keys nor a hash table is worth its memory.
  constexpr int64_t kFew = 4096;
  const uint64_t most_entries = std::max<int64_t>(2 * keys.size, sizeof(Key) == 1 ? 256 : 0);
  if (static_cast<uint64_t>(keys.span) < most_entries) {
    if (keys.size <= int64_t{UINT32_MAX}) {
      return DistinctByTable<uint32_t>(keys, out, results, context);
    }
    return DistinctByTable<uint64_t>(keys, out, results, context);
  }
  if (keys.size >= kFew) {
    const int64_t count = DistinctByHash(keys, out, results, context);
    if (count >= 0) return count;
  }
  return DistinctBySorting(keys, out, results, context);
}

/// Turns keys into the values they stand for, in place.
template <typename T>
void KeysToValues(void* memory, int64_t count, const Context& context) {
  auto* const values = static_cast<T*>(memory);
  ParallelFor(context, count, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      KeyOf<T> key;
      std::memcpy(&key, values + i, sizeof(key));
      values[i] = FromSortKey<T>(key);
    }
  });
}

/// A zero has the sign of the first one.
template <typename T>
void RestoreSignOfZero(const T* x, int64_t n, T* out, int64_t count) {
  const auto key = [](const T& value) { return SortKey(value); };
  const KeyOf<T> zero = SortKey(T{});
  T* const found = std::lower_bound(
      out, out + count, zero, [&](const T& value, KeyOf<T> wanted) { return key(value) < wanted; });
  if (found == out + count || key(*found) != zero) return;
  *found = *std::find_if(x, x + n, [&](const T& value) { return key(value) == zero; });
}

/// The NaNs, which are last, have the bits they have in x.
template <typename T>
void RestoreNaNs(const T* x, int64_t n, T* out, int64_t count) {
  const auto is_nan = [](const T& value) { return SortKey(value) == kNaNKey<KeyOf<T>>; };
  if (count == 0 || !is_nan(out[count - 1])) return;
  T* const first = std::partition_point(out, out + count, std::not_fn(is_nan));
  std::copy_if(x, x + n, first, is_nan);
}

}  // namespace

int64_t DistinctValues(DType dtype, const void* x, int64_t n, void* out,
                       const DistinctResults& results, const Context& context) {
  return DispatchDType(dtype, [&](auto tag) -> int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (kIsComplex<T>) {
      return 0;
    } else {
      const T* const values = static_cast<const T*>(x);
      const std::unique_ptr<KeyOf<T>[]> memory(new KeyOf<T>[n]);
      const auto keys = MakeKeys(values, n, memory.get(), context);
      const int64_t count = DistinctKeys(keys, static_cast<KeyOf<T>*>(out), results, context);
      KeysToValues<T>(out, count, context);
      if constexpr (kHasNaN<T>) {
        RestoreSignOfZero(values, n, static_cast<T*>(out), count);
        RestoreNaNs(values, n, static_cast<T*>(out), count);
      }
      return count;
    }
  });
}

}  // namespace paddlemend
