#include "cc/cuda/entries_by_element.cuh"
#include "cc/cuda/scatter_lines.cuh"
#include "cc/kernels/scatter_along_axis.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename T>
struct Scatter {
  const AlongAxis& plan;
  bool include_self;
  const T* x;
  const T* value;
  T* out;
};

template <typename T>
void CopyOrZero(const Scatter<T>& s) {
  const int64_t bytes = s.plan.elements * static_cast<int64_t>(sizeof(T));
  if (s.x == nullptr) return SetBytes(s.out, 0, bytes);
  CopyBytes(s.out, s.x, bytes);
}

/// The last value of each element.
template <typename T, typename Place>
void AssignLast(const Scatter<T>& s) {
  CopyOrZero(s);
  const LastEntries<Place> last(s.plan);
  const AxisMap map(s.plan);
  const Place* const winners = last.data();
  const T* const value = s.value;
  T* const out = s.out;
  ForEach(map.total, [=] __device__(int64_t i) {
    int64_t position, element;
    if (!MayWrite(map.word) || !map.Locate(i, &position, &element)) return;
    if (winners[element] == static_cast<Place>(i)) out[element] = value[position];
  });
}

/// The values of each element in their order.
template <Reduction kReduction, typename T, typename Key, typename Place>
void CombineSorted(const Scatter<T>& s) {
  CopyOrZero(s);
  const EntriesByElement<Key, Place> entries(s.plan);
  const AxisMap map(s.plan);
  const auto sorted = entries.view();
  const T* const value = s.value;
  T* const out = s.out;
  const bool include_self = s.include_self;
  ForEach(map.total, [=] __device__(int64_t i) {
    using W = Work<T>;
    if (!sorted.IsFirst(i) || !MayWrite(map.word)) return;
    const Key element = sorted.elements[i];
    W result = include_self ? Convert<W>(out[element]) : Neutral<kReduction, W>();
    int64_t count = include_self ? 1 : 0;
    for (int64_t at = i; sorted.IsOf(at, element); ++at, ++count) {
      result = Combine<kReduction>(result, Convert<W>(value[sorted.positions[at]]));
    }
    if (kReduction == Reduction::kMean) result = DividedBy(result, count);
    out[element] = Convert<T>(result);
  });
}

template <Reduction kReduction, typename T>
void Run(const Scatter<T>& s) {
  const bool has_counts = kReduction == Reduction::kMean || !s.include_self;
  const bool needs_counts = has_counts && kReduction != Reduction::kAssign;
  const bool is_narrow =
      std::max(s.plan.elements, s.plan.blocks * s.plan.count * s.plan.columns) < int64_t{1} << 31;
  const bool by_lines = AreLines(s.plan) && s.plan.covers_x && s.plan.count >= s.plan.size / 4 &&
                        LineBytes<T>(s.plan.size, needs_counts) <= kMostLineBytes &&
                        s.plan.blocks < int64_t{1} << 31;
  if constexpr (kReduction != Reduction::kAssign) {
    if (by_lines && needs_counts) {
      return ScatterLines<kReduction, true>(s.plan, s.include_self, s.x, s.value, s.out);
    }
  }
  if constexpr (kReduction != Reduction::kMean) {
    if (by_lines && !needs_counts) {
      return ScatterLines<kReduction, false>(s.plan, s.include_self, s.x, s.value, s.out);
    }
  }
  if constexpr (kReduction == Reduction::kAssign) {
    if (is_narrow) return AssignLast<T, int32_t>(s);
    AssignLast<T, int64_t>(s);
  } else {
    if (is_narrow) return CombineSorted<kReduction, T, int32_t, int32_t>(s);
    CombineSorted<kReduction, T, int64_t, int64_t>(s);
  }
}

}  // namespace
}  // namespace cuda

void ScatterAlongAxis(const AlongAxis& plan, DType dtype, Reduction reduction, bool include_self,
                      const void* x, const void* value, void* out, const Context&) {
  const auto scatter_as = [&](auto tag) {
    using T = typename decltype(tag)::type;
    return cuda::Scatter<T>{plan, include_self, static_cast<const T*>(x),
                            static_cast<const T*>(value), static_cast<T*>(out)};
  };
  if (plan.blocks * plan.count * plan.columns == 0) {
    return cuda::DispatchBytes(ElementSize(dtype),
                               [&](auto tag) { cuda::CopyOrZero(scatter_as(tag)); });
  }
  if (reduction == Reduction::kAssign) {
    // Bits are moved, whatever they mean.
    switch (ElementSize(dtype)) {
      case 1:
        return cuda::Run<Reduction::kAssign>(scatter_as(TypeTag<uint8_t>()));
      case 2:
        return cuda::Run<Reduction::kAssign>(scatter_as(TypeTag<int16_t>()));
      case 4:
        return cuda::Run<Reduction::kAssign>(scatter_as(TypeTag<int32_t>()));
      case 8:
        return cuda::Run<Reduction::kAssign>(scatter_as(TypeTag<int64_t>()));
      default:
        return cuda::Run<Reduction::kAssign>(scatter_as(TypeTag<cuda::Complex<double>>()));
    }
  }
  cuda::Dispatch(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    cuda::DispatchReduction<T>(reduction, [&](auto kind) {
      if constexpr (kind.value != Reduction::kAssign) cuda::Run<kind.value>(scatter_as(tag));
    });
  });
}

}  // namespace paddlemend
