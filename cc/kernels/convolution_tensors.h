// Tensors as a convolution computes with them: row-major, channels before pixels, in float32 or
// float64.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

template <typename T>
constexpr bool kIsConverted = !std::is_same_v<T, WorkType<T>>;

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
    data_ = static_cast<const WorkType<T>*>(input_->data());
    if constexpr (kIsConverted<T>) {
      const int64_t count = Numel(*view);
      const T* const from = static_cast<const T*>(input_->data());
      converted_.reset(new float[count]);
      float* const to = converted_.get();
      ParallelFor(context, count, kConversionGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = ToWork(from[i]);
      });
      data_ = to;
    }
  }
  WorkingInput(const TensorView& view, const char* data_format, const Context& context)
      : WorkingInput(&view, data_format, context) {}

  const WorkType<T>* data() const { return data_; }

 private:
  std::optional<ContiguousInput> input_;
  std::unique_ptr<float[]> converted_;
  const WorkType<T>* data_ = nullptr;
};

/// An output: Finish() writes what was computed at data() to it.
template <typename T>
class WorkingOutput {
 public:
  WorkingOutput(const MutableTensorView& view, const char* data_format)
      : output_(ChannelsFirst(view, data_format)),
        count_(Numel(view)),
        data_(static_cast<WorkType<T>*>(output_.data())) {
    if constexpr (kIsConverted<T>) {
      unrounded_.reset(new float[count_]);
      data_ = unrounded_.get();
    }
  }

  WorkType<T>* data() const { return data_; }

  void Finish(const Context& context) const {
    if constexpr (kIsConverted<T>) {
      T* const to = static_cast<T*>(output_.data());
      ParallelFor(context, count_, kConversionGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) to[i] = FromWork<T>(data_[i]);
      });
    }
    output_.Finish(context);
  }

 private:
  ContiguousOutput output_;
  int64_t count_;
  WorkType<T>* data_;
  std::unique_ptr<float[]> unrounded_;
};

}  // namespace paddlemend
