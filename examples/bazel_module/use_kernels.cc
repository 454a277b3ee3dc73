// Three of the kernels, called as C++: expand, copysign and eigvalsh, the last of which runs on
// LAPACK.
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <vector>

#include "cc/kernels/copysign.h"
#include "cc/kernels/eigvalsh.h"
#include "cc/kernels/expand.h"

namespace {

using paddlemend::Context;
using paddlemend::DType;
using paddlemend::MutableTensorView;
using paddlemend::Status;

/// A row-major view of `values` as a tensor of doubles.
MutableTensorView View(std::vector<double>* values, std::initializer_list<int64_t> shape) {
  MutableTensorView view{};
  view.dtype = DType::kFloat64;
  view.data = values->data();
  for (const int64_t size : shape) view.shape[view.ndim++] = size;
  paddlemend::SetContiguousStrides(&view);
  return view;
}

bool Show(const char* name, const Status& status, const std::vector<double>& out) {
  std::printf("%s:", name);
  if (!status.ok()) std::printf(" %s", status.message.c_str());
  for (const double value : out) std::printf(" %g", value);
  std::printf("\n");
  return status.ok();
}

}  // namespace

int main() {
  const Context context;
  std::vector<double> row = {1, 2}, rows(4), signs = {-1, 1, -0.0, 1}, matrix = {2, 1, 1, 2};
  std::vector<double> eigenvalues(2);

  const MutableTensorView expanded = View(&rows, {2, 2});
  bool ok = Show("expand", Expand(View(&row, {2}).AsConst(), expanded, context), rows);
  ok &= Show("copysign",
             Copysign(expanded.AsConst(), View(&signs, {2, 2}).AsConst(), expanded, context), rows);
  ok &= Show("eigvalsh",
             Eigvalsh(View(&matrix, {2, 2}).AsConst(), "L", View(&eigenvalues, {2}), context),
             eigenvalues);
  return ok ? 0 : 1;
}
