#include "cc/python/arguments.h"

#include <string>

namespace py = pybind11;

namespace paddlemend::python {
namespace {

Sizes ShapeOf(const DLTensor& tensor) { return Sizes(tensor.shape, tensor.shape + tensor.ndim); }

std::string Describe(DLDataType dtype, const Sizes& shape) {
  std::string text = "shape [";
  for (size_t d = 0; d < shape.size(); ++d) {
    text += (d > 0 ? ", " : "") + std::to_string(shape[d]);
  }
  return text + "] and dtype " + DTypeName(dtype);
}

bool SameDType(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

}  // namespace

InputTensor::InputTensor(py::handle object, const char* name, NonePolicy policy) {
  if (policy == kMayBeNone && object.is_none()) return;
  tensor_.emplace(object, name);
}

Sizes InputTensor::shape() const { return ShapeOf(*tensor_->get()); }

InputTensorList::InputTensorList(py::handle object, const char* name) {
  if (!py::isinstance<py::list>(object) && !py::isinstance<py::tuple>(object)) {
    throw py::type_error(std::string(name) + " is of type " + Py_TYPE(object.ptr())->tp_name +
                         ", expected a list or a tuple of tensors");
  }
  for (const py::handle entry : object) {
    const std::string entry_name = name + ("[" + std::to_string(tensors_.size()) + "]");
    tensors_.push_back(std::make_unique<InputTensor>(entry, entry_name.c_str()));
    pointers_.push_back(tensors_.back()->get());
  }
}

OutputTensor::OutputTensor(const py::object& given, const char* name, DLDataType dtype,
                           const Sizes& shape, DLDevice device) {
  if (given.is_none()) {
    result_ = py::cast(Tensor(dtype, shape, device));
    created_ = result_.cast<const Tensor&>().View();
    return;
  }
  *this = Given(given, name);
  const DLTensor& actual = *given_->get();
  if (!SameDType(actual.dtype, dtype) || ShapeOf(actual) != shape) {
    throw py::value_error(std::string(name) + " has " + Describe(actual.dtype, ShapeOf(actual)) +
                          ", expected " + Describe(dtype, shape));
  }
}

OutputTensor OutputTensor::Given(const py::object& given, const char* name) {
  OutputTensor output;
  if (given.is_none()) return output;
  output.result_ = given;
  output.given_ = std::make_unique<DLPackTensor>(given, name);
  if (output.given_->is_read_only()) throw py::value_error(std::string(name) + " is read-only");
  return output;
}

OutputTensor OutputTensor::Like(const py::object& given, const char* name,
                                const InputTensor& like) {
  return OutputTensor(given, name, like.dtype(), like.shape(), like.device());
}

OutputTensor OutputTensor::Optional(const py::object& given, const char* name,
                                    const InputTensor& like) {
  if (like.get() != nullptr) return Like(given, name, like);
  if (!given.is_none()) {
    throw py::value_error(std::string(name) +
                          " is given, but the tensor whose gradient it is, is None");
  }
  return OutputTensor();
}

DLTensor* OutputTensor::get() {
  if (given_ != nullptr) return given_->get();
  return result_.is_none() ? nullptr : &created_;
}

}  // namespace paddlemend::python
