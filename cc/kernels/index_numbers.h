// The values of a list of index tensors whose shapes have been checked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cc/kernels/context.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// One tensor of the list: integers for one dimension of x, or the positions of a mask.
struct IndexTensor {
  TensorView view;
  int64_t size;  // of the dimensions it indexes
  int64_t step;  // slices from one value to the next
  std::string name;
  std::unique_ptr<Buffer> mask_positions;  // what `view` shows of a mask
};

/// Makes the positions of the mask `index->view` its view.
void ReadMask(IndexTensor* index, const Context& context);

/// Writes the number of the slice for each of `count` places, those of the broadcast shape of the
/// indices. Number is int32_t or int64_t.
///
/// Errors: invalid argument for an integer out of range.
template <typename Number>
Status ComputeNumbers(const std::vector<IndexTensor>& indices, const Shape& shape, int64_t count,
                      Number* out, const Context& context);

}  // namespace paddlemend
