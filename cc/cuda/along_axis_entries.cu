#include "cc/cuda/launch.cuh"
#include "cc/kernels/along_axis_entries.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename Entry>
void FindBad(const Entry* entries, int64_t count, int64_t least, int64_t size, BadEntry* word) {
  ForEach(count, [=] __device__(int64_t i) {
    if (entries[i] < least || entries[i] >= size) atomicMin(word, static_cast<BadEntry>(i));
  });
}

}  // namespace
}  // namespace cuda

/// Kernels look at every entry they use, so a long index is not read for its checks alone: then
/// `out` may have been written before an entry out of range is found.
Status CheckEntries(const TensorView& index, const void* entries, int64_t size,
                    NegativeIndex negative, const Context&, bool* has_negative) {
  constexpr int64_t kShort = 1 << 22;
  const int64_t count = Numel(index);
  const int64_t least = negative == NegativeIndex::kIsAnError ? 0 : -size;
  *has_negative = negative == NegativeIndex::kCountsFromTheEnd;
  if (count == 0) return OkStatus();
  cuda::BadEntry* const word = cuda::Call::Current().CheckIndex({"index", index, least, size});
  if (count > kShort && size > 0) return OkStatus();
  if (index.dtype == DType::kInt32) {
    cuda::FindBad(static_cast<const int32_t*>(entries), count, least, size, word);
  } else {
    cuda::FindBad(static_cast<const int64_t*>(entries), count, least, size, word);
  }
  return OkStatus();
}

}  // namespace paddlemend
