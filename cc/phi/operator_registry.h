// The table of what the adapter offers: every file in cc/phi/operators adds its operator to it.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/infermeta_hook.h"
#include "cc/phi/routed_kernel.h"

namespace paddlemend::phi_adapter {

/// An operator of the catalogue as the adapter sees it.
struct Operator {
  std::string name;
  std::vector<PhiKernel> kernels;
  std::vector<InferMetaHook> infer_meta_hooks;
  OperatorSwitch* enabled;
};

/// All operators, in the order of registration.
inline std::vector<Operator>& Operators() {
  static std::vector<Operator> operators;
  return operators;
}

/// Adds an operator when the library is loaded:
///
///   struct Expand : OperatorTag {};
///   const Registrar<Expand> registrar("expand", {Route<Expand, &RunExpand>("expand")}, {...});
template <typename Tag>
struct Registrar {
  Registrar(const char* name, std::vector<PhiKernel> kernels, std::vector<InferMetaHook> hooks) {
    Operators().push_back({name, std::move(kernels), std::move(hooks), &SwitchOf<Tag>()});
  }
};

}  // namespace paddlemend::phi_adapter
