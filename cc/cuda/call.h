// One call of an operator on a GPU: its stream, its temporary memory and its checks of indices.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend::cuda {

/// Where kernels note the least number of an entry that is out of range; kNoBadEntry while there is
/// none.
using BadEntry = unsigned long long;
constexpr BadEntry kNoBadEntry = ~BadEntry{0};

/// What an index that kernels check looks like; numbers count its entries in row-major order.
struct IndexCheck {
  std::string name;
  TensorView index;
  int64_t least;
  int64_t end;
};

/// What a context keeps for calls whose errors nobody waits for.
struct PendingErrors {
  ~PendingErrors();

  BadEntry* word = nullptr;  // on the device
  int device = 0;
};

class SentWords;

/// The call that runs in this thread. One is made for each call of the C ABI.
class Call {
 public:
  /// With `pending`, errors that kernels find go there instead of to the result of Finish.
  Call(void* stream, bool is_asynchronous, PendingErrors* pending);
  ~Call();
  Call(const Call&) = delete;

  static Call& Current();
  static bool IsRunning();

  cudaStream_t stream() const { return stream_; }

  /// Whether the stream is being captured: nothing may wait for it then.
  bool is_captured();

  /// The word for an index, which Finish() looks at. Kernels that see anything but kNoBadEntry in
  /// the word write nothing.
  BadEntry* CheckIndex(const IndexCheck& check);

  /// The words of all indices of this call, each once.
  std::vector<BadEntry*> Words() const;

  /// Says that the kernels which check indices have been launched: Finish() need not wait for those
  /// that follow.
  void SendWords();

  /// Waits for the checks, if there are any and errors are not asynchronous.
  Status Finish();

 private:
  struct Checked {
    IndexCheck check;
    BadEntry* word;
  };

  bool IsAsynchronous();
  Status Report(const Checked& checked, BadEntry number);

  cudaStream_t stream_;
  bool is_asynchronous_;
  PendingErrors* const pending_;
  Call* const outer_;
  std::vector<Checked> checks_;
  std::unique_ptr<SentWords> sent_;
};

/// Multiprocessors of the current device.
int Multiprocessors();

/// The memory pool of the current device. It is this library's own: it keeps what calls give back,
/// and the pool that others use stays as they set it.
cudaMemPool_t Pool();

/// Throws for anything but success: std::bad_alloc for lack of memory, else std::runtime_error.
void Check(cudaError_t error);

/// Checks the launch of a kernel just before.
void CheckLaunch();

/// Copies up to 64 bytes of device memory to the host and waits. Throws if the stream is being
/// captured: `what` is named as the reason.
void CopyToHost(void* to, const void* from, int64_t bytes, const char* what);

}  // namespace paddlemend::cuda
