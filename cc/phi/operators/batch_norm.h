// batch_norm, its inference form and its gradient. The second-order gradient stays the wheel's: it
// reads what the forward pass saves, which means the same here.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/norm_attributes.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/multiary.h"

namespace paddlemend::phi_adapter::batch_norm {

struct BatchNorm {};

using OptionalTensor = paddle::optional<phi::DenseTensor>;

/// The kernels get "NCHW" or "NHWC" for any number of dimensions.
inline int64_t ChannelAxis(const std::string& data_layout) {
  return data_layout == "NCHW" ? 1 : -1;
}

inline bool UsesBatchStatistics(bool is_test, bool use_global_stats, bool trainable_statistics) {
  return !use_global_stats && (!is_test || trainable_statistics);
}

struct Outputs {
  phi::DenseTensor* out;
  phi::DenseTensor* mean_out;
  phi::DenseTensor* variance_out;
  phi::DenseTensor* saved_mean;
  phi::DenseTensor* saved_variance;
};

inline void Normalize(const DeviceContext& context, const phi::DenseTensor& x,
                      const phi::DenseTensor& mean, const phi::DenseTensor& variance,
                      const phi::DenseTensor* scale, const phi::DenseTensor* bias,
                      bool use_batch_statistics, float momentum, float epsilon,
                      const std::string& data_layout, const Outputs& outputs) {
  const phi::DataType dtype = StatisticsDtype(x.dtype());
  Allocate(context, outputs.out, x.dtype());
  // The running statistics are written in place: Alloc leaves their memory as it is.
  for (phi::DenseTensor* statistics :
       {outputs.mean_out, outputs.variance_out, outputs.saved_mean, outputs.saved_variance}) {
    Allocate(context, statistics, dtype);
  }
  Check(pm_batch_norm(
      DenseTensorView(x).get(), DenseTensorView(mean).get(), DenseTensorView(variance).get(),
      OptionalView(scale).get(), OptionalView(bias).get(), use_batch_statistics,
      AsWritten(momentum), AsWritten(epsilon), ChannelAxis(data_layout),
      DenseTensorView(*outputs.out).get(), DenseTensorView(*outputs.mean_out).get(),
      DenseTensorView(*outputs.variance_out).get(), DenseTensorView(*outputs.saved_mean).get(),
      DenseTensorView(*outputs.saved_variance).get(), CallContext(context)));
}

inline void RunBatchNorm(const DeviceContext& context, const phi::DenseTensor& x,
                         const phi::DenseTensor& mean, const phi::DenseTensor& variance,
                         const OptionalTensor& scale, const OptionalTensor& bias, bool is_test,
                         float momentum, float epsilon, const std::string& data_layout,
                         bool use_global_stats, bool trainable_statistics, phi::DenseTensor* y,
                         phi::DenseTensor* mean_out, phi::DenseTensor* variance_out,
                         phi::DenseTensor* saved_mean, phi::DenseTensor* saved_variance,
                         phi::DenseTensor*) {
  Normalize(context, x, mean, variance, scale.get_ptr(), bias.get_ptr(),
            UsesBatchStatistics(is_test, use_global_stats, trainable_statistics), momentum, epsilon,
            data_layout, {y, mean_out, variance_out, saved_mean, saved_variance});
}

inline void RunBatchNormInfer(const DeviceContext& context, const phi::DenseTensor& x,
                              const phi::DenseTensor& mean, const phi::DenseTensor& variance,
                              const phi::DenseTensor& scale, const phi::DenseTensor& bias,
                              float momentum, float epsilon, const std::string& data_layout,
                              phi::DenseTensor* y, phi::DenseTensor* mean_out,
                              phi::DenseTensor* variance_out) {
  phi::DenseTensor saved_mean, saved_variance;
  saved_mean.Resize(mean.dims());
  saved_variance.Resize(mean.dims());
  Normalize(context, x, mean, variance, &scale, &bias, false, momentum, epsilon, data_layout,
            {y, mean_out, variance_out, &saved_mean, &saved_variance});
}

inline void RunBatchNormGrad(const DeviceContext& context, const phi::DenseTensor& x,
                             const OptionalTensor& scale, const OptionalTensor&,
                             const OptionalTensor& mean, const OptionalTensor& variance,
                             const phi::DenseTensor& saved_mean,
                             const phi::DenseTensor& saved_variance, const OptionalTensor&,
                             const phi::DenseTensor& out_grad, float, float epsilon,
                             const std::string& data_layout, bool is_test, bool use_global_stats,
                             bool trainable_statistics, phi::DenseTensor* x_grad,
                             phi::DenseTensor* scale_grad, phi::DenseTensor* bias_grad) {
  const phi::DataType dtype = StatisticsDtype(x.dtype());
  if (x_grad != nullptr) x_grad->Resize(x.dims());
  Allocate(context, x_grad, x.dtype());
  for (phi::DenseTensor* grad : {scale_grad, bias_grad}) {
    if (grad != nullptr) grad->Resize(saved_mean.dims());
    Allocate(context, grad, dtype);
  }
  const phi::DenseTensor& running_mean = mean ? *mean : saved_mean;
  const phi::DenseTensor& running_variance = variance ? *variance : saved_variance;
  Check(pm_batch_norm_grad(DenseTensorView(x).get(), DenseTensorView(out_grad).get(),
                           OptionalView(scale.get_ptr()).get(), DenseTensorView(running_mean).get(),
                           DenseTensorView(running_variance).get(),
                           DenseTensorView(saved_mean).get(), DenseTensorView(saved_variance).get(),
                           UsesBatchStatistics(is_test, use_global_stats, trainable_statistics),
                           AsWritten(epsilon), ChannelAxis(data_layout), OptionalView(x_grad).get(),
                           OptionalView(scale_grad).get(), OptionalView(bias_grad).get(),
                           CallContext(context)));
}

inline bool IsEmpty(const common::DDim& dims) {
  for (int i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0) return true;
  }
  return false;
}

/// What the wheel's shape function does for an x with elements. Sizes of the other tensors are
/// judged in the kernel.
inline void InferEmpty(const phi::MetaTensor& x, const std::string& data_layout,
                       const std::vector<phi::MetaTensor*>& statistics, phi::MetaTensor* y) {
  const int ndim = x.dims().size();
  if (ndim < 2 || ndim > 5) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "batch_norm: x has the shape [%s]; expected 2 to 5 dimensions.", x.dims()));
  }
  const int64_t channels = x.dims()[data_layout == "NCHW" ? 1 : ndim - 1];
  y->set_dims(x.dims());
  y->share_lod(x);
  y->set_dtype(x.dtype());
  y->set_layout(x.layout());
  for (phi::MetaTensor* tensor : statistics) {
    if (tensor != nullptr) tensor->set_dims({channels});
  }
}

/// The wheel's of 3.0 refuses an x without elements, and none knows statistics of float32 for
/// narrower elements.
inline void InferBatchNorm(const phi::MetaTensor& x, const phi::MetaTensor& mean,
                           const phi::MetaTensor& variance, const phi::MetaTensor& scale,
                           const phi::MetaTensor& bias, bool is_test, float momentum, float epsilon,
                           const std::string& data_layout, bool use_global_stats,
                           bool trainable_statistics, phi::MetaTensor* y, phi::MetaTensor* mean_out,
                           phi::MetaTensor* variance_out, phi::MetaTensor* saved_mean,
                           phi::MetaTensor* saved_variance, phi::MetaTensor* reserve_space,
                           phi::MetaConfig config) {
  const std::vector<phi::MetaTensor*> statistics{mean_out, variance_out, saved_mean,
                                                 saved_variance};
  if (IsEmpty(x.dims())) {
    InferEmpty(x, data_layout, statistics, y);
  } else {
    phi::BatchNormInferMeta(x, mean, variance, scale, bias, is_test, momentum, epsilon, data_layout,
                            use_global_stats, trainable_statistics, y, mean_out, variance_out,
                            saved_mean, saved_variance, reserve_space, config);
  }
  for (phi::MetaTensor* tensor : statistics) {
    if (tensor != nullptr) tensor->set_dtype(StatisticsDtype(x.dtype()));
  }
}

/// For narrower elements: all but x and y, their gradients, and the reserved space.
inline void SetStatisticsDtype(phi::DataType dtype, phi::KernelArgsDef* args) {
  if (!IsHalf(dtype)) return;
  for (size_t i = 1; i < args->input_defs().size(); ++i) {
    args->input_defs()[i].SetDataType(phi::DataType::FLOAT32);
  }
  for (size_t i = 1; i < args->output_defs().size(); ++i) {
    args->output_defs()[i].SetDataType(phi::DataType::FLOAT32);
  }
}

inline void SetGradDtypes(phi::DataType dtype, phi::KernelArgsDef* args) {
  constexpr size_t kOutGrad = 8;
  SetStatisticsDtype(dtype, args);
  args->input_defs()[kOutGrad].SetDataType(dtype);
}

inline const Registrar<BatchNorm> registrar(
    "batch_norm",
    {
        Route<BatchNorm, &RunBatchNorm>("batch_norm", &SetStatisticsDtype),
        Route<BatchNorm, &RunBatchNormInfer>("batch_norm_infer", &SetStatisticsDtype),
        Route<BatchNorm, &RunBatchNormGrad>("batch_norm_grad", &SetGradDtypes),
    },
    {HookInferMeta<BatchNorm, &phi::BatchNormInferMeta, &InferBatchNorm>()});

}  // namespace paddlemend::phi_adapter::batch_norm
