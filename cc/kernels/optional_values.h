// Row-major memory of tensors that may be missing.
#pragma once

#include <memory>

#include "cc/kernels/contiguous.h"

namespace paddlemend {

/// Elements to read; null for a tensor that is not there.
template <typename T>
class OptionalInput {
 public:
  OptionalInput(const TensorView* view, const Context& context) {
    if (view != nullptr) input_ = std::make_unique<ContiguousInput>(*view, context);
  }

  const T* data() const {
    return input_ == nullptr ? nullptr : static_cast<const T*>(input_->data());
  }

 private:
  std::unique_ptr<ContiguousInput> input_;
};

/// Elements to write; null for a tensor that is not there.
template <typename T>
class OptionalOutput {
 public:
  explicit OptionalOutput(const MutableTensorView* view) {
    if (view != nullptr) output_ = std::make_unique<ContiguousOutput>(*view);
  }

  T* data() const { return output_ == nullptr ? nullptr : static_cast<T*>(output_->data()); }

  void Finish(const Context& context) const {
    if (output_ != nullptr) output_->Finish(context);
  }

 private:
  std::unique_ptr<ContiguousOutput> output_;
};

}  // namespace paddlemend
