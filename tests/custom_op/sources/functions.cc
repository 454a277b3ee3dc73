#include <string>

#include "paddle/extension.h"

namespace {

paddle::Tensor Halve(const paddle::Tensor& x) {
  return paddle::experimental::scale(x, 0.5, 0.0, true);
}

struct Counter {
  int count = 0;
  int Next() { return ++count; }
};

}  // namespace

PYBIND11_MODULE(PADDLE_EXTENSION_NAME, m) {
  m.doc() = "Functions and classes.";
  m.def("halve", &Halve);
  m.def("greeting", [] { return std::string("hello"); });
  pybind11::class_<Counter>(m, "Counter").def(pybind11::init<>()).def("next", &Counter::Next);
}
