#include "cc/cuda/call.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "cc/cuda/sent_words.h"
#include "cc/kernels/scratch.h"

namespace paddlemend::cuda {
namespace {

constexpr int kMostDevices = 64;
constexpr int64_t kMostToHost = 64;

thread_local Call* current = nullptr;

int CurrentDevice() {
  int device = 0;
  Check(cudaGetDevice(&device));
  return device;
}

int64_t EntryAt(const TensorView& index, int64_t number) {
  int64_t offset = 0;
  for (int d = index.ndim - 1; d >= 0; --d) {
    offset += number % index.shape[d] * index.strides[d];
    number /= index.shape[d];
  }
  if (index.dtype == DType::kInt32) {
    int32_t value;
    CopyToHost(&value, static_cast<const int32_t*>(index.data) + offset, sizeof(value), "");
    return value;
  }
  int64_t value;
  CopyToHost(&value, static_cast<const int64_t*>(index.data) + offset, sizeof(value), "");
  return value;
}

/// "[1, 2]": where the entry with this number is.
std::string Place(const TensorLayout& index, int64_t number) {
  if (index.ndim == 0) return "";
  Dims place;
  for (int d = index.ndim - 1; d >= 0; --d) {
    place[d] = number % index.shape[d];
    number /= index.shape[d];
  }
  return ShapeString(place.data(), index.ndim);
}

}  // namespace

void Check(cudaError_t error) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not see it again
  if (error == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
}

cudaMemPool_t Pool() {
  static std::mutex mutex;
  static cudaMemPool_t pools[kMostDevices] = {};
  const int device = CurrentDevice();
  const std::lock_guard<std::mutex> lock(mutex);
  if (pools[device] == nullptr) {
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    Check(cudaMemPoolCreate(&pools[device], &properties));
    size_t free = 0;
    size_t total = 0;
    Check(cudaMemGetInfo(&free, &total));
    uint64_t keep = total / 8;
    Check(cudaMemPoolSetAttribute(pools[device], cudaMemPoolAttrReleaseThreshold, &keep));
  }
  return pools[device];
}

void CheckLaunch() { Check(cudaGetLastError()); }

int Multiprocessors() {
  static std::atomic<int> counts[kMostDevices] = {};
  const int device = CurrentDevice();
  int count = counts[device].load(std::memory_order_relaxed);
  if (count == 0) {
    Check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
    counts[device].store(count, std::memory_order_relaxed);
  }
  return count;
}

PendingErrors::~PendingErrors() {
  if (word != nullptr) cudaFree(word);
}

Call::Call(void* stream, bool is_asynchronous, PendingErrors* pending)
    : stream_(static_cast<cudaStream_t>(stream)),
      is_asynchronous_(is_asynchronous),
      pending_(pending),
      outer_(current) {
  current = this;
}

Call::~Call() {
  sent_.reset();  // it waits for copies of what is freed here
  for (const Checked& checked : checks_) {
    if (pending_ == nullptr || checked.word != pending_->word) FreeScratch(checked.word);
  }
  current = outer_;
}

Call& Call::Current() { return *current; }

bool Call::IsRunning() { return current != nullptr; }

bool Call::is_captured() {
  cudaStreamCaptureStatus status;
  Check(cudaStreamIsCapturing(stream_, &status));
  return status != cudaStreamCaptureStatusNone;
}

bool Call::IsAsynchronous() { return pending_ != nullptr && (is_asynchronous_ || is_captured()); }

BadEntry* Call::CheckIndex(const IndexCheck& check) {
  BadEntry* word = nullptr;
  if (IsAsynchronous()) {
    word = pending_->word;
  } else {
    word = static_cast<BadEntry*>(AllocateScratch(sizeof(BadEntry)));
    Check(cudaMemsetAsync(word, 0xff, sizeof(BadEntry), stream_));
  }
  checks_.push_back({check, word});
  return word;
}

std::vector<BadEntry*> Call::Words() const {
  std::vector<BadEntry*> words;
  for (const Checked& checked : checks_) {
    if (words.empty() || words.back() != checked.word) words.push_back(checked.word);
  }
  return words;
}

Status Call::Report(const Checked& checked, BadEntry number) {
  const IndexCheck& check = checked.check;
  const auto position = static_cast<int64_t>(number);
  return InvalidArgument(check.name, Place(check.index, position), " is ",
                         EntryAt(check.index, position), ", expected ", check.least,
                         " <= ", check.name, " < ", check.end);
}

void Call::SendWords() {
  if (checks_.empty() || IsAsynchronous()) return;
  if (sent_ == nullptr) sent_ = std::make_unique<SentWords>();
  const int count = static_cast<int>(std::min<size_t>(checks_.size(), SentWords::kMost));
  for (int i = sent_->count(); i < count; ++i) sent_->Send(checks_[i].word, stream_);
}

Status Call::Finish() {
  if (checks_.empty() || IsAsynchronous()) return OkStatus();
  for (size_t i = 0; i < checks_.size(); ++i) {
    BadEntry number;
    if (sent_ != nullptr && static_cast<int>(i) < sent_->count()) {
      number = sent_->At(static_cast<int>(i));
    } else {
      CopyToHost(&number, checks_[i].word, sizeof(number), "the check of the index");
    }
    if (number != kNoBadEntry) return Report(checks_[i], number);
  }
  return OkStatus();
}

/// A little memory that the GPU writes to directly; it stays as long as the process.
void* PinnedMemory() {
  thread_local void* memory = nullptr;
  if (memory == nullptr) Check(cudaHostAlloc(&memory, kMostToHost, cudaHostAllocPortable));
  return memory;
}

void CopyToHost(void* to, const void* from, int64_t bytes, const char* what) {
  Call& call = Call::Current();
  if (call.is_captured()) {
    throw std::runtime_error(std::string(what) +
                             " depends on values, so the call cannot be captured in a CUDA graph");
  }
  void* const pinned = PinnedMemory();
  Check(cudaMemcpyAsync(pinned, from, bytes, cudaMemcpyDeviceToHost, call.stream()));
  Check(cudaStreamSynchronize(call.stream()));
  std::memcpy(to, pinned, bytes);
}

}  // namespace paddlemend::cuda

namespace paddlemend {

void* AllocateScratch(int64_t bytes) {
  void* memory = nullptr;
  cuda::Check(cudaMallocFromPoolAsync(&memory, bytes > 0 ? bytes : 1, cuda::Pool(),
                                      cuda::Call::Current().stream()));
  return memory;
}

void FreeScratch(void* memory) noexcept {
  if (memory != nullptr) cudaFreeAsync(memory, cuda::Call::Current().stream());
}

}  // namespace paddlemend
