#include "cc/kernels/fused_layer_norm.h"

#include <algorithm>
#include <string>

#include "cc/kernels/checks.h"
#include "cc/kernels/fused_layer_norm_run.h"
#include "cc/kernels/norm_checks.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend {
namespace {

Status ReadSize(const TensorView& x, int64_t begin_norm_axis, LayerNormSize* size) {
  if (begin_norm_axis < 0 || begin_norm_axis >= x.ndim) {
    return OutOfRange("begin_norm_axis is ", begin_norm_axis, ", expected 0 <= begin_norm_axis < ",
                      x.ndim, " for x of the shape ", ShapeString(x));
  }
  for (int d = 0; d < x.ndim; ++d) {
    (d < begin_norm_axis ? size->rows : size->columns) *= x.shape[d];
  }
  return OkStatus();
}

/// The bias is flat or has the shape of the columns.
Status CheckBias(const TensorView& bias, const TensorView& x, int64_t begin_norm_axis,
                 int64_t columns) {
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "bias", bias));
  if (bias.ndim == 1 && bias.shape[0] == columns) return OkStatus();
  const int64_t ndim = x.ndim - begin_norm_axis;
  const int64_t* const shape = x.shape.data() + begin_norm_axis;
  if (bias.ndim == ndim && std::equal(shape, shape + ndim, bias.shape.begin())) return OkStatus();
  const std::string flat = ShapeString(&columns, 1);
  const std::string expected = ndim == 1 ? flat : ShapeString(shape, ndim) + " or " + flat;
  return InvalidArgument("the shape of bias is ", ShapeString(bias), ", expected ", expected,
                         ", the columns of x");
}

Status CheckLikeX(const TensorView& x, const char* name, const TensorLayout* tensor) {
  if (tensor == nullptr) return OkStatus();
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, name, *tensor));
  return CheckSameShape("x", x, name, *tensor);
}

Status CheckArguments(const LayerNormArguments& of, LayerNormSize* size) {
  PM_RETURN_IF_ERROR(CheckFloatingDType(of.x, "x"));
  PM_RETURN_IF_ERROR(ReadSize(of.x, of.begin_norm_axis, size));
  for (const NamedTensor& norm :
       {NamedTensor{"norm_weight", of.norm_weight}, {"norm_bias", of.norm_bias}}) {
    PM_RETURN_IF_ERROR(CheckParameter(norm, size->columns, "the columns of x", of.x));
  }
  if (of.bias != nullptr) {
    PM_RETURN_IF_ERROR(CheckBias(*of.bias, of.x, of.begin_norm_axis, size->columns));
  }
  PM_RETURN_IF_ERROR(CheckLikeX(of.x, "residual", of.residual));
  PM_RETURN_IF_ERROR(CheckLikeX(of.x, "residual_out", of.residual_out));
  PM_RETURN_IF_ERROR(CheckSameShape("x", of.x, "out", of.out));
  for (const NamedTensor& moments :
       {NamedTensor{"mean", of.mean}, {"inverse_deviation", of.inverse_deviation}}) {
    PM_RETURN_IF_ERROR(CheckParameter(moments, size->rows, "the rows of x", of.x));
  }
  return OkStatus();
}

/// Fills what a call without elements writes; returns whether it is one.
bool FinishEmpty(const LayerNormArguments& of, const Context& context) {
  if (Numel(of.x) != 0) return false;
  if (of.mean != nullptr) FillZero(*of.mean, context);
  if (of.inverse_deviation != nullptr) FillZero(*of.inverse_deviation, context);
  return true;
}

}  // namespace

Status FusedLayerNorm(const TensorView& x, const TensorView* norm_weight,
                      const TensorView* norm_bias, const TensorView* bias,
                      const TensorView* residual, double epsilon, double residual_alpha,
                      int64_t begin_norm_axis, const MutableTensorView& out,
                      const MutableTensorView* residual_out, const MutableTensorView* mean,
                      const MutableTensorView* inverse_deviation, const Context& context) {
  const LayerNormArguments of{x,        norm_weight,  norm_bias,      bias,
                              residual, epsilon,      residual_alpha, begin_norm_axis,
                              out,      residual_out, mean,           inverse_deviation};
  LayerNormSize size;
  PM_RETURN_IF_ERROR(CheckArguments(of, &size));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  if (FinishEmpty(of, context)) return OkStatus();
  RunLayerNorm(of, size, nullptr, context);
  return OkStatus();
}

Status FusedLayerNormQuantized(const TensorView& x, const TensorView& norm_weight,
                               const TensorView& norm_bias, const TensorView* bias,
                               const TensorView* residual, double epsilon, double residual_alpha,
                               int64_t begin_norm_axis, double scale, int64_t round_type,
                               double max_bound, double min_bound, const MutableTensorView& out,
                               const MutableTensorView* residual_out, const MutableTensorView* mean,
                               const MutableTensorView* inverse_deviation, const Context& context) {
  const LayerNormArguments of{x,        &norm_weight, &norm_bias,     bias,
                              residual, epsilon,      residual_alpha, begin_norm_axis,
                              out,      residual_out, mean,           inverse_deviation};
  LayerNormSize size;
  PM_RETURN_IF_ERROR(CheckArguments(of, &size));
  if (out.dtype != DType::kInt8) {
    return InvalidArgument("the dtype of out is ", DTypeName(out.dtype), ", expected int8");
  }
  if (!(scale > 0)) return InvalidArgument("scale is ", scale, ", expected a positive number");
  if (round_type != 0 && round_type != 1) {
    return InvalidArgument("round_type is ", round_type, ", expected 0 or 1");
  }
  if (max_bound != 127) return InvalidArgument("max_bound is ", max_bound, ", expected 127");
  if (!(min_bound >= -128 && min_bound < max_bound) || min_bound == 0) {
    return InvalidArgument("min_bound is ", min_bound,
                           ", expected -128 <= min_bound < 127 other than 0");
  }
  if (FinishEmpty(of, context)) return OkStatus();
  const LayerNormQuantization quantization{max_bound * scale, min_bound, max_bound,
                                           round_type == 0};
  RunLayerNorm(of, size, &quantization, context);
  return OkStatus();
}

}  // namespace paddlemend
