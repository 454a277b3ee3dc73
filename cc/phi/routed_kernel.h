// PHI kernels that run our function or, while it is switched off, the one they replaced.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "cc/phi/device.h"
#include "cc/phi/operator_switch.h"
#include "paddle/phi/core/dense_tensor.h"
#include "paddle/phi/core/kernel_factory.h"
#include "paddle/phi/core/kernel_registry.h"

namespace paddlemend::phi_adapter {

/// The dtypes that a kernel can be registered for.
inline constexpr std::array<phi::DataType, 14> kDtypes = {
    phi::DataType::BOOL,          phi::DataType::UINT8,       phi::DataType::INT8,
    phi::DataType::INT16,         phi::DataType::INT32,       phi::DataType::INT64,
    phi::DataType::FLOAT16,       phi::DataType::BFLOAT16,    phi::DataType::FLOAT32,
    phi::DataType::FLOAT64,       phi::DataType::COMPLEX64,   phi::DataType::COMPLEX128,
    phi::DataType::FLOAT8_E4M3FN, phi::DataType::FLOAT8_E5M2,
};

/// Raises what Paddle raises for a kernel it does not have: the answer for a dtype that we added,
/// while the wheel's own behaviour is asked for.
[[noreturn]] inline void ThrowNotRegistered(const std::string& kernel, phi::DataType dtype) {
  PADDLE_THROW(common::errors::NotFound(
      "The kernel with key (%s, Undefined(AnyLayout), %s) of kernel `%s` is not registered.",
      kBackendName, phi::DataTypeToString(dtype), kernel));
}

/// One entry to put into the KernelFactory: our kernel for one dtype.
struct RoutedKernel {
  phi::DataType dtype;
  phi::Kernel kernel;  // its args_def is parsed from our function's signature
  void** stock;        // receives the function of the kernel that is replaced; null where we add
};

/// Corrects what a kernel for a dtype that we add says of the dtypes of its tensors.
using AddedArgs = void (*)(phi::DataType dtype, phi::KernelArgsDef* args);

/// A kernel name of the KernelFactory with our kernels for it.
struct PhiKernel {
  std::string name;
  std::vector<RoutedKernel> (*make)(const std::string& name);
  AddedArgs added_args;        // null where every dtype that follows the kernel's does so
  bool is_new = false;         // the wheel has no such kernel on the device, for no dtype
  bool where_present = false;  // of the dtypes that the wheel has it for alone, which may be none
  bool guards = false;         // ours checks the arguments, and the wheel's kernel computes
};

/// `Function` as a PHI kernel for one dtype, routed by the switch of `Tag`. With kGuards the
/// wheel's kernel runs after it, unless it throws.
template <typename Tag, auto Function, phi::DataType kDtype, bool kGuards = false>
struct Router;

template <typename Tag, typename... Args, void (*Function)(const DeviceContext&, Args...),
          phi::DataType kDtype, bool kGuards>
struct Router<Tag, Function, kDtype, kGuards> {
  using Signature = void (*)(const DeviceContext&, Args...);

  static void Run(const DeviceContext& context, Args... args) {
    const bool ours = OursRuns<Tag>();
    if (ours) Function(context, args...);
    if (ours && !kGuards) return;
    if (stock != nullptr) {
      reinterpret_cast<Signature>(stock)(context, args...);
    } else {
      ThrowNotRegistered(name, kDtype);
    }
  }

  static RoutedKernel Make(const std::string& kernel_name) {
    name = kernel_name;
    phi::Kernel kernel(PHI_KERNEL(Router::Run), PHI_VARIADIC_KERNEL(Router::Run));
    // Of the key only the signature is used: the installer takes the layout, which may be STRIDED,
    // and the args_def from the wheel's own entry.
    const phi::KernelKey key(kBackend, phi::DataLayout::ALL_LAYOUT, kDtype);
    phi::KernelArgsParseFunctor<Signature>::Parse(key, kernel.mutable_args_def());
    return {kDtype, kernel, &stock};
  }

  inline static void* stock = nullptr;
  inline static std::string name;
};

template <typename Tag, auto Function, bool kGuards, size_t... kIndex>
std::vector<RoutedKernel> MakeForEveryDtype(const std::string& name,
                                            std::index_sequence<kIndex...>) {
  return {Router<Tag, Function, kDtypes[kIndex], kGuards>::Make(name)...};
}

template <typename Tag, auto Function, bool kGuards>
std::vector<RoutedKernel> MakeRoutedKernels(const std::string& name) {
  constexpr auto kEvery = std::make_index_sequence<kDtypes.size()>();
  return MakeForEveryDtype<Tag, Function, kGuards>(name, kEvery);
}

/// The kernels of `Function` under `name`. It is not a template over the dtype: it reads the dtype
/// from its tensors, as the C ABI does.
template <typename Tag, auto Function>
PhiKernel Route(const char* name, AddedArgs added_args = nullptr) {
  return {name, &MakeRoutedKernels<Tag, Function, false>, added_args};
}

/// As Route, for an operator that the wheel has no kernel for on the device: of each dtype it is
/// added, and takes its tensors as they come.
template <typename Tag, auto Function>
PhiKernel RouteNew(const char* name) {
  PhiKernel kernel = Route<Tag, Function>(name);
  kernel.is_new = true;
  return kernel;
}

/// As Route, for a kernel that not every wheel has, and of the dtypes that it has alone.
template <typename Tag, auto Function>
PhiKernel RouteWherePresent(const char* name) {
  PhiKernel kernel = Route<Tag, Function>(name);
  kernel.where_present = true;
  return kernel;
}

/// A check of the arguments in front of a kernel of the wheel, where it is present: `Check` throws
/// for those that the kernel must not see.
template <typename Tag, auto Check>
PhiKernel RouteGuard(const char* name) {
  PhiKernel kernel{name, &MakeRoutedKernels<Tag, Check, true>, nullptr};
  kernel.where_present = true;
  kernel.guards = true;
  return kernel;
}

}  // namespace paddlemend::phi_adapter
