#include "cc/kernels/put_along_axis.h"

#include <algorithm>
#include <memory>

#include "cc/kernels/along_axis.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/reduction.h"
#include "cc/kernels/scatter_along_axis.h"
#include "cc/kernels/scatter_along_axis_grad.h"

namespace paddlemend {
namespace {

/// `value` is at least as long as the index along every dimension.
Status CheckValueShape(const TensorLayout& index, const TensorLayout& value, const char* name) {
  bool fits = index.ndim == value.ndim;
  for (int d = 0; fits && d < index.ndim; ++d) fits = index.shape[d] <= value.shape[d];
  if (fits) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(value), ", expected ",
                         index.ndim, " dimensions, each at least that of index ",
                         ShapeString(index));
}

/// The corner of a view that has the shape of the index.
template <typename View>
View Corner(View view, const TensorLayout& index) {
  view.shape = index.shape;
  return view;
}

/// A gradient in row-major order while it is computed; a null one has no memory.
class GradOutput {
 public:
  GradOutput(const MutableTensorView* view, const TensorLayout& shape, const Context& context) {
    if (view == nullptr) return;
    if (!SameShape(*view, shape)) FillZero(*view, context);
    output_ = std::make_unique<ContiguousOutput>(Corner(*view, shape));
  }

  void* data() const { return output_ == nullptr ? nullptr : output_->data(); }

  void Finish(const Context& context) const {
    if (output_ != nullptr) output_->Finish(context);
  }

 private:
  std::unique_ptr<ContiguousOutput> output_;
};

/// The elements of a tensor of `shape` at the corner of `view` in row-major order; none for null.
class OptionalInput {
 public:
  OptionalInput(const TensorView* view, const TensorLayout& shape, const Context& context) {
    if (view != nullptr) {
      input_ = std::make_unique<ContiguousInput>(Corner(*view, shape), context);
    }
  }

  const void* data() const { return input_ == nullptr ? nullptr : input_->data(); }

 private:
  std::unique_ptr<ContiguousInput> input_;
};

/// What `reduce` needs of the forward call for its gradients.
Status CheckNeeded(const TensorView* tensor, const char* name, const char* reduce) {
  if (tensor != nullptr) return OkStatus();
  return InvalidArgument(name, " is missing, expected a tensor, because reduce is ", reduce);
}

/// A tensor of the gradient's that is like out_grad, if there is one.
template <typename View>
Status CheckLikeOutGrad(const TensorLayout& out_grad, const View* view, const char* name) {
  if (view == nullptr) return OkStatus();
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, name, *view));
  return CheckSameShape("out_grad", out_grad, name, *view);
}

/// A tensor of the gradient's that is like value, if there is one.
template <typename View>
Status CheckLikeValue(const TensorLayout& out_grad, const TensorLayout& index, const View* view,
                      const char* name) {
  if (view == nullptr) return OkStatus();
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, name, *view));
  return CheckValueShape(index, *view, name);
}

}  // namespace

Status PutAlongAxis(const TensorView& x, const TensorView& index, const TensorView& value,
                    int64_t axis, const char* reduce, bool include_self,
                    const MutableTensorView& out, const Context& context) {
  Reduction reduction;
  PM_RETURN_IF_ERROR(ParseReduction(reduce, x.dtype, &reduction));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "value", value));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckValueShape(index, value, "value"));
  AlongAxis plan;
  PM_RETURN_IF_ERROR(plan.Init(x, "x", index, axis, NegativeIndex::kCountsFromTheEnd, context));
  if (Numel(x) == 0) return OkStatus();

  const ContiguousInput contiguous_value(Corner(value, index), context);
  const ContiguousOutput contiguous_out(out);
  const void* start = x.data;
  if (!IsContiguous(x)) {
    StridedCopy(x, ContiguousView(x, contiguous_out.data()), context);
    start = contiguous_out.data();
  }
  ScatterAlongAxis(plan, x.dtype, reduction, include_self, start, contiguous_value.data(),
                   contiguous_out.data(), context);
  contiguous_out.Finish(context);
  return OkStatus();
}

Status PutAlongAxisGrad(const TensorView* x, const TensorView& index, const TensorView* value,
                        const TensorView* out, const TensorView& out_grad, int64_t axis,
                        const char* reduce, bool include_self, const MutableTensorView* x_grad,
                        const MutableTensorView* value_grad, const Context& context) {
  Reduction reduction;
  PM_RETURN_IF_ERROR(ParseReduction(reduce, out_grad.dtype, &reduction));
  const bool is_extreme = reduction == Reduction::kAmax || reduction == Reduction::kAmin;
  if (is_extreme || reduction == Reduction::kMul) {
    PM_RETURN_IF_ERROR(CheckNeeded(x, "x", reduce));
    PM_RETURN_IF_ERROR(CheckNeeded(value, "value", reduce));
  }
  if (is_extreme) PM_RETURN_IF_ERROR(CheckNeeded(out, "out", reduce));
  PM_RETURN_IF_ERROR(CheckLikeOutGrad(out_grad, x, "x"));
  PM_RETURN_IF_ERROR(CheckLikeOutGrad(out_grad, out, "out"));
  PM_RETURN_IF_ERROR(CheckLikeOutGrad(out_grad, x_grad, "x_grad"));
  PM_RETURN_IF_ERROR(CheckLikeValue(out_grad, index, value, "value"));
  PM_RETURN_IF_ERROR(CheckLikeValue(out_grad, index, value_grad, "value_grad"));
  if (value != nullptr && value_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameShape("value", *value, "value_grad", *value_grad));
  }
  AlongAxis plan;
  PM_RETURN_IF_ERROR(
      plan.Init(out_grad, "out_grad", index, axis, NegativeIndex::kCountsFromTheEnd, context));

  const GradOutput contiguous_x_grad(x_grad, out_grad, context);
  const GradOutput contiguous_value_grad(value_grad, index, context);
  if (Numel(out_grad) == 0) return OkStatus();
  const bool needs_inputs = is_extreme || reduction == Reduction::kMul;
  const OptionalInput contiguous_x(needs_inputs ? x : nullptr, out_grad, context);
  const OptionalInput contiguous_value(needs_inputs ? value : nullptr, index, context);
  const OptionalInput contiguous_out(is_extreme ? out : nullptr, out_grad, context);
  const ContiguousInput contiguous_out_grad(out_grad, context);
  ScatterAlongAxisGrad(
      plan, out_grad.dtype, reduction, include_self,
      {contiguous_x.data(), contiguous_value.data(), contiguous_out.data(),
       contiguous_out_grad.data(), contiguous_x_grad.data(), contiguous_value_grad.data()},
      context);
  contiguous_x_grad.Finish(context);
  contiguous_value_grad.Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
