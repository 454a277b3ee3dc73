#include "cc/capi/dlpack_view.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "cc/capi/context.h"
#include "cc/capi/paddlemend.h"

namespace paddlemend::capi {
namespace {

static_assert(PM_MAX_NDIM == kMaxNdim);

bool ToDType(DLDataType type, DType* dtype) {
  if (type.lanes != 1) return false;
  switch (type.code << 8 | type.bits) {
    case kDLBool << 8 | 8:
      return *dtype = DType::kBool, true;
    case kDLUInt << 8 | 8:
      return *dtype = DType::kUInt8, true;
    case kDLInt << 8 | 8:
      return *dtype = DType::kInt8, true;
    case kDLInt << 8 | 16:
      return *dtype = DType::kInt16, true;
    case kDLInt << 8 | 32:
      return *dtype = DType::kInt32, true;
    case kDLInt << 8 | 64:
      return *dtype = DType::kInt64, true;
    case kDLFloat << 8 | 16:
      return *dtype = DType::kFloat16, true;
    case kDLBfloat << 8 | 16:
      return *dtype = DType::kBFloat16, true;
    case kDLFloat << 8 | 32:
      return *dtype = DType::kFloat32, true;
    case kDLFloat << 8 | 64:
      return *dtype = DType::kFloat64, true;
    case kDLComplex << 8 | 64:
      return *dtype = DType::kComplex64, true;
    case kDLComplex << 8 | 128:
      return *dtype = DType::kComplex128, true;
    default:
      return false;
  }
}

Status ReadDType(DLDataType type, const char* name, DType* dtype) {
  if (ToDType(type, dtype)) return OkStatus();
  return UnsupportedDType("the dtype of ", name, " has DLPack code ", int{type.code}, ", ",
                          int{type.bits}, " bits and ", type.lanes,
                          " lanes, expected bool, uint8, int8, int16, int32, int64, float16, "
                          "bfloat16, float32, float64, complex64 or complex128");
}

/// Whether the byte distance between any two elements fits int64_t.
bool ExtentFits(const TensorLayout& layout) {
  int64_t extent = 0;
  for (int d = 0; d < layout.ndim; ++d) {
    const int64_t steps = std::max<int64_t>(layout.shape[d], 1) - 1;
    int64_t reach;
    if (__builtin_mul_overflow(layout.strides[d], steps, &reach) ||
        __builtin_mul_overflow(reach, ElementSize(layout.dtype), &reach) || reach == INT64_MIN ||
        __builtin_add_overflow(extent, std::abs(reach), &extent)) {
      return false;
    }
  }
  return true;
}

Status ReadShape(const DLTensor& tensor, const char* name, TensorLayout* layout, int64_t* numel) {
  for (int d = 0; d < layout->ndim; ++d) {
    if (tensor.shape[d] < 0) {
      return InvalidArgument("dimension ", d, " of ", name, " has size ", tensor.shape[d],
                             ", expected a size >= 0");
    }
    layout->shape[d] = tensor.shape[d];
  }
  if (CheckedNumel(tensor.shape, layout->ndim, ElementSize(layout->dtype), numel)) {
    return OkStatus();
  }
  return InvalidArgument(name, " of shape ", ShapeString(*layout), " has more than 2^63 - 1 bytes");
}

Status ReadStrides(const DLTensor& tensor, const char* name, TensorLayout* layout) {
  if (tensor.strides == nullptr) {
    SetContiguousStrides(layout);
    return OkStatus();
  }
  std::copy_n(tensor.strides, layout->ndim, layout->strides.begin());
  if (ExtentFits(*layout)) return OkStatus();
  return InvalidArgument(name, " of shape ", ShapeString(*layout), " and strides ",
                         ShapeString(layout->strides.data(), layout->ndim),
                         " spans more than 2^63 - 1 bytes");
}

Status ReadLayout(const DLTensor* tensor, const char* name, TensorLayout* layout, int64_t* numel) {
  if (tensor == nullptr) return InvalidArgument(name, " is NULL");
  PM_RETURN_IF_ERROR(ReadDType(tensor->dtype, name, &layout->dtype));
  if (tensor->ndim < 0 || tensor->ndim > kMaxNdim) {
    return InvalidArgument(name, " has ", tensor->ndim, " dimensions, expected 0 to ", kMaxNdim);
  }
  if (tensor->ndim > 0 && tensor->shape == nullptr) {
    return InvalidArgument("the shape of ", name, " is NULL");
  }
  layout->ndim = tensor->ndim;
  PM_RETURN_IF_ERROR(ReadShape(*tensor, name, layout, numel));
  return ReadStrides(*tensor, name, layout);
}

Status ReadData(const DLTensor& tensor, const char* name, const TensorLayout& layout, int64_t numel,
                void** data) {
  PM_RETURN_IF_ERROR(CheckDevice(tensor.device, name));
  if (numel == 0) {
    *data = nullptr;
    return OkStatus();
  }
  if (tensor.data == nullptr) {
    return InvalidArgument("the data of ", name, " of shape ", ShapeString(layout), " is NULL");
  }
  *data = static_cast<char*>(tensor.data) + tensor.byte_offset;
  // GPUs move a complex number at once.
  const int64_t reals = HasStreams() ? 1 : RealsPerElement(layout.dtype);
  const int64_t alignment = ElementSize(layout.dtype) / reals;
  if (reinterpret_cast<uintptr_t>(*data) % alignment != 0) {
    return InvalidArgument("the data of ", name, " is not aligned to ", alignment,
                           " bytes, as its dtype ", DTypeName(layout.dtype), " needs");
  }
  return OkStatus();
}

}  // namespace

Status ViewLayout(const DLTensor* tensor, const char* name, TensorView* view) {
  int64_t numel;
  view->data = nullptr;
  return ReadLayout(tensor, name, view, &numel);
}

Status ViewInput(const DLTensor* tensor, const char* name, TensorView* view) {
  int64_t numel;
  void* data;
  PM_RETURN_IF_ERROR(ReadLayout(tensor, name, view, &numel));
  PM_RETURN_IF_ERROR(ReadData(*tensor, name, *view, numel, &data));
  view->data = data;
  return OkStatus();
}

Status ViewInputList(const DLTensor* const* tensors, int32_t size, const char* name,
                     std::vector<TensorView>* views) {
  if (size < 0 || (tensors == nullptr && size > 0)) {
    return InvalidArgument(name, " is NULL or ", name, "_size is negative: ", size);
  }
  views->resize(size);
  for (int32_t i = 0; i < size; ++i) {
    const std::string entry = name + ("[" + std::to_string(i) + "]");
    PM_RETURN_IF_ERROR(ViewInput(tensors[i], entry.c_str(), &(*views)[i]));
  }
  return OkStatus();
}

Status ViewOutput(DLTensor* tensor, const char* name, MutableTensorView* view) {
  int64_t numel;
  PM_RETURN_IF_ERROR(ReadLayout(tensor, name, view, &numel));
  PM_RETURN_IF_ERROR(ReadData(*tensor, name, *view, numel, &view->data));
  if (HasRepeatedElements(*view)) {
    return InvalidArgument(name, " of shape ", ShapeString(*view), " and strides ",
                           ShapeString(view->strides.data(), view->ndim),
                           " is written but has elements that share memory");
  }
  return OkStatus();
}

void WriteView(const TensorView& view, const DLTensor& source, DLTensor* tensor) {
  std::copy_n(view.shape.begin(), view.ndim, tensor->shape);
  std::copy_n(view.strides.begin(), view.ndim, tensor->strides);
  tensor->data = const_cast<void*>(view.data);  // DLPack has no const
  tensor->byte_offset = 0;
  tensor->ndim = view.ndim;
  tensor->dtype = source.dtype;
  tensor->device = source.device;
}

}  // namespace paddlemend::capi
