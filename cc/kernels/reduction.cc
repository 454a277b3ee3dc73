#include "cc/kernels/reduction.h"

#include <string_view>

namespace paddlemend {

Status ParseReduction(const char* name, DType dtype, Reduction* reduction) {
  constexpr struct {
    std::string_view name;
    Reduction reduction;
  } kNames[] = {{"assign", Reduction::kAssign}, {"add", Reduction::kAdd},
                {"mul", Reduction::kMul},       {"multiply", Reduction::kMul},
                {"mean", Reduction::kMean},     {"amax", Reduction::kAmax},
                {"amin", Reduction::kAmin}};
  bool found = false;
  for (const auto& entry : kNames) {
    if (entry.name != name) continue;
    *reduction = entry.reduction;
    found = true;
  }
  if (!found) {
    return InvalidArgument("reduce is '", name, "', expected assign, add, mul, mean, amax or amin");
  }
  const bool needs_order = *reduction == Reduction::kAmax || *reduction == Reduction::kAmin;
  if ((dtype == DType::kBool && *reduction == Reduction::kMean) ||
      (RealsPerElement(dtype) == 2 && needs_order)) {
    return UnsupportedDType("reduce is ", name, ", which is not defined for x of dtype ",
                            DTypeName(dtype));
  }
  return OkStatus();
}

}  // namespace paddlemend
