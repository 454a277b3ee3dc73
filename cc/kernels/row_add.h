// Adding rows of elements to sums, one row after the other.
//
// Most types are summed in place, as elements. Half precision is summed in float32, so that it is
// rounded once.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/cpu_features.h"

namespace paddlemend {

/// Whether sums are kept in another type than the elements': then all contributions to an element
/// must come together before it is rounded.
template <typename T>
constexpr bool kRounds = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

/// The type of the sums of elements of type T.
template <typename T>
using RowSum = std::conditional_t<kRounds<T>, float, T>;

template <typename T>
[[gnu::always_inline]] inline T Add(T a, T b) {
  using Rule = Accumulation<T, false>;
  return Rule::Store(Rule::Load(a) + Rule::Load(b));
}

template <typename T>
[[gnu::always_inline]] inline void AddTo(T* sum, T addend) {
  *sum = Add(*sum, addend);
}
[[gnu::always_inline]] inline void AddTo(float* sum, Float16 addend) { *sum += ToFloat(addend); }
[[gnu::always_inline]] inline void AddTo(float* sum, BFloat16 addend) { *sum += ToFloat(addend); }

/// Calls `function(TypeTag<T>(), TypeTag<Value>())` with the addend type of `dtype` and the type of
/// what is added: T, or float where `value_dtype` is float32 and T half precision.
template <typename Function>
void DispatchSum(DType dtype, DType value_dtype, const Function& function) {
  DispatchAddend(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kRounds<T>) {
      if (value_dtype == DType::kFloat32) return function(tag, TypeTag<float>());
    }
    function(tag, tag);
  });
}

namespace internal {

template <typename Sum, typename T>
[[gnu::always_inline]] inline void AddRowLoop(const T* row, int64_t columns, Sum* sums) {
#pragma GCC ivdep  // the sums are apart from the row
  for (int64_t j = 0; j < columns; ++j) AddTo(&sums[j], row[j]);
}

template <typename Sum, typename T>
PM_TARGET_AVX2 void AddRowAvx2(const T* row, int64_t columns, Sum* sums) {
  AddRowLoop(row, columns, sums);
}

template <typename T>
[[gnu::always_inline]] inline void LoadSumsLoop(const T* from, int64_t count, float* to) {
#pragma GCC ivdep
  for (int64_t j = 0; j < count; ++j) to[j] = ToFloat(from[j]);
}

template <typename T>
PM_TARGET_AVX2 void LoadSumsAvx2(const T* from, int64_t count, float* to) {
  LoadSumsLoop(from, count, to);
}

template <typename T>
[[gnu::always_inline]] inline void StoreSumsLoop(const float* from, int64_t count, T* to) {
#pragma GCC ivdep
  for (int64_t j = 0; j < count; ++j) to[j] = Accumulation<T, false>::Store(from[j]);
}

template <typename T>
PM_TARGET_AVX2 void StoreSumsAvx2(const float* from, int64_t count, T* to) {
  StoreSumsLoop(from, count, to);
}

}  // namespace internal

/// sums[j] += row[j].
template <typename Sum, typename T>
void AddRow(const T* row, int64_t columns, Sum* sums) {
  constexpr int64_t kWorthVectors = 16;
  if (columns >= kWorthVectors && HasAvx2()) return internal::AddRowAvx2(row, columns, sums);
  internal::AddRowLoop(row, columns, sums);
}

/// Half precision to sums, exactly.
template <typename T>
void LoadSums(const T* from, int64_t count, float* to) {
  if (HasAvx2()) return internal::LoadSumsAvx2(from, count, to);
  internal::LoadSumsLoop(from, count, to);
}

/// Rounds sums to half precision.
template <typename T>
void StoreSums(const float* from, int64_t count, T* to) {
  if (HasAvx2()) return internal::StoreSumsAvx2(from, count, to);
  internal::StoreSumsLoop(from, count, to);
}

}  // namespace paddlemend
