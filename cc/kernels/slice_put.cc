#include "cc/kernels/slice_put.h"

#include <cstring>

#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/positions_by_owner.h"

namespace paddlemend {
namespace {

/// Destinations lie anywhere: they are asked for some positions ahead.
constexpr int64_t kAhead = 32;

/// Slices of a constant size: the copy of one is a load and a store.
template <int64_t kBytes, typename Number, typename Position>
void PutShort(const SliceSource& slices, const Number* indices, char* out, int64_t n,
              const Position& position) {
  const char* const from = static_cast<const char*>(slices.data);
  const int64_t stride = slices.stride;
  const auto put = [&](int64_t i) {
    const int64_t at = position(i);
    std::memcpy(out + int64_t{indices[at]} * kBytes, from + at * stride, kBytes);
  };
  int64_t i = 0;
  for (; i + kAhead < n; ++i) {
    __builtin_prefetch(out + int64_t{indices[position(i + kAhead)]} * kBytes, 1);
    put(i);
  }
  for (; i < n; ++i) put(i);
}

template <typename Number, typename Position>
void PutLong(const SliceSource& slices, const Number* indices, char* out, int64_t n,
             const Position& position) {
  const char* const from = static_cast<const char*>(slices.data);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = position(i);
    BulkCopy(out + int64_t{indices[at]} * slices.bytes, from + at * slices.stride, slices.bytes,
             /*streaming=*/false);
  }
}

template <int64_t kBytes, typename Number>
void Put(const SliceSource& slices, const Number* indices, char* out, const Context& context) {
  constexpr int64_t kGrainBytes = 128 << 10;
  constexpr int64_t kBytesOfOnePosition = 16;  // what finding it costs, as bytes to copy
  const int64_t grain = kGrainBytes / (slices.bytes + kBytesOfOnePosition) + 1;
  ForEachPositionByOwner(context, indices, slices.count, slices.bytes, grain,
                         [&](int64_t n, const auto& position) {
                           if constexpr (kBytes > 0) {
                             PutShort<kBytes>(slices, indices, out, n, position);
                           } else {
                             PutLong(slices, indices, out, n, position);
                           }
                         });
}

}  // namespace

template <typename Number>
void PutSlices(const SliceSource& slices, const Number* indices, int64_t, void* out,
               const Context& context) {
  if (slices.count == 0 || slices.bytes == 0) return;
  char* const to = static_cast<char*>(out);
  switch (slices.bytes) {
    case 1:
      return Put<1>(slices, indices, to, context);
    case 2:
      return Put<2>(slices, indices, to, context);
    case 4:
      return Put<4>(slices, indices, to, context);
    case 8:
      return Put<8>(slices, indices, to, context);
    case 16:
      return Put<16>(slices, indices, to, context);
    default:
      return Put<0>(slices, indices, to, context);
  }
}

template void PutSlices(const SliceSource&, const int32_t*, int64_t, void*, const Context&);
template void PutSlices(const SliceSource&, const int64_t*, int64_t, void*, const Context&);

}  // namespace paddlemend
