// Copying and filling large contiguous runs at the bandwidth of the memory.
#pragma once

#include <cstdint>
#include <cstring>

namespace paddlemend {

/// memcpy of the C library. Compilers that know a bound on the size expand memcpy to string
/// instructions, which take many times as long to start; this hides the size from them.
inline void LibraryCopy(void* dst, const void* src, int64_t bytes) {
#if defined(__GNUC__)
  asm("" : "+r"(bytes));
#endif
  std::memcpy(dst, src, static_cast<size_t>(bytes));
}

/// Copies `bytes` bytes between runs that do not overlap. `streaming` writes around the cache: for
/// outputs much larger than it, which would only displace what is there and be read in before
/// being overwritten.
void BulkCopy(char* dst, const char* src, int64_t bytes, bool streaming);

/// Fills `bytes` bytes with copies of the 16 bytes at `pattern`, the last one cut off if need be.
void BulkFill(char* dst, const char* pattern, int64_t bytes, bool streaming);

/// Outputs from this size on are worth streaming.
constexpr int64_t kStreamingBytes = 32 << 20;

}  // namespace paddlemend
