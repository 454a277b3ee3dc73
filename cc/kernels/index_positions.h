// The slices that a list of index tensors selects from the leading dimensions of a tensor.
#pragma once

#include <cstdint>
#include <memory>

#include "cc/kernels/context.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The index tensors index one dimension of x each, from the first one on; a bool mask of k
/// dimensions indexes k of them: it stands for the positions at which it is true, a vector. All
/// index shapes broadcast to one. What they leave of x are the slices.
class IndexPositions {
 public:
  /// Reads int32, int64 and bool tensors, mixed as they like. Integers are in [-n, n) for a
  /// dimension of size n, where negative ones count from the end; as in Torch nothing is said
  /// about them if the broadcast shape has no element. `name` is the list's name for messages,
  /// `x_name` that of x.
  ///
  /// Errors: unsupported dtype, or invalid argument for an empty list, more indices than
  /// dimensions, a mask of another shape than the dimensions it indexes, shapes that do not
  /// broadcast or broadcast to more than a tensor can hold, and an integer out of range.
  Status Read(TensorList indices, const char* name, const TensorLayout& x, const char* x_name,
              const Context& context);

  /// The broadcast shape of the indices followed by the dimensions of a slice.
  const Shape& result_shape() const { return result_shape_; }

  /// Calls function(numbers) with the numbers of the slices in [0, size()), one for each of the
  /// count() places of the broadcast shape in row-major order. They are int32_t, which is less to
  /// read and write, or int64_t if there are that many slices.
  template <typename Function>
  void WithNumbers(const Function& function) const {
    const void* const numbers = numbers_ == nullptr ? nullptr : numbers_->data();
    if (is_wide_) {
      function(static_cast<const int64_t*>(numbers));
    } else {
      function(static_cast<const int32_t*>(numbers));
    }
  }
  int64_t count() const { return count_; }

  /// Slices of x, and dimensions and elements of each.
  int64_t size() const { return size_; }
  int slice_ndim() const { return slice_ndim_; }
  int64_t slice() const { return slice_; }

 private:
  /// Sets everything but the numbers; count_ to -1 if a tensor cannot have the result's shape.
  void SetShape(const Shape& indices, const TensorLayout& x, int indexed);

  Shape result_shape_;
  std::unique_ptr<Buffer> numbers_;
  bool is_wide_ = false;
  int64_t count_ = 1;
  int64_t size_ = 1;
  int slice_ndim_ = 0;
  int64_t slice_ = 1;
};

}  // namespace paddlemend
