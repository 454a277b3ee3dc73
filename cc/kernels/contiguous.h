// Row-major memory for kernels that do not look at strides.
#pragma once

#include <memory>

#include "cc/kernels/context.h"
#include "cc/kernels/scratch.h"
#include "cc/kernels/strided_copy.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Uninitialised memory, aligned for every dtype.
class Buffer {
 public:
  explicit Buffer(int64_t bytes) : memory_(AllocateScratch(bytes)) {}
  void* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(void* memory) const { FreeScratch(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

/// A view like `layout` of row-major memory at `data`.
inline MutableTensorView ContiguousView(const TensorLayout& layout, void* data) {
  MutableTensorView view{layout, data};
  SetContiguousStrides(&view);
  return view;
}

inline int64_t ByteSize(const TensorLayout& layout) {
  return Numel(layout) * ElementSize(layout.dtype);
}

/// The elements of an input in row-major order: its own memory, or a copy if it has other strides.
class ContiguousInput {
 public:
  ContiguousInput(const TensorView& view, const Context& context) : data_(view.data) {
    if (IsContiguous(view)) return;
    copy_ = std::make_unique<Buffer>(ByteSize(view));
    data_ = copy_->data();
    StridedCopy(view, ContiguousView(view, copy_->data()), context);
  }

  const void* data() const { return data_; }

 private:
  const void* data_;
  std::unique_ptr<Buffer> copy_;
};

/// Row-major memory to write an output to: its own, or a buffer that Finish() copies to it.
class ContiguousOutput {
 public:
  explicit ContiguousOutput(const MutableTensorView& view) : view_(view), data_(view.data) {
    if (IsContiguous(view)) return;
    buffer_ = std::make_unique<Buffer>(ByteSize(view));
    data_ = buffer_->data();
  }

  void* data() const { return data_; }

  void Finish(const Context& context) const {
    if (buffer_ != nullptr) {
      StridedCopy(ContiguousView(view_, buffer_->data()).AsConst(), view_, context);
    }
  }

 private:
  const MutableTensorView view_;
  void* data_;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace paddlemend
