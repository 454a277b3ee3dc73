#include "cc/kernels/batch_norm.h"

#include <initializer_list>

#include "cc/kernels/batch_norm_run.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/norm_checks.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend {
namespace {

void CopyUnlessSame(const TensorView& from, const MutableTensorView& to, const Context& context) {
  if (from.data == to.data && IsSameView(from, to)) return;
  StridedCopy(from, to, context);
}

/// Checks x, its axis, and that every one of `tensors` has one value a channel.
Status CheckTensors(const TensorView& x, int64_t channel_axis,
                    std::initializer_list<NamedTensor> tensors, int* axis) {
  PM_RETURN_IF_ERROR(CheckFloatingDType(x, "x"));
  if (x.ndim < 2) {
    return InvalidArgument("the shape of x is ", ShapeString(x),
                           ", expected two dimensions or more");
  }
  PM_RETURN_IF_ERROR(ResolveAxis(channel_axis, x, axis, "channel_axis"));
  for (const NamedTensor& tensor : tensors) {
    PM_RETURN_IF_ERROR(CheckParameter(tensor, x.shape[*axis], "the channels of x", x));
  }
  return OkStatus();
}

/// Whether no channel has statistics of its own: there is nothing in it, or one value of a batch.
bool HasNoStatistics(const ChannelLayout& layout, bool use_batch_statistics) {
  return layout.count() == 0 || (use_batch_statistics && layout.count() == 1);
}

void PassThrough(const BatchNormForward& of, const Context& context) {
  if (Numel(of.x) != 0) CopyUnlessSame(of.x, of.out, context);
  CopyUnlessSame(of.running_mean, of.running_mean_out, context);
  CopyUnlessSame(of.running_var, of.running_var_out, context);
  FillZero(of.saved_mean, context);
  FillZero(of.saved_inverse_deviation, context);
}

void PassThrough(const BatchNormBackward& of, const Context& context) {
  if (of.x_grad != nullptr && Numel(of.x) != 0) CopyUnlessSame(of.out_grad, *of.x_grad, context);
  if (of.weight_grad != nullptr) FillZero(*of.weight_grad, context);
  if (of.bias_grad != nullptr) FillZero(*of.bias_grad, context);
}

template <typename Direction>
void RunInLayout(const Direction& of, int axis, const Context& context) {
  const ChannelLayout layout = MakeChannelLayout(of.x, axis);
  if (HasNoStatistics(layout, of.use_batch_statistics)) return PassThrough(of, context);
  if (layout.channels == 0) return;
  RunBatchNorm(of, layout, context);
}

}  // namespace

Status BatchNorm(const TensorView& x, const TensorView& running_mean, const TensorView& running_var,
                 const TensorView* weight, const TensorView* bias, bool use_batch_statistics,
                 double momentum, double epsilon, int64_t channel_axis,
                 const MutableTensorView& out, const MutableTensorView& running_mean_out,
                 const MutableTensorView& running_var_out, const MutableTensorView& saved_mean,
                 const MutableTensorView& saved_inverse_deviation, const Context& context) {
  int axis;
  PM_RETURN_IF_ERROR(CheckTensors(x, channel_axis,
                                  {{"running_mean", &running_mean},
                                   {"running_var", &running_var},
                                   {"weight", weight},
                                   {"bias", bias},
                                   {"running_mean_out", &running_mean_out},
                                   {"running_var_out", &running_var_out},
                                   {"saved_mean", &saved_mean},
                                   {"saved_inverse_deviation", &saved_inverse_deviation}},
                                  &axis));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("x", x, "out", out));
  const BatchNormForward call{x,
                              running_mean,
                              running_var,
                              weight,
                              bias,
                              use_batch_statistics,
                              momentum,
                              epsilon,
                              out,
                              running_mean_out,
                              running_var_out,
                              saved_mean,
                              saved_inverse_deviation};
  RunInLayout(call, axis, context);
  return OkStatus();
}

Status BatchNormGrad(const TensorView& x, const TensorView& out_grad, const TensorView* weight,
                     const TensorView& running_mean, const TensorView& running_var,
                     const TensorView& saved_mean, const TensorView& saved_inverse_deviation,
                     bool use_batch_statistics, double epsilon, int64_t channel_axis,
                     const MutableTensorView* x_grad, const MutableTensorView* weight_grad,
                     const MutableTensorView* bias_grad, const Context& context) {
  int axis;
  PM_RETURN_IF_ERROR(CheckTensors(x, channel_axis,
                                  {{"weight", weight},
                                   {"running_mean", &running_mean},
                                   {"running_var", &running_var},
                                   {"saved_mean", &saved_mean},
                                   {"saved_inverse_deviation", &saved_inverse_deviation},
                                   {"weight_grad", weight_grad},
                                   {"bias_grad", bias_grad}},
                                  &axis));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out_grad", out_grad));
  PM_RETURN_IF_ERROR(CheckSameShape("x", x, "out_grad", out_grad));
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("x", x, "x_grad", *x_grad));
    PM_RETURN_IF_ERROR(CheckSameShape("x", x, "x_grad", *x_grad));
  }
  const BatchNormBackward call{x,
                               out_grad,
                               weight,
                               running_mean,
                               running_var,
                               saved_mean,
                               saved_inverse_deviation,
                               use_batch_statistics,
                               epsilon,
                               x_grad,
                               weight_grad,
                               bias_grad};
  RunInLayout(call, axis, context);
  return OkStatus();
}

}  // namespace paddlemend
