#include "cc/cuda/sent_words.h"

#include <vector>

namespace paddlemend::cuda {
namespace {

/// Memory that copies reach without a detour, to be used again: getting it takes long.
struct SpareMemory {
  ~SpareMemory() {
    for (BadEntry* const words : all) cudaFreeHost(words);
  }

  std::vector<BadEntry*> all;
};

thread_local SpareMemory spare;

BadEntry* TakeMemory() {
  if (spare.all.empty()) {
    void* memory = nullptr;
    Check(cudaHostAlloc(&memory, SentWords::kMost * sizeof(BadEntry), cudaHostAllocPortable));
    return static_cast<BadEntry*>(memory);
  }
  BadEntry* const memory = spare.all.back();
  spare.all.pop_back();
  return memory;
}

}  // namespace

SentWords::~SentWords() {
  if (event_ != nullptr) {
    cudaEventSynchronize(event_);
    cudaEventDestroy(event_);
  }
  if (words_ != nullptr) spare.all.push_back(words_);
}

void SentWords::Send(const BadEntry* word, cudaStream_t stream) {
  if (words_ == nullptr) words_ = TakeMemory();
  if (event_ == nullptr) Check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
  Check(cudaMemcpyAsync(words_ + count_, word, sizeof(*word), cudaMemcpyDeviceToHost, stream));
  Check(cudaEventRecord(event_, stream));
  ++count_;
}

BadEntry SentWords::At(int i) {
  Check(cudaEventSynchronize(event_));
  return words_[i];
}

}  // namespace paddlemend::cuda
