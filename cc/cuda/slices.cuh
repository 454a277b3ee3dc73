// What the kernels on slices that indices select share.
#pragma once

#include "cc/cuda/launch.cuh"

namespace paddlemend::cuda {

/// The words of all indices of a call: kernels write nothing if one of them has a bad entry.
struct Words {
  static constexpr int kMost = kMaxNdim;
  const BadEntry* words[kMost];
  int count;

  __device__ __forceinline__ bool MayWrite() const {
    bool good = true;
    for (int i = 0; i < count; ++i) good &= *words[i] == kNoBadEntry;
    return good;
  }
};

/// The widest access, in bytes, with which slices of that many bytes can be moved.
inline int64_t WidestAccess(int64_t slice_bytes, const void* a, const void* b) {
  int64_t bytes = 16;
  while (slice_bytes % bytes != 0 || !IsAligned(a, bytes) || !IsAligned(b, bytes)) bytes /= 2;
  return bytes;
}

/// Those of the current call, for kernels that do not check themselves.
inline Words WordsOfCall() {
  Words words{};
  Call& call = Call::Current();
  call.SendWords();
  for (BadEntry* const word : call.Words()) words.words[words.count++] = word;
  return words;
}

}  // namespace paddlemend::cuda
