// The ways in which put_along_axis combines what comes to one element.
#pragma once

#include "cc/kernels/dtype.h"
#include "cc/kernels/status.h"

namespace paddlemend {

enum class Reduction { kAssign, kAdd, kMul, kMean, kAmax, kAmin };

/// Sets *reduction to the one of this name: assign, add, mul (or multiply), mean, amax or amin.
///
/// Errors: invalid argument for another name; unsupported dtype if its elements cannot be combined
/// so: a bool has no mean, complex numbers have no order.
Status ParseReduction(const char* name, DType dtype, Reduction* reduction);

}  // namespace paddlemend
