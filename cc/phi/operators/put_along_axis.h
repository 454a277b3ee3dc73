// put_along_axis, put_along_axis_ and their gradients; also what scatter_add and its kin run.
#pragma once

#include <string>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/ternary.h"

namespace paddlemend::phi_adapter::put_along_axis {

struct PutAlongAxis {};

inline void RunPutAlongAxis(const DeviceContext& context, const phi::DenseTensor& x,
                            const phi::DenseTensor& index, const phi::DenseTensor& value, int axis,
                            const std::string& reduce, bool include_self, phi::DenseTensor* out) {
  // In place, out is x, and Alloc leaves its memory as it is.
  Allocate(context, out, x.dtype());
  Check(pm_put_along_axis(DenseTensorView(x).get(), DenseTensorView(index).get(),
                          DenseTensorView(value).get(), axis, reduce.c_str(), include_self,
                          DenseTensorView(*out).get(), CallContext(context)));
}

inline void RunPutAlongAxisGrad(const DeviceContext& context, const phi::DenseTensor& x,
                                const phi::DenseTensor& index, const phi::DenseTensor& value,
                                const phi::DenseTensor& out, const phi::DenseTensor& out_grad,
                                int axis, const std::string& reduce, bool include_self,
                                phi::DenseTensor* x_grad, phi::DenseTensor* value_grad) {
  if (x_grad != nullptr) x_grad->Resize(x.dims());
  if (value_grad != nullptr) value_grad->Resize(value.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, value_grad, out_grad.dtype());
  Check(pm_put_along_axis_grad(
      OptionalView(&x).get(), DenseTensorView(index).get(), OptionalView(&value).get(),
      OptionalView(&out).get(), DenseTensorView(out_grad).get(), axis, reduce.c_str(), include_self,
      OptionalView(x_grad).get(), OptionalView(value_grad).get(), CallContext(context)));
}

/// What the sizes are is judged in the kernel.
inline void InferPutAlongAxis(const phi::MetaTensor& x, const phi::MetaTensor& index,
                              const phi::MetaTensor&, int, const std::string&,
                              phi::MetaTensor* out) {
  if (index.dtype() != phi::DataType::INT32 && index.dtype() != phi::DataType::INT64) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "put_along_axis: indices has the data type %s; expected int32 or int64.",
        phi::DataTypeToString(index.dtype())));
  }
  out->set_dims(x.dims());
  out->set_dtype(x.dtype());
}

inline const Registrar<PutAlongAxis> registrar(
    "put_along_axis",
    {
        Route<PutAlongAxis, &RunPutAlongAxis>("put_along_axis"),
        Route<PutAlongAxis, &RunPutAlongAxisGrad>("put_along_axis_grad"),
    },
    {HookInferMeta<PutAlongAxis, &phi::PutAlongAxisInferMeta, &InferPutAlongAxis>()});

}  // namespace paddlemend::phi_adapter::put_along_axis
