#include "cc/python/dlpack_capsule.h"

#include <string>

#include "cc/python/library.h"

namespace py = pybind11;

namespace paddlemend::python {
namespace {

/// Whether the producer says that its tensor lies on a GPU.
bool IsOnGpu(py::handle object) {
  if (!py::hasattr(object, "__dlpack_device__")) return false;
  const py::tuple device = object.attr("__dlpack_device__")();
  return py::int_(device[0]).cast<int>() == kDLCUDA;
}

/// Asks for the versioned form first; producers older than DLPack 1.0 do not know the argument.
py::object ExportCapsule(py::handle object) {
  const py::object method = object.attr("__dlpack__");
  py::dict arguments;
  // What the producer has put into its own stream is finished before ours goes on. DLPack calls the
  // default stream 1.
  if (IsOnGpu(object)) arguments["stream"] = Stream() == 0 ? 1 : Stream();
  try {
    return method(py::arg("max_version") = py::make_tuple(DLPACK_MAJOR_VERSION, 0), **arguments);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return method(**arguments);
}

}  // namespace

DLPackTensor::DLPackTensor(py::handle object, const char* name) {
  if (PyCapsule_CheckExact(object.ptr())) {
    Consume(object.ptr(), name);
    return;
  }
  if (!py::hasattr(object, "__dlpack__")) {
    throw py::type_error(std::string(name) + " is of type " + Py_TYPE(object.ptr())->tp_name +
                         ", expected a tensor with __dlpack__ or a DLPack capsule");
  }
  Consume(ExportCapsule(object).ptr(), name);
}

void DLPackTensor::Consume(PyObject* capsule, const char* name) {
  if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
    versioned_ =
        static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, "dltensor_versioned"));
    PyCapsule_SetName(capsule, "used_dltensor_versioned");
    if (versioned_->version.major == DLPACK_MAJOR_VERSION) return;
    const uint32_t major = versioned_->version.major;
    if (versioned_->deleter != nullptr) versioned_->deleter(versioned_);
    throw py::buffer_error(std::string(name) + " has DLPack version " + std::to_string(major) +
                           ", expected 1");
  }
  if (!PyCapsule_IsValid(capsule, "dltensor")) {
    throw py::type_error(std::string(name) + " is not a DLPack capsule that can be consumed: it " +
                         "has been used already or is of another kind");
  }
  unversioned_ = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
  PyCapsule_SetName(capsule, "used_dltensor");
}

DLPackTensor::~DLPackTensor() {
  // A deleter may run Python code, which must not see the error that is being raised.
  const py::error_scope keep_error;
  if (versioned_ != nullptr && versioned_->deleter != nullptr) versioned_->deleter(versioned_);
  if (unversioned_ != nullptr && unversioned_->deleter != nullptr) {
    unversioned_->deleter(unversioned_);
  }
}

DLTensor* DLPackTensor::get() const {
  return versioned_ != nullptr ? &versioned_->dl_tensor : &unversioned_->dl_tensor;
}

bool DLPackTensor::is_read_only() const {
  return versioned_ != nullptr && (versioned_->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0;
}

}  // namespace paddlemend::python
