#include <vector>

#include "paddle/extension.h"

// One operator for each dispatch macro: it doubles x, for the dtypes of the macro.
#define DEFINE_DISPATCH(name, MACRO)                                       \
  std::vector<paddle::Tensor> name(const paddle::Tensor& x) {              \
    auto out = paddle::empty_like(x);                                      \
    MACRO(x.type(), #name, ([&] {                                          \
            const data_t* in = x.data<data_t>();                           \
            data_t* to = out.data<data_t>();                               \
            for (int64_t i = 0; i < x.numel(); ++i) to[i] = in[i] + in[i]; \
          }));                                                             \
    return {out};                                                          \
  }                                                                        \
  PD_BUILD_OP(name).Inputs({"X"}).Outputs({"Out"}).SetKernelFn(PD_KERNEL(name))

DEFINE_DISPATCH(dispatch_integer, PD_DISPATCH_INTEGRAL_TYPES);
DEFINE_DISPATCH(dispatch_floating, PD_DISPATCH_FLOATING_TYPES);
DEFINE_DISPATCH(dispatch_complex, PD_DISPATCH_COMPLEX_TYPES);
DEFINE_DISPATCH(dispatch_floating_and_half, PD_DISPATCH_FLOATING_AND_HALF_TYPES);
DEFINE_DISPATCH(dispatch_floating_and_integer, PD_DISPATCH_FLOATING_AND_INTEGRAL_TYPES);
DEFINE_DISPATCH(dispatch_floating_and_complex, PD_DISPATCH_FLOATING_AND_COMPLEX_TYPES);
DEFINE_DISPATCH(dispatch_all, PD_DISPATCH_FLOATING_AND_INTEGRAL_AND_COMPLEX_TYPES);
