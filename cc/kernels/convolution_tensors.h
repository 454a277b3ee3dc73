// Tensors as a convolution computes with them: row-major, channels before pixels, in float32 or
// float64.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/half.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

template <typename T>
constexpr bool kIsHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

/// What is computed with where T is stored.
template <typename T>
using Working = std::conditional_t<kIsHalf<T>, float, T>;

constexpr int64_t kConversionGrain = 32768;

/// The view with the channels in front of the pixels.
template <typename View>
View ChannelsFirst(View view, const char* data_format) {
  if (view.ndim != 4 || std::strcmp(data_format, "NHWC") != 0) return view;
  for (Dims* dims : {&view.shape, &view.strides}) {
    const int64_t channels = (*dims)[3];
    (*dims)[3] = (*dims)[2];
    (*dims)[2] = (*dims)[1];
    (*dims)[1] = channels;
  }
  return view;
}

/// An input; null stays null.
template <typename T>
class WorkingInput {
 public:
  WorkingInput(const TensorView* view, const char* data_format, const Context& context) {
    if (view == nullptr) return;
    input_.emplace(ChannelsFirst(*view, data_format), context);
    data_ = static_cast<const Working<T>*>(input_->data());
    if constexpr (kIsHalf<T>) {
      const int64_t count = Numel(*view);
      const T* const from = static_cast<const T*>(input_->data());
      converted_.reset(new float[count]);
      float* const to = converted_.get();
      ParallelFor(context, count, kConversionGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = ToFloat(from[i]);
      });
      data_ = to;
    }
  }
  WorkingInput(const TensorView& view, const char* data_format, const Context& context)
      : WorkingInput(&view, data_format, context) {}

  const Working<T>* data() const { return data_; }

 private:
  std::optional<ContiguousInput> input_;
  std::unique_ptr<float[]> converted_;
  const Working<T>* data_ = nullptr;
};

inline void Round(float value, Float16* out) { *out = ToFloat16(value); }
inline void Round(float value, BFloat16* out) { *out = ToBFloat16(value); }

/// An output: Finish() writes what was computed at data() to it.
template <typename T>
class WorkingOutput {
 public:
  WorkingOutput(const MutableTensorView& view, const char* data_format)
      : output_(ChannelsFirst(view, data_format)),
        count_(Numel(view)),
        data_(static_cast<Working<T>*>(output_.data())) {
    if constexpr (kIsHalf<T>) {
      unrounded_.reset(new float[count_]);
      data_ = unrounded_.get();
    }
  }

  Working<T>* data() const { return data_; }

  void Finish(const Context& context) const {
    if constexpr (kIsHalf<T>) {
      T* const to = static_cast<T*>(output_.data());
      ParallelFor(context, count_, kConversionGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) Round(data_[i], to + i);
      });
    }
    output_.Finish(context);
  }

 private:
  ContiguousOutput output_;
  int64_t count_;
  Working<T>* data_;
  std::unique_ptr<float[]> unrounded_;
};

/// Calls `function(TypeTag<T>())` for the four floating dtypes, to which `dtype` belongs.
template <typename Function>
void DispatchFloating(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::kFloat16:
      return function(TypeTag<Float16>());
    case DType::kBFloat16:
      return function(TypeTag<BFloat16>());
    case DType::kFloat32:
      return function(TypeTag<float>());
    default:
      return function(TypeTag<double>());
  }
}

}  // namespace paddlemend
