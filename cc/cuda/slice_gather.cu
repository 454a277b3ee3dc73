#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/slices.cuh"
#include "cc/cuda/warp_rows.cuh"
#include "cc/kernels/slice_gather.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename T, typename Number>
void Gather(const void* x, int64_t outer, int64_t size, int64_t vectors, const Number* indices,
            int64_t count, void* out) {
  const auto* const from = static_cast<const T*>(x);
  auto* const to = static_cast<T*>(out);
  const int64_t n = outer * count * vectors;
  const Divisor by_vectors(vectors, n);
  const Divisor by_count(count, n);
  const Words words = WordsOfCall();
  if (SuitsWarps(outer * count, vectors * static_cast<int64_t>(sizeof(T)))) {
    return ForEachWarp(outer * count, [=] __device__(int64_t i, int lane) {
      int64_t place = i;
      const int64_t block = by_count.Split(&place);
      if (!words.MayWrite()) return;
      CopyRow(from + (block * size + indices[place]) * vectors, to + i * vectors, vectors, lane);
    });
  }
  ForEach(n, [=] __device__(int64_t i) {
    if (!words.MayWrite()) return;
    int64_t vector = i;
    int64_t place = by_vectors.Split(&vector);
    const int64_t block = by_count.Split(&place);
    to[i] = from[(block * size + indices[place]) * vectors + vector];
  });
}

}  // namespace
}  // namespace cuda

template <typename Number>
void GatherSlices(const void* x, int64_t outer, int64_t size, int64_t slice_bytes,
                  const Number* indices, int64_t count, void* out, const Context&) {
  const int64_t bytes = cuda::WidestAccess(slice_bytes, x, out);
  cuda::DispatchBytes(bytes, [&](auto tag) {
    cuda::Gather<typename decltype(tag)::type>(x, outer, size, slice_bytes / bytes, indices, count,
                                               out);
  });
}

template void GatherSlices<int32_t>(const void*, int64_t, int64_t, int64_t, const int32_t*, int64_t,
                                    void*, const Context&);
template void GatherSlices<int64_t>(const void*, int64_t, int64_t, int64_t, const int64_t*, int64_t,
                                    void*, const Context&);

}  // namespace paddlemend
