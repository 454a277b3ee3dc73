#include "cc/kernels/index_list.h"

#include "cc/kernels/checks.h"

namespace paddlemend {
namespace {

/// Writes the checked values to `out`. Returns the position of the first bad one, or -1.
template <typename Index>
int64_t ReadValues(const Index* values, int64_t stride, int64_t count, int64_t size, int64_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t value = values[i * stride];
    const int64_t wrapped = value < 0 ? value + size : value;
    if (wrapped < 0 || wrapped >= size) return i;
    out[i] = wrapped;
  }
  return -1;
}

}  // namespace

Status IndexList::CheckLayout(const TensorLayout& index, const char* name) {
  PM_RETURN_IF_ERROR(CheckIndexDType(index, name));
  if (index.ndim > 1) {
    return InvalidArgument(name, " has shape ", ShapeString(index),
                           ", expected one dimension or none");
  }
  return OkStatus();
}

Status IndexList::Read(const TensorView& index, const char* name, int64_t size) {
  PM_RETURN_IF_ERROR(CheckLayout(index, name));
  count_ = Numel(index);
  if (count_ > kInline) {
    allocated_ = std::make_unique<Buffer>(count_ * sizeof(int64_t));
    data_ = static_cast<int64_t*>(allocated_->data());
  }
  const int64_t stride = index.ndim == 0 ? 0 : index.strides[0];
  const auto* const narrow = static_cast<const int32_t*>(index.data);
  const auto* const wide = static_cast<const int64_t*>(index.data);
  const bool is_narrow = index.dtype == DType::kInt32;
  const int64_t bad = is_narrow ? ReadValues(narrow, stride, count_, size, data_)
                                : ReadValues(wide, stride, count_, size, data_);
  if (bad < 0) return OkStatus();
  const int64_t value = is_narrow ? narrow[bad * stride] : wide[bad * stride];
  return InvalidArgument(name, "[", bad, "] is ", value, ", expected ", -size, " <= ", name, " < ",
                         size);
}

}  // namespace paddlemend
