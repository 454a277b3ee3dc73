#include "cc/kernels/slice_gather.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// Slices of `slice_bytes` bytes; a constant kBytes > 0, equal to it, makes the copy of one slice a
/// load and a store.
template <int64_t kBytes, typename Number>
void Gather(const char* x, int64_t outer, int64_t size, int64_t slice_bytes, const Number* indices,
            int64_t count, char* out, const Context& context) {
  constexpr int64_t kGrainBytes = 64 << 10;
  constexpr int64_t kLongSliceBytes = 2 << 10;
  const int64_t bytes = kBytes > 0 ? kBytes : slice_bytes;
  const int64_t grain = std::max<int64_t>(kGrainBytes / bytes, 1);
  ParallelFor(context, outer * count, grain, [=](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t o = begin / count;
      const int64_t first = begin - o * count;
      const int64_t last = std::min(count, first + end - begin);
      const char* const from = x + o * size * bytes;
      char* const to = out + o * count * bytes;
      for (int64_t i = first; i < last; ++i) {
        const char* const slice = from + int64_t{indices[i]} * bytes;
        if (kBytes > 0) {
          std::memcpy(to + i * kBytes, slice, kBytes);
        } else if (bytes >= kLongSliceBytes) {
          BulkCopy(to + i * bytes, slice, bytes, /*streaming=*/false);
        } else {
          LibraryCopy(to + i * bytes, slice, bytes);
        }
      }
      begin += last - first;
    }
  });
}

}  // namespace

template <typename Number>
void GatherSlices(const void* x, int64_t outer, int64_t size, int64_t slice_bytes,
                  const Number* indices, int64_t count, void* out, const Context& context) {
  if (outer == 0 || count == 0 || slice_bytes == 0) return;
  const auto gather = [&](auto bytes) {
    Gather<decltype(bytes)::value>(static_cast<const char*>(x), outer, size, slice_bytes, indices,
                                   count, static_cast<char*>(out), context);
  };
  switch (slice_bytes) {
    case 1:
      return gather(std::integral_constant<int64_t, 1>());
    case 2:
      return gather(std::integral_constant<int64_t, 2>());
    case 4:
      return gather(std::integral_constant<int64_t, 4>());
    case 8:
      return gather(std::integral_constant<int64_t, 8>());
    case 16:
      return gather(std::integral_constant<int64_t, 16>());
    default:
      return gather(std::integral_constant<int64_t, 0>());
  }
}

template void GatherSlices(const void*, int64_t, int64_t, int64_t, const int32_t*, int64_t, void*,
                           const Context&);
template void GatherSlices(const void*, int64_t, int64_t, int64_t, const int64_t*, int64_t, void*,
                           const Context&);

}  // namespace paddlemend
