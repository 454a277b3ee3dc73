// Sort keys of elements on the device.
#pragma once

#include "cc/cuda/element.cuh"
#include "cc/kernels/sort_key.h"

namespace paddlemend::cuda {

/// The storage type of elements that are T on the device.
template <typename T>
struct StorageOf {
  using type = T;
};
template <>
struct StorageOf<__half> {
  using type = Float16;
};
template <>
struct StorageOf<__nv_bfloat16> {
  using type = BFloat16;
};

template <typename T>
__device__ __forceinline__ KeyOf<T> KeyOfElement(T value) {
  return KeyOfBits<typename StorageOf<T>::type>(BitsAs<KeyOf<T>>(value));
}

template <typename T>
__device__ __forceinline__ T ElementOfKey(KeyOf<T> key) {
  return BitsAs<T>(BitsOfKey<typename StorageOf<T>::type>(key));
}

}  // namespace paddlemend::cuda
