// What the header of an operator includes.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

/// Marks the declaration of an operator: cc/capi/generate.py makes a C function and a Python
/// function from it. That script's documentation says which parameter types it accepts.
#define PM_OP

/// Before an output: where the Python function makes it, it has the shape of the input `...` names
/// and its dtype or, with a second name, that dtype.
#define PM_LIKE(...)

namespace paddlemend {

/// In the declaration of an operator, what the dtype of an output is: complex, or real, of the
/// precision of the first input. Other outputs have the dtype of the first input.
using ComplexOutput = MutableTensorView;
using RealOutput = MutableTensorView;

}  // namespace paddlemend
