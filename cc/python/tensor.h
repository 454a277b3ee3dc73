// The tensor class of the Python module: memory with a shape, handed on through DLPack.
#pragma once

#include <dlpack/dlpack.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace paddlemend::python {

using Sizes = std::vector<int64_t>;

/// The name NumPy uses ("float32"); "bfloat16" for the dtype NumPy lacks.
std::string DTypeName(DLDataType dtype);

/// The complex and the real dtype of the precision of `dtype`; float32's for any that is no
/// floating point or complex dtype of 32 bits or more.
DLDataType ComplexDType(DLDataType dtype);
DLDataType RealDType(DLDataType dtype);

struct GpuMemory;

/// A contiguous tensor that shares ownership of its memory with its DLPack capsules.
class Tensor {
 public:
  /// Uninitialised memory, aligned to 64 bytes. Raises MemoryError if there is not enough. On a GPU
  /// it is for use in the stream of this thread.
  Tensor(DLDataType dtype, Sizes shape, DLDevice device);

  const Sizes& shape() const { return shape_; }
  DLDataType dtype() const { return dtype_; }
  DLDevice device() const { return device_; }

  /// Makes a consumer's stream wait for the one of this tensor, and its memory stay for as long as
  /// the consumer's stream needs it. On a GPU only.
  void HandTo(std::uintptr_t stream) const;

  /// A view of this object's memory and shape, valid as long as this object.
  DLTensor View() const;

  /// The first `count` slices along the first dimension, in the same memory.
  Tensor First(int64_t count) const;

  /// A new tensor with the same contents.
  Tensor Copy() const;

  /// A capsule of its own that keeps the memory alive: "dltensor_versioned", or "dltensor".
  pybind11::object ExportVersioned(bool is_copy) const;
  pybind11::object ExportUnversioned() const;

 private:
  DLDataType dtype_;
  DLDevice device_;
  Sizes shape_;
  Sizes strides_;
  int64_t bytes_;
  std::shared_ptr<GpuMemory> gpu_memory_;  // null on the CPU
  std::shared_ptr<void> data_;
};

void BindTensor(pybind11::module_& module);

}  // namespace paddlemend::python
