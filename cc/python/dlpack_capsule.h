// Taking a tensor out of a DLPack producer, with the C functions of Python's DLPack protocol
// (https://dmlc.github.io/dlpack/latest/python_spec.html).
#pragma once

#include <dlpack/dlpack.h>
#include <pybind11/pybind11.h>

namespace paddlemend::python {

/// Owns what a producer handed over and gives it back when destroyed. Needs the GIL throughout.
class DLPackTensor {
 public:
  /// `object` has `__dlpack__`, or is a capsule named "dltensor" or "dltensor_versioned" that
  /// nobody has consumed. Raises TypeError for anything else, BufferError for a major version of
  /// DLPack other than 1, and what `__dlpack__` raises. `name` is the argument's name.
  DLPackTensor(pybind11::handle object, const char* name);
  ~DLPackTensor();

  DLPackTensor(const DLPackTensor&) = delete;
  DLPackTensor& operator=(const DLPackTensor&) = delete;

  DLTensor* get() const;

  /// Whether the producer forbids writing. Capsules of the old protocol cannot say so.
  bool is_read_only() const;

 private:
  void Consume(PyObject* capsule, const char* name);

  // Exactly one of the two is set.
  DLManagedTensor* unversioned_ = nullptr;
  DLManagedTensorVersioned* versioned_ = nullptr;
};

}  // namespace paddlemend::python
