// The inner loops of a strided copy: rows of elements of one size.
//
// Elements are moved with memcpy of a constant size, which compilers turn into one load and one
// store: nothing is assumed about types or alignment.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "cc/kernels/bulk_copy.h"

namespace paddlemend {

/// `rows` rows, row_src and row_dst bytes apart.
struct RowBlock {
  const char* src;
  char* dst;
  int64_t rows;
  int64_t row_src;
  int64_t row_dst;
};

/// Copies runs of at least 16 and at most 64 bytes, for which a call would take longer: 16 bytes at
/// a time, the last of which may overlap the ones before.
inline void CopyShortRuns(const RowBlock& block, int64_t bytes) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const char* const src = block.src + row * block.row_src;
    char* const dst = block.dst + row * block.row_dst;
    for (int64_t at = 0; at < bytes - 16; at += 16) std::memcpy(dst + at, src + at, 16);
    std::memcpy(dst + bytes - 16, src + bytes - 16, 16);
  }
}

/// Copies `bytes` contiguous bytes in each row.
inline void CopyRuns(const RowBlock& block, int64_t bytes, bool streaming) {
  if (bytes >= 16 && bytes <= 64) return CopyShortRuns(block, bytes);
  for (int64_t row = 0; row < block.rows; ++row) {
    BulkCopy(block.dst + row * block.row_dst, block.src + row * block.row_src, bytes, streaming);
  }
}

/// Writes `count` copies of a run of `bytes` bytes to each row, without gaps. Long rows are copied
/// from a pattern of several runs.
inline void RepeatRuns(const RowBlock& block, int64_t bytes, int64_t count, bool streaming) {
  constexpr int64_t kPatternBytes = 4096;
  alignas(64) char pattern[kPatternBytes];
  const int64_t total = bytes * count;
  const int64_t length = std::min(total, kPatternBytes / bytes * bytes);
  for (int64_t row = 0; row < block.rows; ++row) {
    char* const dst = block.dst + row * block.row_dst;
    LibraryCopy(pattern, block.src + row * block.row_src, bytes);
    for (int64_t done = bytes; done < length; done += std::min(done, length - done)) {
      LibraryCopy(pattern + done, pattern, std::min(done, length - done));
    }
    for (int64_t done = 0; done < total; done += length) {
      BulkCopy(dst + done, pattern, std::min(length, total - done), streaming);
    }
  }
}

/// Writes `count` copies of one element to each row, without gaps.
template <int kElement>
void FillRows(const RowBlock& block, int64_t count, bool streaming) {
  constexpr int64_t kLongRowBytes = 128;
  const bool is_long = count * kElement >= kLongRowBytes;
  for (int64_t row = 0; row < block.rows; ++row) {
    char pattern[16];
    for (int at = 0; at < 16; at += kElement) {
      std::memcpy(pattern + at, block.src + row * block.row_src, kElement);
    }
    char* const dst = block.dst + row * block.row_dst;
    if (is_long) {
      BulkFill(dst, pattern, count * kElement, streaming);
    } else {
      for (int64_t i = 0; i < count; ++i) std::memcpy(dst + i * kElement, pattern, kElement);
    }
  }
}

/// Copies `count` elements with any steps in each row.
template <int kElement>
void CopySteps(const RowBlock& block, int64_t count, int64_t src_step, int64_t dst_step) {
  for (int64_t row = 0; row < block.rows; ++row) {
    const char* const src = block.src + row * block.row_src;
    char* const dst = block.dst + row * block.row_dst;
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(dst + i * dst_step, src + i * src_step, kElement);
    }
  }
}

/// buffer[i][j] = src[j][i] for i < rows, j < columns: elements lie next to each other along i in
/// src, and rows of the buffer are 64 bytes.
template <int kElement>
void LoadTransposed(const char* src, int64_t src_step, int64_t rows, int64_t columns,
                    char* buffer) {
  for (int64_t j = 0; j < columns; ++j) {
    for (int64_t i = 0; i < rows; ++i) {
      std::memcpy(buffer + i * 64 + j * kElement, src + j * src_step + i * kElement, kElement);
    }
  }
}

#if defined(__x86_64__)
/// As above for a full tile of 16 by 16 elements of 4 bytes, 4 by 4 in registers.
inline void LoadTransposedFull4(const char* src, int64_t src_step, char* buffer) {
  for (int j = 0; j < 16; j += 4) {
    for (int i = 0; i < 16; i += 4) {
      const auto load = [&](int k) {
        return _mm_loadu_ps(reinterpret_cast<const float*>(src + (j + k) * src_step + i * 4));
      };
      __m128 row0 = load(0), row1 = load(1), row2 = load(2), row3 = load(3);
      _MM_TRANSPOSE4_PS(row0, row1, row2, row3);
      float* const out = reinterpret_cast<float*>(buffer + i * 64 + j * 4);
      _mm_store_ps(out, row0);
      _mm_store_ps(out + 16, row1);
      _mm_store_ps(out + 32, row2);
      _mm_store_ps(out + 48, row3);
    }
  }
}
#endif

/// Transposes a tile: dst[i][j] = src[j][i] for i < rows, j < columns, both at most one cache line
/// of elements. Elements lie next to each other along i in src and along j in dst. Goes through a
/// buffer, so that each cache line on either side is touched once even if their addresses collide
/// in the cache.
template <int kElement>
void TransposeTile(const char* src, int64_t src_step, char* dst, int64_t dst_step, int64_t rows,
                   int64_t columns) {
  constexpr int64_t kSide = 64 / kElement;
  alignas(64) char buffer[kSide * 64];
#if defined(__x86_64__)
  if (kElement == 4 && rows == kSide && columns == kSide) {
    LoadTransposedFull4(src, src_step, buffer);
  } else {
    LoadTransposed<kElement>(src, src_step, rows, columns, buffer);
  }
#else
  LoadTransposed<kElement>(src, src_step, rows, columns, buffer);
#endif
  for (int64_t i = 0; i < rows; ++i) {
    LibraryCopy(dst + i * dst_step, buffer + i * 64, columns * kElement);
  }
}

}  // namespace paddlemend
