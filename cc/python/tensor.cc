#include "cc/python/tensor.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>
#include <utility>

#include "cc/python/call.h"
#include "cc/python/library.h"

namespace py = pybind11;

namespace paddlemend::python {

/// Memory on a GPU. It goes back when the streams of all who got it have come so far.
struct GpuMemory {
  GpuMemory(DLDevice device, int64_t bytes)
      : library(Library::Of(device)), device_id(device.device_id), stream(Stream()) {
    RaiseIfError(library, library.GetCuda<decltype(pm_cuda_allocate)>("pm_cuda_allocate")(
                              device_id, bytes, reinterpret_cast<void*>(stream), &data));
  }

  ~GpuMemory() {
    for (const std::uintptr_t consumer : consumers) Order(consumer, stream);
    library.GetCuda<decltype(pm_cuda_free)>("pm_cuda_free")(device_id, data,
                                                            reinterpret_cast<void*>(stream));
  }

  pm_status Order(std::uintptr_t earlier, std::uintptr_t later) const {
    return library.GetCuda<decltype(pm_cuda_order)>("pm_cuda_order")(
        device_id, reinterpret_cast<void*>(earlier), reinterpret_cast<void*>(later));
  }

  const Library& library;
  const int device_id;
  const std::uintptr_t stream;
  std::set<std::uintptr_t> consumers;
  void* data = nullptr;
};

namespace {

constexpr int64_t kAlignment = 64;

int64_t ElementSize(DLDataType dtype) { return (dtype.bits * dtype.lanes + 7) / 8; }

/// Sets row-major strides and returns the number of bytes.
int64_t LayOut(const Sizes& shape, int64_t element_size, Sizes* strides) {
  int64_t bytes = element_size;
  bool empty = false;
  strides->resize(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    (*strides)[d] = bytes / element_size;
    empty |= shape[d] == 0;
    if (shape[d] < 0 || __builtin_mul_overflow(bytes, std::max<int64_t>(shape[d], 1), &bytes)) {
      throw std::bad_alloc();
    }
  }
  return empty ? 0 : bytes;
}

/// At least one unit of alignment, so that the pointer of an empty tensor is not null.
std::shared_ptr<void> Allocate(int64_t bytes) {
  if (bytes > INT64_MAX - kAlignment) throw std::bad_alloc();
  const int64_t rounded = (bytes / kAlignment + 1) * kAlignment;
  void* const memory = std::aligned_alloc(kAlignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return std::shared_ptr<void>(memory, &std::free);
}

/// A managed tensor of either kind together with the tensor that its pointers point into.
template <typename Managed>
struct Export {
  Managed managed;
  Tensor tensor;

  explicit Export(const Tensor& source) : managed{}, tensor(source) {
    managed.dl_tensor = tensor.View();
    managed.manager_ctx = this;
    managed.deleter = [](Managed* self) { delete static_cast<Export*>(self->manager_ctx); };
  }
};

constexpr char kUnversionedName[] = "dltensor";
constexpr char kVersionedName[] = "dltensor_versioned";

/// For a capsule that nobody consumed: a consumer renames it.
template <typename Managed, const char* kName>
void DestroyCapsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, kName)) return;
  Managed* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, kName));
  managed->deleter(managed);
}

template <typename Managed, const char* kName>
py::object MakeCapsule(std::unique_ptr<Export<Managed>> exported) {
  PyObject* const capsule =
      PyCapsule_New(&exported->managed, kName, &DestroyCapsule<Managed, kName>);
  if (capsule == nullptr) throw py::error_already_set();
  exported.release();  // the capsule owns it now
  return py::reinterpret_steal<py::object>(capsule);
}

/// Tensor.__dlpack__, as the Python array API standard defines it.
py::object ExportToDLPack(const Tensor& tensor, const py::object& stream,
                          const std::optional<std::pair<int, int>>& max_version,
                          const std::optional<std::pair<int, int>>& device,
                          std::optional<bool> copy) {
  const DLDevice own = tensor.device();
  const bool is_on_gpu = own.device_type != kDLCPU;
  if (!is_on_gpu && !stream.is_none()) {
    throw py::value_error("stream must be None for a CPU tensor");
  }
  if (device && *device != std::make_pair(static_cast<int>(own.device_type), own.device_id)) {
    throw py::buffer_error("dl_device is (" + std::to_string(device->first) + ", " +
                           std::to_string(device->second) + "), expected (" +
                           std::to_string(static_cast<int>(own.device_type)) + ", " +
                           std::to_string(own.device_id) + ")");
  }
  const bool is_copy = copy.value_or(false);
  if (is_on_gpu && is_copy) throw py::buffer_error("a tensor on a GPU is not copied");
  if (is_on_gpu) {
    const int64_t consumer = stream.is_none() ? 1 : stream.cast<int64_t>();
    if (consumer >= 0) tensor.HandTo(static_cast<std::uintptr_t>(consumer));
  }
  const Tensor exported = is_copy ? tensor.Copy() : tensor;
  const bool versioned = max_version && max_version->first >= DLPACK_MAJOR_VERSION;
  return versioned ? exported.ExportVersioned(is_copy) : exported.ExportUnversioned();
}

std::string Describe(const Tensor& tensor) {
  std::string shape;
  for (const int64_t size : tensor.shape()) {
    shape += (shape.empty() ? "" : ", ") + std::to_string(size);
  }
  if (tensor.shape().size() == 1) shape += ",";
  return "paddlemend.native.Tensor(shape=(" + shape + "), dtype=" + DTypeName(tensor.dtype()) + ")";
}

}  // namespace

std::string DTypeName(DLDataType dtype) {
  static constexpr const char* kKinds[] = {"int", "uint", "float", "opaque", "bfloat", "complex"};
  if (dtype.code == kDLBool) return "bool";
  const std::string kind =
      dtype.code <= kDLComplex ? kKinds[dtype.code] : "code " + std::to_string(dtype.code) + ", ";
  return kind + std::to_string(dtype.bits);
}

DLDataType ComplexDType(DLDataType dtype) {
  DLDataType result = RealDType(dtype);
  result.code = kDLComplex;
  result.bits *= 2;
  return result;
}

DLDataType RealDType(DLDataType dtype) {
  const bool is_double = (dtype.code == kDLFloat && dtype.bits == 64) ||
                         (dtype.code == kDLComplex && dtype.bits == 128);
  return {kDLFloat, static_cast<uint8_t>(is_double ? 64 : 32), 1};
}

Tensor::Tensor(DLDataType dtype, Sizes shape, DLDevice device)
    : dtype_(dtype), device_(device), shape_(std::move(shape)) {
  bytes_ = LayOut(shape_, std::max<int64_t>(ElementSize(dtype), 1), &strides_);
  if (device.device_type == kDLCPU) {
    data_ = Allocate(bytes_);
    return;
  }
  gpu_memory_ = std::make_shared<GpuMemory>(device, bytes_);
  data_ = std::shared_ptr<void>(gpu_memory_, gpu_memory_->data);
}

void Tensor::HandTo(std::uintptr_t stream) const {
  // 0 and 1 are both names of the default stream.
  if (std::max<std::uintptr_t>(stream, 1) == std::max<std::uintptr_t>(gpu_memory_->stream, 1)) {
    return;
  }
  RaiseIfError(gpu_memory_->library, gpu_memory_->Order(gpu_memory_->stream, stream));
  gpu_memory_->consumers.insert(stream);
}

DLTensor Tensor::View() const {
  DLTensor view{};
  view.data = data_.get();
  view.device = device_;
  view.ndim = static_cast<int32_t>(shape_.size());
  view.dtype = dtype_;
  // DLPack has no const; consumers do not write to shape and strides.
  view.shape = const_cast<int64_t*>(shape_.data());
  view.strides = const_cast<int64_t*>(strides_.data());
  return view;
}

Tensor Tensor::First(int64_t count) const {
  Tensor first = *this;
  first.shape_[0] = count;
  first.bytes_ = LayOut(first.shape_, std::max<int64_t>(ElementSize(dtype_), 1), &first.strides_);
  return first;
}

Tensor Tensor::Copy() const {
  Tensor copy(dtype_, shape_, device_);
  std::memcpy(copy.data_.get(), data_.get(), bytes_);
  return copy;
}

py::object Tensor::ExportVersioned(bool is_copy) const {
  auto exported = std::make_unique<Export<DLManagedTensorVersioned>>(*this);
  exported->managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  exported->managed.flags = is_copy ? DLPACK_FLAG_BITMASK_IS_COPIED : 0;
  return MakeCapsule<DLManagedTensorVersioned, kVersionedName>(std::move(exported));
}

py::object Tensor::ExportUnversioned() const {
  return MakeCapsule<DLManagedTensor, kUnversionedName>(
      std::make_unique<Export<DLManagedTensor>>(*this));
}

void BindTensor(py::module_& module) {
  py::class_<Tensor>(module, "Tensor",
                     "A contiguous tensor: what operators return when no output is given. "
                     "Any DLPack consumer reads it without a copy, for example "
                     "numpy.from_dlpack(t), torch.from_dlpack(t) or paddle.from_dlpack(t).")
      .def_property_readonly(
          "shape", [](const Tensor& self) { return py::tuple(py::cast(self.shape())); },
          "The sizes, a tuple of int.")
      .def_property_readonly(
          "dtype", [](const Tensor& self) { return DTypeName(self.dtype()); },
          "The dtype's name, for example 'float32'.")
      .def("__dlpack__", &ExportToDLPack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none(),
           "A DLPack capsule, as the Python array API standard defines it.")
      .def(
          "__dlpack_device__",
          [](const Tensor& self) {
            return py::make_tuple(static_cast<int>(self.device().device_type),
                                  self.device().device_id);
          },
          "(1, 0) for the CPU, (2, N) for GPU number N.")
      .def("__repr__", &Describe);
}

}  // namespace paddlemend::python
