#include "cc/cuda/launch.cuh"
#include "cc/kernels/checks.h"
#include "cc/kernels/index_list.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename Entry>
void Read(const Entry* entries, int64_t stride, int64_t count, int64_t size, BadEntry* word,
          int64_t* out) {
  ForEach(count, [=] __device__(int64_t i) {
    const int64_t value = entries[i * stride];
    const int64_t wrapped = value < 0 ? value + size : value;
    const bool is_bad = wrapped < 0 || wrapped >= size;
    if (is_bad) atomicMin(word, static_cast<BadEntry>(i));
    out[i] = is_bad ? 0 : wrapped;
  });
}

}  // namespace
}  // namespace cuda

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
  if (count_ == 0) return OkStatus();
  allocated_ = std::make_unique<Buffer>(count_ * sizeof(int64_t));
  data_ = static_cast<int64_t*>(allocated_->data());
  cuda::BadEntry* const word = cuda::Call::Current().CheckIndex({name, index, -size, size});
  const int64_t stride = index.ndim == 0 ? 0 : index.strides[0];
  if (index.dtype == DType::kInt32) {
    cuda::Read(static_cast<const int32_t*>(index.data), stride, count_, size, word, data_);
  } else {
    cuda::Read(static_cast<const int64_t*>(index.data), stride, count_, size, word, data_);
  }
  return OkStatus();
}

}  // namespace paddlemend
