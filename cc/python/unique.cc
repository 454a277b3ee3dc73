// The Python function of pm_unique: its results have the size that it finds.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cc/capi/paddlemend.h"
#include "cc/python/arguments.h"
#include "cc/python/call.h"
#include "cc/python/library.h"
#include "cc/python/operators.h"

namespace py = pybind11;

namespace paddlemend::python {
namespace {

constexpr char kDoc[] =
    "The distinct elements of x, ascending, or its distinct slices along an axis, and, each if "
    "asked for, the first place of each (index), the number of the result for each place "
    "(inverse), and how often each occurs (counts): one tensor, or a tuple in this order. `dtype` "
    "is that of these numbers, \"int64\" or \"int32\". NaN, zeros and errors: see pm_unique.";

DLDataType NumberDType(const std::string& name) {
  if (name == "int64") return {kDLInt, 64, 1};
  if (name == "int32") return {kDLInt, 32, 1};
  throw py::value_error("dtype is '" + name + "', expected int32 or int64");
}

/// The first `count` slices along a dimension, in a tensor of their own.
py::object FirstSlices(const Tensor& tensor, int64_t dimension, int64_t count) {
  Sizes shape = tensor.shape();
  if (shape[dimension] == count) return py::cast(tensor);
  // A copy gives memory back, but not much of it here.
  if (dimension == 0 && count > shape[0] / 2) return py::cast(tensor.First(count));
  shape[dimension] = count;
  const Tensor result(tensor.dtype(), shape, tensor.device());
  DLTensor source = tensor.View();
  source.shape = shape.data();
  DLTensor target = result.View();
  const Library& library = Library::Of(tensor.device());
  pm_context* const context = library.context();
  Call(library, [&] { return PM_CALL(library, pm_expand, &source, &target, context); });
  return py::cast(result);
}

/// An optional result of n numbers.
class Numbers {
 public:
  Numbers(bool wanted, const DLDataType& dtype, int64_t n, DLDevice device) {
    if (!wanted) return;
    tensor_.emplace(dtype, Sizes{n}, device);
    view_ = tensor_->View();
  }

  DLTensor* get() { return tensor_ ? &view_ : nullptr; }

  void AddTo(std::vector<py::object>* results, int64_t count) const {
    if (tensor_) results->push_back(FirstSlices(*tensor_, 0, count));
  }

 private:
  std::optional<Tensor> tensor_;
  DLTensor view_{};
};

py::object Unique(const py::object& x, bool return_index, bool return_inverse, bool return_counts,
                  std::optional<int64_t> axis, const std::string& dtype) {
  const InputTensor input(x, "x");
  const Sizes shape = input.shape();
  const int64_t rank = static_cast<int64_t>(shape.size());
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  int64_t dimension = 0;
  Sizes most{n};
  // An axis out of range is refused by pm_unique.
  if (axis && *axis >= -rank && *axis < rank) {
    dimension = *axis < 0 ? *axis + rank : *axis;
    n = shape[dimension];
    most = shape;
  }
  const Tensor out(input.dtype(), most, input.device());
  const DLDataType numbers = NumberDType(dtype);
  Numbers index(return_index, numbers, n, input.device());
  Numbers inverse(return_inverse, numbers, n, input.device());
  Numbers counts(return_counts, numbers, n, input.device());
  DLTensor out_view = out.View();
  int64_t count = 0;
  const Library& library = Library::Of(input.device());
  pm_context* const context = library.context();
  Call(library, [&] {
    return PM_CALL(library, pm_unique, input.get(), axis ? &*axis : nullptr, axis ? 1 : 0,
                   &out_view, index.get(), inverse.get(), counts.get(), &count, context);
  });
  std::vector<py::object> results{FirstSlices(out, dimension, count)};
  index.AddTo(&results, count);
  inverse.AddTo(&results, n);
  counts.AddTo(&results, count);
  return results.size() == 1 ? results[0] : py::object(py::tuple(py::cast(results)));
}

}  // namespace

void BindUnique(py::module_& module) {
  module.def("unique", &Unique, py::arg("x"), py::arg("return_index") = false,
             py::arg("return_inverse") = false, py::arg("return_counts") = false,
             py::arg("axis") = py::none(), py::arg("dtype") = "int64", kDoc);
}

}  // namespace paddlemend::python
