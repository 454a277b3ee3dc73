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
/// apart.
template <typename T>
void Transpose(const T* from, int64_t from_step, int64_t rows, int64_t columns, T* to,
               int64_t to_step) {
  constexpr T kZeros[4] = {};
  for (int64_t j = 0; j < columns; j += 4) {
    const int64_t few = std::min<int64_t>(columns - j, 4);
    int64_t i = 0;
    if (few == 4) {
      for (; i + 4 <= rows; i += 4) {
        AddTransposed4(from + i * from_step + j, from_step, kZeros, to + j * to_step + i, to_step);
      }
    }
    for (; i < rows; ++i) {
      for (int64_t k = j; k < j + few; ++k) to[k * to_step + i] = from[i * from_step + k];
    }
  }
}

}  // namespace paddlemend
