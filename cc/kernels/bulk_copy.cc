#include "cc/kernels/bulk_copy.h"

#include <algorithm>
#include <cstring>

#include "cc/kernels/cpu_features.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace paddlemend {
namespace {

constexpr int64_t kLine = 64;
constexpr int64_t kPattern = 16;

#if defined(__x86_64__)

PM_TARGET_AVX2 void CopyLinesAvx2(char* dst, const char* src, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kLine) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + at));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + at + 32));
    _mm256_store_si256(reinterpret_cast<__m256i*>(dst + at), low);
    _mm256_store_si256(reinterpret_cast<__m256i*>(dst + at + 32), high);
  }
}

PM_TARGET_AVX2 void FillLinesAvx2(char* dst, __m128i pattern, int64_t bytes) {
  const __m256i wide = _mm256_broadcastsi128_si256(pattern);
  for (int64_t at = 0; at < bytes; at += kLine) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(dst + at), wide);
    _mm256_store_si256(reinterpret_cast<__m256i*>(dst + at + 32), wide);
  }
}

template <bool kStreaming>
void CopyLines(char* dst, const char* src, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kLine) {
    __m128i parts[4];
    for (int i = 0; i < 4; ++i) {
      parts[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + at) + i);
    }
    for (int i = 0; i < 4; ++i) {
      __m128i* const to = reinterpret_cast<__m128i*>(dst + at) + i;
      kStreaming ? _mm_stream_si128(to, parts[i]) : _mm_store_si128(to, parts[i]);
    }
  }
  // Orders the streamed lines before later stores, which tell other threads that they are there.
  if (kStreaming) _mm_sfence();
}

template <bool kStreaming>
void FillLines(char* dst, __m128i pattern, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += kLine) {
    for (int i = 0; i < 4; ++i) {
      __m128i* const to = reinterpret_cast<__m128i*>(dst + at) + i;
      kStreaming ? _mm_stream_si128(to, pattern) : _mm_store_si128(to, pattern);
    }
  }
  if (kStreaming) _mm_sfence();
}

/// Whole cache lines; dst is aligned to one. memcpy is no substitute: for runs of this length C
/// libraries use string instructions, which are slow on some processors.
void CopyAlignedLines(char* dst, const char* src, int64_t bytes, bool streaming) {
  if (streaming) return CopyLines<true>(dst, src, bytes);
  if (HasAvx2()) return CopyLinesAvx2(dst, src, bytes);
  CopyLines<false>(dst, src, bytes);
}

void FillAlignedLines(char* dst, const char* pattern, int64_t bytes, bool streaming) {
  const __m128i vector = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pattern));
  if (streaming) return FillLines<true>(dst, vector, bytes);
  if (HasAvx2()) return FillLinesAvx2(dst, vector, bytes);
  FillLines<false>(dst, vector, bytes);
}

#else

void CopyAlignedLines(char* dst, const char* src, int64_t bytes, bool) {
  std::memcpy(dst, src, bytes);
}

void FillAlignedLines(char* dst, const char* pattern, int64_t bytes, bool) {
  for (int64_t at = 0; at < bytes; at += kPattern) std::memcpy(dst + at, pattern, kPattern);
}

#endif

}  // namespace

void BulkCopy(char* dst, const char* src, int64_t bytes, bool streaming) {
  constexpr int64_t kWorthLines = 2048;
  if (bytes < kWorthLines) {
    LibraryCopy(dst, src, bytes);
    return;
  }
  const int64_t head = -reinterpret_cast<intptr_t>(dst) & (kLine - 1);
  const int64_t lines = (bytes - head) / kLine * kLine;
  LibraryCopy(dst, src, head);
  CopyAlignedLines(dst + head, src + head, lines, streaming);
  LibraryCopy(dst + head + lines, src + head + lines, bytes - head - lines);
}

void BulkFill(char* dst, const char* pattern, int64_t bytes, bool streaming) {
  const int64_t head = std::min<int64_t>(-reinterpret_cast<intptr_t>(dst) & (kLine - 1), bytes);
  const int64_t lines = (bytes - head) / kLine * kLine;
  // Enough of the pattern for a head or tail, which may start anywhere in it.
  char repeated[kLine + kPattern];
  for (int64_t at = 0; at < kLine + kPattern; at += kPattern) {
    std::memcpy(repeated + at, pattern, kPattern);
  }
  const char* const rotated = repeated + head % kPattern;
  LibraryCopy(dst, repeated, head);
  FillAlignedLines(dst + head, rotated, lines, streaming);
  LibraryCopy(dst + head + lines, rotated, bytes - head - lines);
}

}  // namespace paddlemend
