#include "cc/kernels/sum_to_shape.h"

#include <type_traits>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/reduce_groups.h"

namespace paddlemend {
namespace {

void AddGroup(int64_t size, bool reduced, DimensionGroups* groups) {
  if (size == 1) return;
  if (groups->empty() || groups->back().reduced != reduced) {
    groups->push_back({size, reduced});
  } else {
    groups->back().size *= size;
  }
}

/// The dimensions of x as groups, counted in real numbers. Complex elements are an innermost kept
/// dimension of two.
DimensionGroups MakeGroups(const TensorLayout& x, const TensorLayout& out) {
  DimensionGroups groups;
  const int leading = x.ndim - out.ndim;
  for (int d = 0; d < x.ndim; ++d) {
    const bool reduced = d < leading || out.shape[d - leading] != x.shape[d];
    AddGroup(x.shape[d], reduced, &groups);
  }
  AddGroup(RealsPerElement(x.dtype), false, &groups);
  if (!groups.empty() && groups.back().reduced) groups.push_back({1, false});
  return groups;
}

/// The same elements with the shape of `out`, which lacks nothing but dimensions of size 1.
TensorView WithShapeOf(const TensorView& x, const TensorLayout& out) {
  TensorView view = x;
  const int leading = x.ndim - out.ndim;
  view.ndim = out.ndim;
  for (int d = 0; d < out.ndim; ++d) {
    view.shape[d] = x.shape[d + leading];
    view.strides[d] = x.strides[d + leading];
  }
  return view;
}

}  // namespace

void SumToShape(const TensorView& x, const MutableTensorView& out, const Context& context) {
  if (Numel(out) == 0) return;
  if (Numel(x) == 0) return FillZero(out, context);
  if (Numel(x) == Numel(out)) return StridedCopy(WithShapeOf(x, out), out, context);
  const ContiguousInput input(x, context);
  const ContiguousOutput output(out);
  const DimensionGroups groups = MakeGroups(x, out);
  DispatchAddend(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const from = static_cast<const T*>(input.data());
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
      if (out.dtype == DType::kFloat32) {
        return ReduceGroups(from, groups, static_cast<float*>(output.data()), context);
      }
    }
    ReduceGroups(from, groups, static_cast<T*>(output.data()), context);
  });
  output.Finish(context);
}

}  // namespace paddlemend
