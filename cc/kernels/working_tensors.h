// Tensors as kernels compute with them that are all sums of products: row-major, in float32 or
// float64.
#pragma once

#include <memory>
#include <optional>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

constexpr int64_t kConversionGrain = 32768;

/// Calls `function(TypeTag<T>())` with the type that elements of a floating dtype are computed in.
template <typename Function>
void DispatchWorking(DType dtype, const Function& function) {
  if (dtype == DType::kFloat64) return function(TypeTag<double>());
  function(TypeTag<float>());
}

/// Calls `function(TypeTag<T>())` with the one of the two half formats that `dtype` is.
template <typename Function>
void DispatchHalf(DType dtype, const Function& function) {
  if (dtype == DType::kFloat16) return function(TypeTag<Float16>());
  function(TypeTag<BFloat16>());
}

/// An input of type W or, for a W of float, of a half format. Null stays null.
template <typename W>
class WorkingInput {
 public:
  WorkingInput(const TensorView* view, const Context& context) {
    if (view == nullptr) return;
    input_.emplace(*view, context);
    if (!IsHalf(view->dtype)) {
      data_ = static_cast<const W*>(input_->data());
      return;
    }
    const int64_t count = Numel(*view);
    converted_.reset(new W[count]);
    DispatchHalf(view->dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T* const from = static_cast<const T*>(input_->data());
      W* const to = converted_.get();
      ParallelFor(context, count, kConversionGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = ToFloat(from[i]);
      });
    });
    data_ = converted_.get();
  }
  WorkingInput(const TensorView& view, const Context& context) : WorkingInput(&view, context) {}

  const W* data() const { return data_; }

 private:
  std::optional<ContiguousInput> input_;
  std::unique_ptr<W[]> converted_;
  const W* data_ = nullptr;
};

/// An output of type W or, for a W of float, of a half format: Finish() writes what was computed at
/// data() to it. Null stays null.
template <typename W>
class WorkingOutput {
 public:
  explicit WorkingOutput(const MutableTensorView* view) {
    if (view == nullptr) return;
    output_.emplace(*view);
    dtype_ = view->dtype;
    count_ = Numel(*view);
    if (IsHalf(dtype_)) unrounded_.reset(new W[count_]);
    data_ = IsHalf(dtype_) ? unrounded_.get() : static_cast<W*>(output_->data());
  }
  explicit WorkingOutput(const MutableTensorView& view) : WorkingOutput(&view) {}

  W* data() const { return data_; }

  void Finish(const Context& context) const {
    if (data_ == nullptr) return;
    if (unrounded_ != nullptr) {
      DispatchHalf(dtype_, [&](auto tag) {
        using T = typename decltype(tag)::type;
        T* const to = static_cast<T*>(output_->data());
        ParallelFor(context, count_, kConversionGrain, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) to[i] = FromWork<T>(static_cast<float>(data_[i]));
        });
      });
    }
    output_->Finish(context);
  }

 private:
  std::optional<ContiguousOutput> output_;
  DType dtype_{};
  int64_t count_ = 0;
  std::unique_ptr<W[]> unrounded_;
  W* data_ = nullptr;
};

}  // namespace paddlemend
