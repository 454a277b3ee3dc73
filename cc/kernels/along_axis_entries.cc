#include "cc/kernels/along_axis_entries.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "cc/kernels/cpu_features.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// Whether entries are outside [lowest, size), and whether there are negative ones.
struct Findings {
  bool bad = false;
  bool negative = false;
};

template <typename Entry>
[[gnu::always_inline]] inline Findings ScanLoop(const Entry* entries, int64_t count, int64_t lowest,
                                                int64_t size) {
  Entry least = 0;
  Entry greatest = 0;
  for (int64_t i = 0; i < count; ++i) {
    least = std::min(least, entries[i]);
    greatest = std::max(greatest, entries[i]);
  }
  // Of no entry the two are 0, which an axis of size 0 does not have either.
  return Findings{count > 0 && (least < lowest || greatest >= size), least < 0};
}

template <typename Entry>
PM_TARGET_AVX2 Findings ScanAvx2(const Entry* entries, int64_t count, int64_t lowest,
                                 int64_t size) {
  return ScanLoop(entries, count, lowest, size);
}

template <typename Entry>
Findings Scan(const Entry* entries, int64_t count, int64_t lowest, int64_t size) {
  if (HasAvx2()) return ScanAvx2(entries, count, lowest, size);
  return ScanLoop(entries, count, lowest, size);
}

/// "[1, 2]": where the entry with this number is in an index of that shape.
std::string PlaceInIndex(const TensorLayout& index, int64_t position) {
  int64_t coordinates[kMaxNdim];
  for (int d = index.ndim - 1; d >= 0; --d) {
    coordinates[d] = position % index.shape[d];
    position /= index.shape[d];
  }
  return index.ndim == 0 ? "" : ShapeString(coordinates, index.ndim);
}

/// Looks at all entries and sets *has_negative.
template <typename Entry>
Status CheckAll(const TensorLayout& index, const Entry* entries, int64_t size,
                NegativeIndex negative, const Context& context, bool* has_negative) {
  constexpr int64_t kGrain = 1 << 17;
  const int64_t count = Numel(index);
  const int64_t lowest = negative == NegativeIndex::kIsAnError ? 0 : -size;
  std::atomic<bool> found_bad{false};
  std::atomic<bool> found_negative{false};
  ParallelFor(context, count, kGrain, [&](int64_t begin, int64_t end) {
    const Findings findings = Scan(entries + begin, end - begin, lowest, size);
    if (findings.bad) found_bad.store(true, std::memory_order_relaxed);
    if (findings.negative) found_negative.store(true, std::memory_order_relaxed);
  });
  *has_negative = found_negative.load();
  if (!found_bad.load()) return OkStatus();
  const auto is_bad = [&](Entry entry) { return entry < lowest || entry >= size; };
  const int64_t position = std::find_if(entries, entries + count, is_bad) - entries;
  return InvalidArgument("index", PlaceInIndex(index, position), " is ", entries[position],
                         ", expected ", lowest, " <= index < ", size);
}

}  // namespace

Status CheckEntries(const TensorView& index, const void* entries, int64_t size,
                    NegativeIndex negative, const Context& context, bool* has_negative) {
  if (index.dtype == DType::kInt32) {
    return CheckAll(index, static_cast<const int32_t*>(entries), size, negative, context,
                    has_negative);
  }
  return CheckAll(index, static_cast<const int64_t*>(entries), size, negative, context,
                  has_negative);
}

}  // namespace paddlemend
