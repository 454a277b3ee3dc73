// Small matrices the other way round.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace paddlemend {

/// to[j, i] = from[i, j] + starts[j] for four rows and columns.
template <typename T>
inline void AddTransposed4(const T* from, int64_t from_step, const T* starts, T* to,
                           int64_t to_step) {
#if defined(__SSE__)
  if constexpr (std::is_same_v<T, float>) {
    __m128 rows[4];
    for (int i = 0; i < 4; ++i) rows[i] = _mm_loadu_ps(from + i * from_step);
    _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
    for (int j = 0; j < 4; ++j) {
      _mm_storeu_ps(to + j * to_step, _mm_add_ps(rows[j], _mm_set1_ps(starts[j])));
    }
    return;
  }
#endif
  for (int j = 0; j < 4; ++j) {
    for (int i = 0; i < 4; ++i) to[j * to_step + i] = from[i * from_step + j] + starts[j];
  }
}

/// to[j, i] = from[i, j] for `rows` rows and `columns` columns, whose next ones are the steps
/// apart. A line of the cache at a time is read of each row: rows may drive each other out.
template <typename T>
void Transpose(const T* from, int64_t from_step, int64_t rows, int64_t columns, T* to,
               int64_t to_step) {
  constexpr T kZeros[4] = {};
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t begin = 0; begin < columns; begin += kLine) {
    const int64_t end = std::min(begin + kLine, columns);
    const int64_t whole = begin + (end - begin) / 4 * 4;
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
      for (int64_t j = begin; j < whole; j += 4) {
        AddTransposed4(from + i * from_step + j, from_step, kZeros, to + j * to_step + i, to_step);
      }
      for (int64_t j = whole; j < end; ++j) {
        for (int64_t k = i; k < i + 4; ++k) to[j * to_step + k] = from[k * from_step + j];
      }
    }
    for (; i < rows; ++i) {
      for (int64_t j = begin; j < end; ++j) to[j * to_step + i] = from[i * from_step + j];
    }
  }
}

}  // namespace paddlemend
