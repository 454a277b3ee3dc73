#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/slices.cuh"
#include "cc/cuda/warp_rows.cuh"
#include "cc/kernels/slice_put.h"

namespace paddlemend {
namespace cuda {
namespace {

/// Copies every slice, or with `last` those whose place is the last one with its number.
template <typename T, typename Number, typename Place>
void Put(const SliceSource& slices, const Number* indices, const Place* last, void* out) {
  const auto* const from = static_cast<const T*>(slices.data);
  auto* const to = static_cast<T*>(out);
  const int64_t vectors = slices.bytes / static_cast<int64_t>(sizeof(T));
  const int64_t stride = slices.stride / static_cast<int64_t>(sizeof(T));
  const int64_t n = slices.count * vectors;
  const Divisor by_vectors(vectors, n);
  const Words words = WordsOfCall();
  if (SuitsWarps(slices.count, slices.bytes)) {
    return ForEachWarp(slices.count, [=] __device__(int64_t place, int lane) {
      const int64_t number = indices[place];
      if (last != nullptr && last[number] != static_cast<Place>(place)) return;
      if (!words.MayWrite()) return;
      CopyRow(from + place * stride, to + number * vectors, vectors, lane);
    });
  }
  ForEach(n, [=] __device__(int64_t i) {
    if (!words.MayWrite()) return;
    int64_t vector = i;
    const int64_t place = by_vectors.Split(&vector);
    const int64_t number = indices[place];
    if (last != nullptr && last[number] != static_cast<Place>(place)) return;
    to[number * vectors + vector] = from[place * stride + vector];
  });
}

/// last[number] = the greatest place with that number.
template <typename Number, typename Place>
void FindLast(const Number* indices, int64_t count, Place* last) {
  ForEach(count, [=] __device__(int64_t i) {
    using Counter = std::conditional_t<sizeof(Place) == 4, int, long long>;
    atomicMax(reinterpret_cast<Counter*>(last + indices[i]), static_cast<Counter>(i));
  });
}

template <typename Place, typename Number>
void PutLast(const SliceSource& slices, const Number* indices, int64_t size, int64_t bytes,
             void* out) {
  const Temporary<Place> last(size);
  SetBytes(last.data(), 0xff, size * static_cast<int64_t>(sizeof(Place)));
  FindLast(indices, slices.count, last.data());
  DispatchBytes(bytes, [&](auto tag) {
    Put<typename decltype(tag)::type>(slices, indices, last.data(), out);
  });
}

}  // namespace
}  // namespace cuda

template <typename Number>
void PutSlices(const SliceSource& slices, const Number* indices, int64_t size, void* out,
               const Context&) {
  if (slices.count == 0 || slices.bytes == 0) return;
  const int64_t bytes = cuda::WidestAccess(slices.bytes, slices.data, out);
  if (slices.stride == 0 || slices.count == 1) {
    return cuda::DispatchBytes(bytes, [&](auto tag) {
      cuda::Put<typename decltype(tag)::type>(slices, indices, static_cast<const int32_t*>(nullptr),
                                              out);
    });
  }
  if (slices.count < int64_t{1} << 31) {
    return cuda::PutLast<int32_t>(slices, indices, size, bytes, out);
  }
  cuda::PutLast<int64_t>(slices, indices, size, bytes, out);
}

template void PutSlices<int32_t>(const SliceSource&, const int32_t*, int64_t, void*,
                                 const Context&);
template void PutSlices<int64_t>(const SliceSource&, const int64_t*, int64_t, void*,
                                 const Context&);

}  // namespace paddlemend
