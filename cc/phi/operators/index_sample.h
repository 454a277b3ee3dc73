// index_sample and its gradient.
#pragma once

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/binary.h"

namespace paddlemend::phi_adapter::index_sample {

struct IndexSample {};

inline void RunIndexSample(const DeviceContext& context, const phi::DenseTensor& x,
                           const phi::DenseTensor& index, phi::DenseTensor* out) {
  out->Resize(index.dims());
  Allocate(context, out, x.dtype());
  Check(pm_index_sample(DenseTensorView(x).get(), DenseTensorView(index).get(),
                        DenseTensorView(*out).get(), CallContext(context)));
}

inline void RunIndexSampleGrad(const DeviceContext& context, const phi::DenseTensor& x,
                               const phi::DenseTensor& index, const phi::DenseTensor& out_grad,
                               phi::DenseTensor* x_grad) {
  x_grad->Resize(x.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Check(pm_index_sample_grad(DenseTensorView(out_grad).get(), DenseTensorView(index).get(),
                             DenseTensorView(*x_grad).get(), CallContext(context)));
}

inline void CheckMatrix(const char* name, const phi::MetaTensor& tensor) {
  if (tensor.dims().size() != 2) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_sample: %s has the shape [%s]; expected two dimensions.", name, tensor.dims()));
  }
}

/// The wheel refuses an index of no rows in 3.0. -1 is a size that is not known yet.
inline void InferIndexSample(const phi::MetaTensor& x, const phi::MetaTensor& index,
                             phi::MetaTensor* out, phi::MetaConfig) {
  CheckMatrix("x", x);
  CheckMatrix("index", index);
  const int64_t rows = x.dims()[0], index_rows = index.dims()[0];
  if (rows >= 0 && index_rows > 0 && rows != index_rows) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_sample: index has %d rows; expected %d, as x has, or none.", index_rows, rows));
  }
  out->set_dims(index.dims());
  out->set_dtype(x.dtype());
  out->share_lod(index);
}

inline const Registrar<IndexSample> registrar(
    "index_sample",
    {
        Route<IndexSample, &RunIndexSample>("index_sample"),
        Route<IndexSample, &RunIndexSampleGrad>("index_sample_grad"),
    },
    {HookInferMeta<IndexSample, &phi::IndexSampleInferMeta, &InferIndexSample>()});

}  // namespace paddlemend::phi_adapter::index_sample
