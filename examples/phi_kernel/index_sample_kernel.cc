// For those who build Paddle themselves: a file like this takes the place of
// paddle/phi/kernels/cpu/index_sample_kernel.cc, and the build links libpaddlemend.so. The wheel's
// headers serve as well: loaded after `import paddle`, the kernel takes the place of the wheel's.
#include <paddlemend.h>

#include "paddle/phi/backends/cpu/cpu_context.h"
#include "paddle/phi/core/dense_tensor.h"
#include "paddle/phi/core/enforce.h"
#include "paddle/phi/core/kernel_registry.h"

namespace {

template <typename T>
constexpr DLDataType kDtype = {};
template <>
constexpr DLDataType kDtype<float> = {kDLFloat, 32, 1};
template <>
constexpr DLDataType kDtype<double> = {kDLFloat, 64, 1};
template <>
constexpr DLDataType kDtype<int> = {kDLInt, 32, 1};
template <>
constexpr DLDataType kDtype<int64_t> = {kDLInt, 64, 1};
template <>
constexpr DLDataType kDtype<phi::float16> = {kDLFloat, 16, 1};
template <>
constexpr DLDataType kDtype<phi::bfloat16> = {kDLBfloat, 16, 1};

/// A view of a tensor that lies in memory without gaps, as kernels get it unless they ask for
/// strides.
DLTensor View(const phi::DenseTensor& tensor, DLDataType dtype) {
  return {const_cast<void*>(tensor.data()),
          {kDLCPU, 0},
          tensor.dims().size(),
          dtype,
          const_cast<int64_t*>(tensor.dims().Get()),
          nullptr,
          0};
}

template <typename T, typename Context>
void IndexSampleKernel(const Context& context, const phi::DenseTensor& x,
                       const phi::DenseTensor& index, phi::DenseTensor* out) {
  context.template Alloc<T>(out);
  const DLDataType index_dtype =
      index.dtype() == phi::DataType::INT32 ? kDtype<int> : kDtype<int64_t>;
  const DLTensor input = View(x, kDtype<T>), places = View(index, index_dtype);
  DLTensor output = View(*out, kDtype<T>);
  if (pm_index_sample(&input, &places, &output, nullptr) != PM_OK) {
    PADDLE_THROW(common::errors::InvalidArgument("%s", pm_last_error()));
  }
}

}  // namespace

PD_REGISTER_KERNEL(index_sample, CPU, ALL_LAYOUT, IndexSampleKernel, float, double, int, int64_t,
                   phi::float16, phi::bfloat16) {}
