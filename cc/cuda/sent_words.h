// Words of checks on their way to the host while later kernels run.
#pragma once

#include <cuda_runtime_api.h>

#include "cc/cuda/call.h"

namespace paddlemend::cuda {

/// Copies words to memory of the host that belongs to it; whoever asks for one waits for the
/// copies, not for what the stream does after them.
class SentWords {
 public:
  SentWords() = default;
  SentWords(const SentWords&) = delete;
  ~SentWords();

  static constexpr int kMost = kMaxNdim;

  int count() const { return count_; }

  /// Sends the next word, of which there may be kMost, after what is in the stream.
  void Send(const BadEntry* word, cudaStream_t stream);

  /// Word number i < count().
  BadEntry At(int i);

 private:
  BadEntry* words_ = nullptr;
  cudaEvent_t event_ = nullptr;
  int count_ = 0;
};

}  // namespace paddlemend::cuda
