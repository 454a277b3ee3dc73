// index_add, index_add_ and their gradients.
#pragma once

#include <algorithm>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/binary.h"

namespace paddlemend::phi_adapter::index_add {

struct IndexAdd {};

inline void RunIndexAdd(const DeviceContext& context, const phi::DenseTensor& x,
                        const phi::DenseTensor& index, const phi::DenseTensor& value, int axis,
                        phi::DenseTensor* out) {
  // In place, out is x, and Alloc leaves its memory as it is.
  Allocate(context, out, x.dtype());
  Check(pm_index_add(DenseTensorView(x).get(), DenseTensorView(index).get(), axis,
                     DenseTensorView(value).get(), DenseTensorView(*out).get(),
                     CallContext(context)));
}

inline void RunIndexAddGrad(const DeviceContext& context, const phi::DenseTensor& index,
                            const phi::DenseTensor& value, const phi::DenseTensor& out_grad,
                            int axis, phi::DenseTensor* x_grad, phi::DenseTensor* value_grad) {
  if (value_grad != nullptr) value_grad->Resize(value.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, value_grad, out_grad.dtype());
  Check(pm_index_add_grad(DenseTensorView(out_grad).get(), DenseTensorView(index).get(), axis,
                          OptionalView(x_grad).get(), OptionalView(value_grad).get(),
                          CallContext(context)));
}

/// Whether two sizes certainly differ; -1 is a size that is not known yet.
inline bool SizesDiffer(int64_t a, int64_t b) { return a >= 0 && b >= 0 && a != b; }

inline void CheckValueShape(const phi::MetaTensor& x, const phi::MetaTensor& index,
                            const phi::MetaTensor& value, int axis) {
  const int64_t indices = index.dims().size() == 0 ? 1 : index.dims()[0];
  bool fits = x.dims().size() == value.dims().size();
  for (int i = 0; fits && i < x.dims().size(); ++i) {
    fits = !SizesDiffer(value.dims()[i], i == axis ? indices : x.dims()[i]);
  }
  if (!fits) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_add: value has the shape [%s]; expected that of x, [%s], with the number of "
        "indices, %d, on axis %d.",
        value.dims(), x.dims(), indices, axis));
  }
}

inline void InferIndexAdd(const phi::MetaTensor& x, const phi::MetaTensor& index,
                          const phi::MetaTensor& value, int axis, phi::MetaTensor* out) {
  const int ndim = std::max(x.dims().size(), 1);  // Torch's rule: a 0-D tensor has one axis
  if (axis < -ndim || axis >= ndim) {
    PADDLE_THROW(common::errors::OutOfRange(
        "index_add: axis is %d; expected a value in [%d, %d] for an x of %d dimensions.", axis,
        -ndim, ndim - 1, x.dims().size()));
  }
  if (index.dtype() != phi::DataType::INT32 && index.dtype() != phi::DataType::INT64) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_add: index has the data type %s; expected int32 or int64.",
        phi::DataTypeToString(index.dtype())));
  }
  if (index.dims().size() > 1) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_add: index has the shape [%s]; expected at most one dimension.", index.dims()));
  }
  CheckValueShape(x, index, value, axis < 0 ? axis + ndim : axis);
  out->set_dims(x.dims());
  out->set_dtype(x.dtype());
  out->set_layout(x.layout());
  out->share_lod(x);
}

inline const Registrar<IndexAdd> registrar(
    "index_add",
    {
        Route<IndexAdd, &RunIndexAdd>("index_add"),
        Route<IndexAdd, &RunIndexAddGrad>("index_add_grad"),
    },
    {HookInferMeta<IndexAdd, &phi::IndexAddInferMeta, &InferIndexAdd>()});

}  // namespace paddlemend::phi_adapter::index_add
