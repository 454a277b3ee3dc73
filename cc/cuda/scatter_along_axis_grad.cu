#include "cc/cuda/combine.cuh"
#include "cc/cuda/entries_by_element.cuh"
#include "cc/kernels/gather_along_axis.h"
#include "cc/kernels/scatter_along_axis_grad.h"

namespace paddlemend {
namespace cuda {
namespace {

/// One call, as ScatterGradArrays of T. Numbers of entries and elements are kept as Place.
template <typename T>
struct ScatterGrad {
  const AlongAxis& plan;
  bool include_self;
  const T* x;
  const T* value;
  const T* out;
  const T* out_grad;
  T* x_grad;
  T* value_grad;
};

/// x_grad = out_grad, but 0 for elements that got a value.
template <typename T, typename Place>
void KeepUntouched(const ScatterGrad<T>& s, const Place* last) {
  if (s.x_grad == nullptr) return;
  const T* const out_grad = s.out_grad;
  T* const x_grad = s.x_grad;
  const AxisMap map(s.plan);
  ForEach(s.plan.elements, [=] __device__(int64_t i) {
    if (MayWrite(map.word)) x_grad[i] = last[i] < 0 ? out_grad[i] : Zero<T>();
  });
}

/// The last value that comes to an element takes its gradient and leaves zero to all others.
template <typename T, typename Place>
void AssignGrad(const ScatterGrad<T>& s) {
  const LastEntries<Place> entries(s.plan);
  const Place* const last = entries.data();
  if (s.value_grad != nullptr) {
    const AxisMap map(s.plan);
    const T* const out_grad = s.out_grad;
    T* const value_grad = s.value_grad;
    ForEach(map.total, [=] __device__(int64_t i) {
      int64_t position, element;
      if (!MayWrite(map.word) || !map.Locate(i, &position, &element)) return;
      const bool wins = last[element] == static_cast<Place>(i);
      value_grad[position] = wins ? out_grad[element] : Zero<T>();
    });
  }
  KeepUntouched(s, last);
}

/// Every value has the gradient of its element.
template <typename T, typename Place>
void AddGrad(DType dtype, const ScatterGrad<T>& s, const Context& context) {
  if (s.value_grad != nullptr) {
    GatherAlongAxis(s.plan, dtype, s.out_grad, s.value_grad, context);
  }
  if (s.x_grad == nullptr) return;
  if (s.include_self) {
    return CopyBytes(s.x_grad, s.out_grad, s.plan.elements * static_cast<int64_t>(sizeof(T)));
  }
  const LastEntries<Place> entries(s.plan);
  KeepUntouched(s, entries.data());
}

/// How many values came to each element, and with an extreme how many of them equal it.
template <typename Place>
class Counts {
 public:
  using Counter = std::conditional_t<sizeof(Place) == 4, unsigned, unsigned long long>;

  explicit Counts(int64_t elements) : counts_(elements) {
    SetBytes(counts_.data(), 0, elements * static_cast<int64_t>(sizeof(Counter)));
  }

  Counter* data() const { return counts_.data(); }

 private:
  const Temporary<Counter> counts_;
};

/// The gradient of an element is shared by all that was combined in it.
template <typename T, typename Place>
void MeanGrad(const ScatterGrad<T>& s) {
  const Counts<Place> counts(s.plan.elements);
  auto* const count = counts.data();
  using Counter = typename Counts<Place>::Counter;
  const AxisMap map(s.plan);
  const bool include_self = s.include_self;
  const T* const out_grad = s.out_grad;
  T* const x_grad = s.x_grad;
  T* const value_grad = s.value_grad;
  ForEach(map.total, [=] __device__(int64_t i) {
    int64_t position, element;
    if (map.Locate(i, &position, &element)) atomicAdd(count + element, Counter{1});
  });
  const auto share = [=] __device__(int64_t element) {
    const int64_t n = static_cast<int64_t>(count[element]) + (include_self ? 1 : 0);
    return Convert<T>(DividedBy(Convert<Work<T>>(out_grad[element]), n));
  };
  if (value_grad != nullptr) {
    ForEach(map.total, [=] __device__(int64_t i) {
      int64_t position, element;
      if (!MayWrite(map.word) || !map.Locate(i, &position, &element)) return;
      value_grad[position] = share(element);
    });
  }
  if (x_grad == nullptr) return;
  ForEach(s.plan.elements, [=] __device__(int64_t i) {
    if (MayWrite(map.word)) x_grad[i] = count[i] > 0 && !include_self ? Zero<T>() : share(i);
  });
}

/// Whether something equal to `value` has a part in the gradient of the extreme. With an extreme of
/// NaN everything has, as the gradient is NaN too then.
template <typename T>
__device__ __forceinline__ bool SharesExtreme(T value, T extreme) {
  return IsEqual(Convert<Work<T>>(value), Convert<Work<T>>(extreme)) ||
         IsNaN(Convert<Work<T>>(extreme));
}

/// What equals the extreme shares the gradient.
template <typename T, typename Place>
void ExtremeGrad(const ScatterGrad<T>& s) {
  const Counts<Place> counts(s.plan.elements);
  auto* const count = counts.data();
  using Counter = typename Counts<Place>::Counter;
  const AxisMap map(s.plan);
  const bool include_self = s.include_self;
  const T* const x = s.x;
  const T* const value = s.value;
  const T* const out = s.out;
  const T* const out_grad = s.out_grad;
  T* const x_grad = s.x_grad;
  T* const value_grad = s.value_grad;
  ForEach(map.total, [=] __device__(int64_t i) {
    int64_t position, element;
    if (!map.Locate(i, &position, &element)) return;
    if (SharesExtreme(value[position], out[element])) atomicAdd(count + element, Counter{1});
  });
  // An element that got no value has the gradient of a copy, whatever it holds.
  const auto share = [=] __device__(int64_t element) {
    const bool own = include_self && SharesExtreme(x[element], out[element]);
    const int64_t n = static_cast<int64_t>(count[element]) + (own ? 1 : 0);
    const Work<T> extreme = Convert<Work<T>>(out[element]);
    if (IsNaN(extreme) && count[element] > 0) return Convert<T>(extreme);
    return Convert<T>(DividedBy(Convert<Work<T>>(out_grad[element]), n));
  };
  if (value_grad != nullptr) {
    ForEach(map.total, [=] __device__(int64_t i) {
      int64_t position, element;
      if (!MayWrite(map.word) || !map.Locate(i, &position, &element)) return;
      const bool shares = SharesExtreme(value[position], out[element]);
      value_grad[position] = shares ? share(element) : Zero<T>();
    });
  }
  if (x_grad == nullptr) return;
  ForEach(s.plan.elements, [=] __device__(int64_t i) {
    // Without x, an element that nothing equals got no value at all.
    const bool shares = include_self ? SharesExtreme(x[i], out[i]) : count[i] == 0;
    if (MayWrite(map.word)) x_grad[i] = shares ? share(i) : Zero<T>();
  });
}

/// The gradient of a factor: out_grad, times the factors before it, times those after it.
template <typename T, typename Place>
void MulGrad(const ScatterGrad<T>& s) {
  using W = Work<T>;
  const EntriesByElement<Place, Place> entries(s.plan);
  const auto sorted = entries.view();
  const AxisMap map(s.plan);
  const Temporary<W> products(s.value_grad == nullptr ? 0 : map.total);
  W* const before = products.data();
  const bool include_self = s.include_self;
  const T* const x = s.x;
  const T* const value = s.value;
  const T* const out_grad = s.out_grad;
  T* const x_grad = s.x_grad;
  T* const value_grad = s.value_grad;
  if (x_grad != nullptr) {
    CopyBytes(x_grad, out_grad, s.plan.elements * static_cast<int64_t>(sizeof(T)));
  }
  ForEach(map.total, [=] __device__(int64_t i) {
    if (!sorted.IsFirst(i) || !MayWrite(map.word)) return;
    const Place element = sorted.elements[i];
    const auto factor = [&](int64_t at) {
      return Conjugate(Convert<W>(value[sorted.positions[at]]));
    };
    int64_t end = i;
    W product =
        include_self && value_grad != nullptr ? Conjugate(Convert<W>(x[element])) : One<W>();
    for (; sorted.IsOf(end, element); ++end) {
      if (value_grad == nullptr) continue;
      before[end] = product;
      product = Times(product, factor(end));
    }
    product = Convert<W>(out_grad[element]);
    for (int64_t at = end - 1; at >= i; --at) {
      if (value_grad != nullptr) {
        value_grad[sorted.positions[at]] = Convert<T>(Times(before[at], product));
      }
      product = Times(product, factor(at));
    }
    if (x_grad != nullptr) x_grad[element] = include_self ? Convert<T>(product) : Zero<T>();
  });
}

template <typename T, typename Place>
void RunNumeric(Reduction reduction, const ScatterGrad<T>& s) {
  if (reduction == Reduction::kMul) return MulGrad<T, Place>(s);
  if (reduction == Reduction::kMean) return MeanGrad<T, Place>(s);
  if constexpr (!kIsComplex<T>) ExtremeGrad<T, Place>(s);
}

template <typename Place>
void Run(const AlongAxis& plan, DType dtype, Reduction reduction, bool include_self,
         const ScatterGradArrays& arrays, const Context& context) {
  const auto grad_as = [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ScatterGrad<T>{plan,
                          include_self,
                          static_cast<const T*>(arrays.x),
                          static_cast<const T*>(arrays.value),
                          static_cast<const T*>(arrays.out),
                          static_cast<const T*>(arrays.out_grad),
                          static_cast<T*>(arrays.x_grad),
                          static_cast<T*>(arrays.value_grad)};
  };
  if (reduction != Reduction::kAssign && reduction != Reduction::kAdd) {
    return Dispatch(dtype, [&](auto tag) {
      RunNumeric<typename decltype(tag)::type, Place>(reduction, grad_as(tag));
    });
  }
  const auto move = [&](auto tag) {
    const auto s = grad_as(tag);
    using T = typename decltype(tag)::type;
    if (reduction == Reduction::kAssign) return AssignGrad<T, Place>(s);
    AddGrad<T, Place>(dtype, s, context);
  };
  switch (ElementSize(dtype)) {
    case 1:
      return move(TypeTag<uint8_t>());
    case 2:
      return move(TypeTag<int16_t>());
    case 4:
      return move(TypeTag<int32_t>());
    case 8:
      return move(TypeTag<int64_t>());
    default:
      return move(TypeTag<Complex<double>>());
  }
}

}  // namespace
}  // namespace cuda

void ScatterAlongAxisGrad(const AlongAxis& plan, DType dtype, Reduction reduction,
                          bool include_self, const ScatterGradArrays& arrays,
                          const Context& context) {
  const int64_t entries = plan.blocks * plan.count * plan.columns;
  if (entries == 0) {
    if (arrays.x_grad != nullptr) {
      cuda::CopyBytes(arrays.x_grad, arrays.out_grad, plan.elements * ElementSize(dtype));
    }
    return;
  }
  if (std::max(entries, plan.elements) < int64_t{1} << 31) {
    return cuda::Run<int32_t>(plan, dtype, reduction, include_self, arrays, context);
  }
  cuda::Run<int64_t>(plan, dtype, reduction, include_self, arrays, context);
}

}  // namespace paddlemend
