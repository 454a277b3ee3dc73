// Sorting items by an unsigned key: by its leading bits at once, then within the runs that share
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace internal {

constexpr int kDigitBits = 11;

/// Splits n items into at most 16 chunks of one length.
inline int64_t ChunkLength(int64_t n) { return std::max<int64_t>(1 << 15, (n + 15) / 16); }

/// Moves the items to `to`, ordered by the `bits` of their keys from `shift` on; stable, whatever
/// the number of threads.
template <typename Item>
void SortByDigit(const Item* from, Item* to, int64_t n, int shift, int bits,
                 const Context& context) {
  const int64_t buckets = int64_t{1} << bits;
  const uint64_t mask = buckets - 1;
  const int64_t length = ChunkLength(n);
  const int64_t chunks = (n + length - 1) / length;
  std::vector<int64_t> places(chunks * buckets);
  const auto digit = [&](const Item& item) {
    return static_cast<int64_t>((static_cast<uint64_t>(item.key) >> shift) & mask);
  };
  ParallelFor(context, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      int64_t* const counts = &places[chunk * buckets];
      const int64_t last = std::min(n, (chunk + 1) * length);
      for (int64_t i = chunk * length; i < last; ++i) ++counts[digit(from[i])];
    }
  });
  int64_t place = 0;
  for (int64_t bucket = 0; bucket < buckets; ++bucket) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const int64_t count = places[chunk * buckets + bucket];
      places[chunk * buckets + bucket] = place;
      place += count;
    }
  }
  ParallelFor(context, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      int64_t* const next = &places[chunk * buckets];
      const int64_t last = std::min(n, (chunk + 1) * length);
      for (int64_t i = chunk * length; i < last; ++i) to[next[digit(from[i])]++] = from[i];
    }
  });
}

/// Sorts each run of items whose keys agree from `shift` on.
template <typename Item, typename Less>
void SortRuns(Item* items, int64_t n, int shift, const Less& less, const Context& context) {
  constexpr int64_t kGrain = 1 << 14;
  const auto prefix = [&](int64_t i) { return static_cast<uint64_t>(items[i].key) >> shift; };
  // A range sorts the runs that start in it. Those of others are not looked at: their items move.
  std::vector<int64_t> bounds;
  int64_t start = 0;
  for (int64_t i = 0; i < n; i += kGrain) {
    start = std::max(start, i);
    while (start > 0 && start < n && prefix(start) == prefix(start - 1)) ++start;
    bounds.push_back(start);
  }
  bounds.push_back(n);
  ParallelFor(context, bounds.size() - 1, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = bounds[begin]; i < bounds[end];) {
      int64_t stop = i + 1;
      while (stop < n && prefix(stop) == prefix(i)) ++stop;
      if (stop - i > 1) std::sort(items + i, items + stop, less);
      i = stop;
    }
  });
}

}  // namespace internal

/// Sorts n items with a member `key`, an unsigned integer of at most `bits` significant bits, by
/// `less`: a total order that never contradicts that of the keys. `refines`: it tells items of
/// equal keys apart otherwise than by their order in `items`. `scratch` has room for n items.
/// Returns the sorted items: `items` or `scratch`.
template <typename Item, typename Less>
Item* SortItems(Item* items, Item* scratch, int64_t n, int bits, const Less& less, bool refines,
                const Context& context) {
  constexpr int64_t kFew = 512;
  if (n < kFew) {
    std::sort(items, items + n, less);
    return items;
  }
  // Three passes settle 32-bit keys; of longer ones two leave short runs.
  constexpr int kMostBits = 3 * internal::kDigitBits;
  const int sorted_bits = bits <= kMostBits ? bits : 2 * internal::kDigitBits;
  const int shift = bits - sorted_bits;
  const int passes = (sorted_bits + internal::kDigitBits - 1) / internal::kDigitBits;
  Item* from = items;
  Item* to = scratch;
  for (int pass = 0, done = 0; pass < passes; ++pass) {
    const int width = (sorted_bits - done) / (passes - pass);
    internal::SortByDigit(from, to, n, shift + done, width, context);
    std::swap(from, to);
    done += width;
  }
  if (shift > 0 || refines) internal::SortRuns(from, n, shift, less, context);
  return from;
}

}  // namespace paddlemend
