// The C interface of the Paddle adapter, which the Python package calls through ctypes.
#pragma once

#include <stdint.h>

#define PADDLEMEND_PHI_API extern "C" __attribute__((visibility("default")))

/// Installs operators and switches them on. `request` holds one line a kernel,
/// "operator<TAB>kernel<TAB>dtype,dtype,…", or "operator" alone for one that has no kernel. An
/// operator is installed as a whole or not at all, and one that is installed already is switched on
/// again. Call it from one thread, while no other thread runs operators.
///
/// Returns the outcome, valid until the next call in this thread, one line each:
///   "operator<TAB>installed<TAB>"           or   "operator<TAB>refused<TAB>reason"
///   "operator<TAB>kernel<TAB>dtype<TAB>replaced|added|guarded"
///   "infer_meta<TAB>mangled name<TAB>number of call slots that were redirected"
/// or "error<TAB>message" for a request that cannot be read.
PADDLEMEND_PHI_API const char* paddlemend_phi_install(const char* request);

/// Switches every operator to the wheel's kernels. Nothing is taken out of the factory: programs
/// that are compiled keep working.
PADDLEMEND_PHI_API void paddlemend_phi_uninstall();

/// Opens and closes a block in which every operator of the process runs the wheel's kernels.
/// Blocks nest and may be open in several threads. Returns how many are open afterwards.
PADDLEMEND_PHI_API int32_t paddlemend_phi_enter_stock();
PADDLEMEND_PHI_API int32_t paddlemend_phi_leave_stock();

/// Whether the operator runs ours now: installed, switched on, and no stock block open.
PADDLEMEND_PHI_API int32_t paddlemend_phi_is_active(const char* operator_name);

/// "operator<TAB>kernel" lines for everything that this library can install.
PADDLEMEND_PHI_API const char* paddlemend_phi_list();
