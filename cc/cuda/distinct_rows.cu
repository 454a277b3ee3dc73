#include <cub/device/device_merge_sort.cuh>

#include "cc/cuda/distinct_groups.cuh"
#include "cc/cuda/sort_key.cuh"
#include "cc/kernels/distinct_rows.h"

namespace paddlemend {
namespace cuda {
namespace {

/// Compares rows like words.
template <typename T, typename Place>
struct RowLess {
  const T* rows;
  int64_t length;

  __device__ __forceinline__ bool operator()(Place a, Place b) const {
    const T* const of_a = rows + static_cast<int64_t>(a) * length;
    const T* const of_b = rows + static_cast<int64_t>(b) * length;
    for (int64_t i = 0; i < length; ++i) {
      const KeyOf<T> key_a = KeyOfElement(of_a[i]);
      const KeyOf<T> key_b = KeyOfElement(of_b[i]);
      if (key_a != key_b) return key_a < key_b;
    }
    return false;
  }
};

template <typename T, typename Place>
struct RowStarts {
  const T* rows;
  int64_t length;
  const Place* order;

  __device__ __forceinline__ bool operator()(int64_t i) const {
    if (i == 0) return true;
    const T* const a = rows + static_cast<int64_t>(order[i - 1]) * length;
    const T* const b = rows + static_cast<int64_t>(order[i]) * length;
    for (int64_t k = 0; k < length; ++k) {
      const KeyOf<T> key = KeyOfElement(b[k]);
      if (key != KeyOfElement(a[k])) return true;
      if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) return true;
    }
    return false;
  }
};

template <typename T>
int64_t Run(const T* rows, int64_t n, int64_t length, int64_t* first,
            const DistinctResults& results) {
  using Place = uint32_t;
  const Temporary<Place> places(n);
  Place* const order = places.data();
  ForEach(n, [=] __device__(int64_t i) { order[i] = static_cast<Place>(i); });
  const RowLess<T, Place> less{rows, length};
  const cudaStream_t stream = Call::Current().stream();
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceMergeSort::StableSortKeys(scratch, bytes, order, n, less, stream);
  });
  return WriteGroups<Place>(
      n, order, results, RowStarts<T, Place>{rows, length, order},
      [=] __device__(int64_t number, int64_t i) { first[number] = order[i]; });
}

}  // namespace
}  // namespace cuda

int64_t DistinctRows(DType dtype, void* rows, int64_t n, int64_t length, int64_t* first,
                     const DistinctResults& results, const Context&) {
  if (n >= int64_t{1} << 32) {
    throw std::runtime_error("unique of 2^32 slices or more is not supported on a GPU");
  }
  return cuda::Dispatch(dtype, [&](auto tag) -> int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (cuda::kIsComplex<T>) {
      return 0;
    } else {
      return cuda::Run(static_cast<const T*>(rows), n, length, first, results);
    }
  });
}

}  // namespace paddlemend
