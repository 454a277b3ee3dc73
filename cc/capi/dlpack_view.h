// From the caller's DLTensor to the kernels' views, with every check that makes a view safe.
#pragma once

#include <dlpack/dlpack.h>

#include <vector>

#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend::capi {

/// Sets *view to the memory of `tensor`. `name` is the argument's name for messages.
///
/// Errors: invalid argument for a null pointer, another device than the CPU, a number of
/// dimensions outside [0, PM_MAX_NDIM], a negative size, an extent that overflows int64_t, null
/// data of a tensor with elements, and misaligned data; unsupported dtype for one that no operator
/// knows.
Status ViewInput(const DLTensor* tensor, const char* name, TensorView* view);

/// Sets *views to what ViewInput makes of each of `size` tensors; their names are "name[i]".
///
/// Errors: as ViewInput; invalid argument for a negative size and for a null list that is not
/// empty.
Status ViewInputList(const DLTensor* const* tensors, int32_t size, const char* name,
                     std::vector<TensorView>* views);

/// As ViewInput, for memory that is written: a stride of 0 for a size above 1 is an invalid
/// argument too.
Status ViewOutput(DLTensor* tensor, const char* name, MutableTensorView* view);

/// As ViewInput, for a tensor of which only shape and dtype are read: device and data are not
/// looked at, and the view's data is null.
Status ViewLayout(const DLTensor* tensor, const char* name, TensorView* view);

/// Describes `view`, which lies in the memory of `source`, in *tensor, whose shape and strides have
/// room for PM_MAX_NDIM sizes: device and dtype are those of `source`.
void WriteView(const TensorView& view, const DLTensor& source, DLTensor* tensor);

}  // namespace paddlemend::capi
