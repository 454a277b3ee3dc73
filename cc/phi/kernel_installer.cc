#include "cc/phi/kernel_installer.h"

#include <algorithm>

#include "cc/phi/symbol_hook.h"

namespace paddlemend::phi_adapter {
namespace {

using KernelsByKey = phi::KernelKeyMap;

/// "" or how the two differ in what a caller passes.
std::string CompareSignatures(const phi::KernelArgsDef& ours, const phi::KernelArgsDef& stock) {
  const auto count = [](const phi::KernelArgsDef& def) {
    return std::to_string(def.input_defs().size()) + " inputs, " +
           std::to_string(def.attribute_defs().size()) + " attributes, " +
           std::to_string(def.output_defs().size()) + " outputs";
  };
  if (count(ours) != count(stock)) {
    return "the wheel's takes " + count(stock) + "; expected " + count(ours);
  }
  for (size_t i = 0; i < ours.input_defs().size(); ++i) {
    if (ours.input_defs()[i].type_index != stock.input_defs()[i].type_index) {
      return "the kind of input " + std::to_string(i) + " differs";
    }
  }
  for (size_t i = 0; i < ours.attribute_defs().size(); ++i) {
    if (ours.attribute_defs()[i].type_index != stock.attribute_defs()[i].type_index) {
      return "the type of attribute " + std::to_string(i) + " differs";
    }
  }
  return "";
}

const phi::Kernel* FindKernel(const KernelsByKey& kernels, phi::DataType dtype,
                              phi::KernelKey* key) {
  for (const auto& [candidate, kernel] : kernels) {
    if (candidate.backend() == kBackend && candidate.dtype() == dtype) {
      *key = candidate;
      return &kernel;
    }
  }
  return nullptr;
}

/// Gives `def` the dtype: where the float32 and the float64 kernel disagree, the tensor's dtype
/// follows the kernel's. With one of them alone, every float32 does.
void FollowDtype(const phi::TensorArgDef& float32, const phi::TensorArgDef* float64,
                 phi::DataType dtype, phi::TensorArgDef* def) {
  const bool follows = float64 != nullptr ? float32.dtype != float64->dtype
                                          : float32.dtype == phi::DataType::FLOAT32;
  if (follows) def->SetDataType(dtype);
}

phi::KernelArgsDef ArgsForAddedDtype(const phi::KernelArgsDef& float32,
                                     const phi::KernelArgsDef* float64, phi::DataType dtype) {
  phi::KernelArgsDef def = float32;
  for (size_t i = 0; i < def.input_defs().size(); ++i) {
    FollowDtype(float32.input_defs()[i], float64 ? &float64->input_defs()[i] : nullptr, dtype,
                &def.input_defs()[i]);
  }
  for (size_t i = 0; i < def.output_defs().size(); ++i) {
    FollowDtype(float32.output_defs()[i], float64 ? &float64->output_defs()[i] : nullptr, dtype,
                &def.output_defs()[i]);
  }
  return def;
}

std::string PlanDtype(const KernelsByKey& stock_kernels, RoutedKernel routed,
                      const PhiKernel& kernel, KernelPlan* plan) {
  phi::KernelKey key;
  const phi::Kernel* stock = FindKernel(stock_kernels, routed.dtype, &key);
  const bool added = stock == nullptr;
  if (added && kernel.where_present) return "";
  phi::KernelArgsDef args;
  if (added) {
    stock = FindKernel(stock_kernels, phi::DataType::FLOAT32, &key);
    if (stock == nullptr) return "the wheel has no float32 kernel to take the signature from";
    phi::KernelKey unused;
    const phi::Kernel* float64 = FindKernel(stock_kernels, phi::DataType::FLOAT64, &unused);
    args = ArgsForAddedDtype(stock->args_def(), float64 ? &float64->args_def() : nullptr,
                             routed.dtype);
    if (kernel.added_args != nullptr) kernel.added_args(routed.dtype, &args);
    key = phi::KernelKey(key.backend(), key.layout(), routed.dtype);
  } else {
    args = stock->args_def();
  }
  const std::string difference = CompareSignatures(routed.kernel.args_def(), stock->args_def());
  if (!difference.empty()) return "signature changed: " + difference;
  const std::string holder = LibraryAt(stock->GetVariadicKernelFn<void*>());
  if (holder.find("paddlemend_phi") != std::string::npos) {
    return "another copy of paddlemend is installed in this process: " + holder;
  }
  *routed.kernel.mutable_args_def() = args;
  routed.kernel.get_kerneltype_forvar_fn_ = stock->get_kerneltype_forvar_fn_;
  routed.kernel.check_if_onednn_kernel_support_ = stock->check_if_onednn_kernel_support_;
  plan->entries.push_back({key, routed,
                           added           ? Change::kAdded
                           : kernel.guards ? Change::kGuarded
                                           : Change::kReplaced});
  return "";
}

/// Plans a kernel for an operator that has none on the device. An entry that is there is that of a
/// wheel that has one since: whether ours may replace it is not known.
std::string PlanNewDtype(const KernelsByKey* stock_kernels, const RoutedKernel& routed,
                         KernelPlan* plan) {
  phi::KernelKey key(kBackend, phi::DataLayout::ALL_LAYOUT, routed.dtype);
  phi::KernelKey found;
  const phi::Kernel* const stock =
      stock_kernels == nullptr ? nullptr : FindKernel(*stock_kernels, routed.dtype, &found);
  if (stock != nullptr) {
    return "there is a kernel already, of " + LibraryAt(stock->GetVariadicKernelFn<void*>());
  }
  plan->entries.push_back({key, routed, Change::kAdded});
  return "";
}

}  // namespace

std::string PlanKernel(const PhiKernel& kernel, const std::vector<phi::DataType>& dtypes,
                       KernelPlan* plan) {
  plan->kernel = kernel.name;
  const auto& factory = phi::KernelFactory::Instance().kernels();
  const auto stock = factory.find(kernel.name);
  if (stock == factory.end() && kernel.where_present) return "";
  if (stock == factory.end() && !kernel.is_new) return "the wheel has no kernel of this name";
  const KernelsByKey* const entries = stock == factory.end() ? nullptr : &stock->second;
  for (const RoutedKernel& routed : kernel.make(kernel.name)) {
    if (std::find(dtypes.begin(), dtypes.end(), routed.dtype) == dtypes.end()) continue;
    const std::string reason = kernel.is_new ? PlanNewDtype(entries, routed, plan)
                                             : PlanDtype(*entries, routed, kernel, plan);
    if (!reason.empty()) return reason;
  }
  return "";
}

void InstallKernel(const KernelPlan& plan, std::vector<KernelOutcome>* outcomes) {
  if (plan.entries.empty()) return;
  auto& kernels = phi::KernelFactory::Instance().kernels()[plan.kernel];
  for (const KernelPlan::Entry& entry : plan.entries) {
    if (entry.change != Change::kAdded) {
      *entry.routed.stock = kernels[entry.key].GetVariadicKernelFn<void*>();
    }
    kernels[entry.key] = entry.routed.kernel;
    outcomes->push_back({plan.kernel, entry.routed.dtype, entry.change});
  }
}

}  // namespace paddlemend::phi_adapter
