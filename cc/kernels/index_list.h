// The values of an index tensor, checked and counted from the start.
#pragma once

#include <memory>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

class IndexList {
 public:
  /// Reads a 1-D or 0-D tensor of int32 or int64: values in [-size, size), where negative ones
  /// count from the end. `name` is the tensor's name for messages.
  ///
  /// Errors: unsupported dtype or, for other dimensions and values, invalid argument.
  Status Read(const TensorView& index, const char* name, int64_t size);

  /// As Read, but checks dtype and dimensions only.
  static Status CheckLayout(const TensorLayout& index, const char* name);

  /// Each value in [0, size).
  const int64_t* data() const { return data_; }
  int64_t count() const { return count_; }

 private:
  static constexpr int64_t kInline = 64;

  int64_t count_ = 0;
  int64_t* data_ = inline_;
  int64_t inline_[kInline];  // few indices need no allocation
  std::unique_ptr<Buffer> allocated_;
};

}  // namespace paddlemend
