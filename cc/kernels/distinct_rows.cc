#include "cc/kernels/distinct_rows.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "cc/kernels/element_math.h"
#include "cc/kernels/radix_sort.h"
#include "cc/kernels/sort_key.h"

namespace paddlemend {
namespace {

constexpr int64_t kPrefixBytes = sizeof(uint64_t);

uint8_t BigEndian(uint8_t key) { return key; }
uint16_t BigEndian(uint16_t key) { return __builtin_bswap16(key); }
uint32_t BigEndian(uint32_t key) { return __builtin_bswap32(key); }
uint64_t BigEndian(uint64_t key) { return __builtin_bswap64(key); }

/// Turns each element into the bytes of its key, the most significant one first: then memcmp
/// compares rows. Marks the rows that have a NaN.
template <typename T>
void ElementsToBytes(void* rows, int64_t n, int64_t length, uint8_t* has_nan,
                     const Context& context) {
  T* const elements = static_cast<T*>(rows);
  const int64_t grain = std::max<int64_t>(1, (1 << 14) / length);
  ParallelFor(context, n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      bool found = false;
      for (int64_t i = row * length; i < (row + 1) * length; ++i) {
        const KeyOf<T> key = SortKey(elements[i]);
        found |= kHasNaN<T> && key == kNaNKey<KeyOf<T>>;
        const KeyOf<T> bytes = BigEndian(key);
        std::memcpy(elements + i, &bytes, sizeof(bytes));
      }
      has_nan[row] = found;
    }
  });
}

/// Rows as bytes that memcmp orders.
struct ByteRows {
  const char* data;
  int64_t bytes;  // of a row

  const char* Row(int64_t place) const { return data + place * bytes; }

  /// The first bytes as a number that orders as they do.
  uint64_t Prefix(int64_t place) const {
    uint64_t prefix = 0;
    std::memcpy(&prefix, Row(place), std::min(bytes, kPrefixBytes));
    return BigEndian(prefix);
  }

  /// The order of two rows of one prefix.
  int CompareRest(int64_t a, int64_t b) const {
    if (bytes <= kPrefixBytes) return 0;
    return std::memcmp(Row(a) + kPrefixBytes, Row(b) + kPrefixBytes, bytes - kPrefixBytes);
  }
};

template <typename Number>
int64_t DistinctByteRows(const ByteRows& rows, int64_t n, const uint8_t* has_nan, int64_t* first,
                         const DistinctResults& results, const Context& context) {
  using Item = PlacedItem<uint64_t, Number>;
  const std::unique_ptr<Item[]> items(new Item[n]);
  const std::unique_ptr<Item[]> scratch(new Item[n]);
  ParallelFor(context, n, 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) items[i] = {rows.Prefix(i), static_cast<Number>(i)};
  });
  uint64_t least = ~uint64_t{0};
  uint64_t most = 0;
  for (int64_t i = 0; i < n; ++i) {
    least = std::min(least, items[i].key);
    most = std::max(most, items[i].key);
  }
  for (int64_t i = 0; i < n; ++i) items[i].key -= least;
  int bits = 0;
  while (bits < 64 && (most - least) >> bits != 0) ++bits;
  const auto less = [&](const Item& a, const Item& b) {
    if (a.key != b.key) return a.key < b.key;
    const int order = rows.CompareRest(a.place, b.place);
    return order != 0 ? order < 0 : a.place < b.place;
  };
  const bool refines = rows.bytes > kPrefixBytes;
  const Item* const sorted = SortItems(items.get(), scratch.get(), n, bits, less, refines, context);
  return WriteGroups(
      sorted, n, results, context,
      [&](const Item& a, const Item& b) {
        return a.key != b.key || has_nan[b.place] || rows.CompareRest(a.place, b.place) != 0;
      },
      [&](int64_t number, const Item& item) { first[number] = item.Place(); });
}

}  // namespace

int64_t DistinctRows(DType dtype, void* rows, int64_t n, int64_t length, int64_t* first,
                     const DistinctResults& results, const Context& context) {
  if (n == 0) return 0;
  std::vector<uint8_t> has_nan(n);
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!kIsComplex<T>) {
      ElementsToBytes<T>(rows, n, length, has_nan.data(), context);
    }
  });
  const ByteRows bytes{static_cast<const char*>(rows), length * ElementSize(dtype)};
  if (n <= int64_t{UINT32_MAX}) {
    return DistinctByteRows<uint32_t>(bytes, n, has_nan.data(), first, results, context);
  }
  return DistinctByteRows<uint64_t>(bytes, n, has_nan.data(), first, results, context);
}

}  // namespace paddlemend
