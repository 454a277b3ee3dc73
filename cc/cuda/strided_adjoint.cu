#include <algorithm>

#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/strided_adjoint.h"
#include "cc/kernels/strided_copy.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace cuda {
namespace {

/// Dimensions by stride, the longest first, to find all elements at an address. Strides are made
/// positive: an element's address is start + the sum of its steps times `strides`.
struct Places {
  int ndim = 0;
  int64_t start = 0;
  int64_t sizes[kMaxNdim];
  int64_t strides[kMaxNdim];
  int64_t rest[kMaxNdim];    // how far the dimensions after this one reach
  int64_t memory[kMaxNdim];  // what one step is in the tensor's memory

  void Add(int64_t size, int64_t stride, int64_t memory_stride) {
    int at = ndim++;
    for (; at > 0 && strides[at - 1] < stride; --at) {
      sizes[at] = sizes[at - 1];
      strides[at] = strides[at - 1];
      memory[at] = memory[at - 1];
    }
    sizes[at] = size;
    strides[at] = stride;
    memory[at] = memory_stride;
  }

  void Finish() {
    int64_t reach = 0;
    for (int d = ndim - 1; d >= 0; --d) {
      rest[d] = reach;
      reach += (sizes[d] - 1) * strides[d];
    }
  }

  /// Calls `function(offset)` with the offset in memory of each element at `address`.
  template <typename Function>
  __device__ void ForEachAt(int64_t address, const Function& function) const {
    int64_t step[kMaxNdim];
    int64_t last[kMaxNdim];
    int64_t left[kMaxNdim + 1];
    int64_t offset[kMaxNdim + 1];
    left[0] = address - start;
    offset[0] = 0;
    if (left[0] < 0) return;
    int d = 0;
    bool enters = true;
    while (d >= 0) {
      if (enters && d == ndim) {
        if (left[d] == 0) function(offset[d]);
        enters = false;
        --d;
        continue;
      }
      if (enters) {
        // What the later dimensions cannot reach has to be gone here.
        const int64_t beyond = left[d] - rest[d];
        step[d] = beyond <= 0 ? 0 : (beyond + strides[d] - 1) / strides[d];
        last[d] = min(left[d] / strides[d], sizes[d] - 1);
      } else {
        ++step[d];
      }
      if (step[d] > last[d]) {
        enters = false;
        --d;
        continue;
      }
      left[d + 1] = left[d] - step[d] * strides[d];
      offset[d + 1] = offset[d] + step[d] * memory[d];
      enters = true;
      ++d;
    }
  }
};

template <typename T>
__device__ __forceinline__ T Part(T sum, int64_t n) {
  if (n <= 1) return sum;
  if constexpr (std::is_same_v<T, Bool8>) {
    return sum;
  } else if constexpr (kIsComplex<T>) {
    return DividedBy(sum, n);
  } else {
    return sum / static_cast<T>(n);  // of integers towards zero
  }
}

struct Target {
  TensorLayout x;
  int64_t start;
  bool may_repeat;
  int ndim;
  Divisor sizes[kMaxNdim];
  int64_t out[kMaxNdim];  // strides of x_grad
};

template <typename In, typename T>
void Gather(const Places& view, const Places& own, const Target& of, const In* out_grad, T* x_grad,
            int64_t count) {
  ForEach(count, [=] __device__(int64_t i) {
    using W = std::conditional_t<std::is_same_v<In, double> && !std::is_same_v<T, double>, float,
                                 Work<T>>;
    int64_t address = of.start;
    int64_t to = 0;
    int64_t number = i;
    for (int d = of.ndim - 1; d >= 0; --d) {
      const int64_t rest = of.sizes[d].Divide(number);
      const int64_t step = number - rest * of.x.shape[d];
      address += step * of.x.strides[d];
      to += step * of.out[d];
      number = rest;
    }
    W sum = Zero<W>();
    view.ForEachAt(address, [&](int64_t offset) { sum = Plus(sum, Convert<W>(out_grad[offset])); });
    int64_t n = 0;
    if (of.may_repeat) own.ForEachAt(address, [&](int64_t) { ++n; });
    x_grad[to] = Convert<T>(Part(sum, n));
  });
}

/// The view without its dimensions of stride 0: out_grad is summed over them.
struct Folded {
  TensorView out_grad;
  Dims strides;
};

Folded Fold(const TensorView& out_grad, const Dims& strides, Buffer* memory) {
  Folded folded{out_grad, strides};
  if (memory == nullptr) return folded;
  MutableTensorView sums{out_grad, memory->data()};
  for (int d = 0; d < sums.ndim; ++d) {
    if (strides[d] == 0) sums.shape[d] = 1;
  }
  if (IsHalf(sums.dtype)) sums.dtype = DType::kFloat32;
  SetContiguousStrides(&sums);
  SumToShape(out_grad, sums, Context());
  folded.out_grad = sums.AsConst();
  return folded;
}

bool HasFold(const TensorView& out_grad, const Dims& strides) {
  for (int d = 0; d < out_grad.ndim; ++d) {
    if (strides[d] == 0 && out_grad.shape[d] > 1) return true;
  }
  return false;
}

/// A view that stays inside of a row-major x and has no element twice is written where it reads; if
/// it has as many elements as x, those are all.
bool Scatter(const TensorView& out_grad, const Dims& strides, int64_t out_start,
             const AddressedLayout& x, const MutableTensorView& x_grad, const Context& context) {
  MutableTensorView view{out_grad, nullptr};
  view.strides = strides;
  int64_t end = out_start + 1;
  for (int d = 0; d < view.ndim; ++d) end += (view.shape[d] - 1) * view.strides[d];
  const bool fits = x.start == 0 && IsContiguous(x.layout) && IsContiguous(x_grad) &&
                    !MayRepeatElements(view) && out_start >= 0 && end <= Numel(x.layout);
  if (!fits) return false;
  view.data = static_cast<char*>(x_grad.data) + out_start * ElementSize(x_grad.dtype);
  if (Numel(out_grad) < Numel(x_grad)) FillZero(x_grad, context);
  StridedCopy(out_grad, view, context);
  return true;
}

}  // namespace
}  // namespace cuda

void StridedAdjoint(const TensorView& out_grad, const Dims& out_strides, int64_t out_start,
                    const AddressedLayout& x, const MutableTensorView& x_grad,
                    const Context& context) {
  if (Numel(out_grad) == 0) return FillZero(x_grad, context);
  if (cuda::Scatter(out_grad, out_strides, out_start, x, x_grad, context)) return;
  std::unique_ptr<Buffer> memory;
  if (cuda::HasFold(out_grad, out_strides)) {
    memory = std::make_unique<Buffer>(2 * ByteSize(out_grad) + 16);
  }
  const cuda::Folded folded = cuda::Fold(out_grad, out_strides, memory.get());
  cuda::Places view;
  view.start = out_start;
  for (int d = 0; d < folded.out_grad.ndim; ++d) {
    if (folded.out_grad.shape[d] > 1) {
      view.Add(folded.out_grad.shape[d], out_strides[d], folded.out_grad.strides[d]);
    }
  }
  view.Finish();
  cuda::Places own;
  own.start = x.start;
  cuda::Target of{x.layout, x.start, MayRepeatElements(x.layout), x.layout.ndim, {}, {}};
  for (int d = 0; d < x.layout.ndim; ++d) {
    const int64_t size = x.layout.shape[d];
    const int64_t stride = x.layout.strides[d];
    of.sizes[d] = cuda::Divisor(size, Numel(x.layout));
    of.out[d] = x_grad.strides[d];
    if (size == 1) continue;
    if (stride < 0) own.start += (size - 1) * stride;
    own.Add(size, std::abs(stride), 0);
  }
  own.Finish();
  cuda::Dispatch(x_grad.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t count = Numel(x_grad);
    if constexpr (cuda::kIsHalf<T>) {
      if (folded.out_grad.dtype == DType::kFloat32) {
        return cuda::Gather(view, own, of, static_cast<const float*>(folded.out_grad.data),
                            static_cast<T*>(x_grad.data), count);
      }
    }
    cuda::Gather(view, own, of, static_cast<const T*>(folded.out_grad.data),
                 static_cast<T*>(x_grad.data), count);
  });
}

}  // namespace paddlemend
