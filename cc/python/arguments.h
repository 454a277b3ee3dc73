// Tensor arguments of the operators: from Python objects to DLTensor and back.
#pragma once

#include <dlpack/dlpack.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <vector>

#include "cc/python/dlpack_capsule.h"
#include "cc/python/tensor.h"

namespace paddlemend::python {

/// A tensor that an operator reads.
class InputTensor {
 public:
  enum NonePolicy { kRequired, kMayBeNone };

  InputTensor(pybind11::handle object, const char* name, NonePolicy policy = kRequired);

  /// Null for a None that is allowed.
  const DLTensor* get() const { return tensor_ ? tensor_->get() : nullptr; }

  /// Neither may be called if get() is null.
  DLDataType dtype() const { return tensor_->get()->dtype; }
  DLDevice device() const { return tensor_->get()->device; }
  Sizes shape() const;

 private:
  std::optional<DLPackTensor> tensor_;
};

/// A list of tensors that an operator reads.
class InputTensorList {
 public:
  /// `object` is a list or a tuple of tensors; raises TypeError for anything else. A tensor is a
  /// sequence too, of its rows, and is refused: it was meant to be the only entry.
  InputTensorList(pybind11::handle object, const char* name);

  const DLTensor* const* data() const { return pointers_.data(); }
  int32_t size() const { return static_cast<int32_t>(pointers_.size()); }

 private:
  std::vector<std::unique_ptr<InputTensor>> tensors_;
  std::vector<const DLTensor*> pointers_;
};

/// A tensor that an operator writes: the caller's, or a new one.
class OutputTensor {
 public:
  /// `given` is the caller's tensor or None. Raises ValueError if a given tensor is read-only or
  /// has another dtype or shape.
  OutputTensor(const pybind11::object& given, const char* name, DLDataType dtype,
               const Sizes& shape, DLDevice device);

  /// With the dtype, shape and device of `like`.
  static OutputTensor Like(const pybind11::object& given, const char* name,
                           const InputTensor& like);

  /// As Like, but no output, whose result is None, if `like` is None. Raises ValueError if there
  /// is a given tensor then.
  static OutputTensor Optional(const pybind11::object& given, const char* name,
                               const InputTensor& like);

  /// The caller's tensor of any dtype and shape, or no output for None. Raises ValueError if it is
  /// read-only.
  static OutputTensor Given(const pybind11::object& given, const char* name);

  /// Null for no output.
  DLTensor* get();

  /// The caller's own object if one was given.
  pybind11::object result() const { return result_; }

 private:
  OutputTensor() : result_(pybind11::none()) {}

  pybind11::object result_;
  std::unique_ptr<DLPackTensor> given_;
  DLTensor created_{};
};

}  // namespace paddlemend::python
