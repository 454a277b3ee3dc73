// Putting our kernels into the KernelFactory of the loaded Paddle.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/routed_kernel.h"

namespace paddlemend::phi_adapter {

/// What is done with one kernel of the wheel for one dtype.
enum class Change {
  kReplaced,
  kAdded,    // the wheel has none for this dtype
  kGuarded,  // it runs after our check of its arguments
};

/// What became of one kernel for one dtype.
struct KernelOutcome {
  std::string kernel;
  phi::DataType dtype;
  Change change;
};

/// The change that installing one kernel name would make, worked out before anything is touched.
struct KernelPlan {
  struct Entry {
    phi::KernelKey key;
    RoutedKernel routed;
    Change change;
  };
  std::string kernel;
  std::vector<Entry> entries;
};

/// Plans `kernel` for `dtypes` on the device: an existing entry is replaced under its own key and
/// with its own args_def; a missing one is added with the args_def of the float32 entry, in which
/// what follows the dtype is changed. A kernel that is_new is added with its own; one that is
/// wanted where_present leaves out what the wheel does not have.
///
/// Returns "" or the reason for which it must not be installed: the wheel has no such kernel, its
/// signature is not the one that ours was built for, or another copy of paddlemend holds it.
std::string PlanKernel(const PhiKernel& kernel, const std::vector<phi::DataType>& dtypes,
                       KernelPlan* plan);

/// Carries out a plan. Not synchronised with threads that run operators.
void InstallKernel(const KernelPlan& plan, std::vector<KernelOutcome>* outcomes);

}  // namespace paddlemend::phi_adapter
