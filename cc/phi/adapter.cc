#include "cc/phi/adapter.h"

#include <map>
#include <set>
#include <sstream>

#ifdef PADDLE_WITH_CUDA
#include "cc/phi/gpu_operators.inc"
#else
#include "cc/phi/all_operators.inc"
#endif
#include "cc/phi/kernel_installer.h"
#include "cc/phi/operator_registry.h"
#include "cc/phi/symbol_hook.h"

namespace paddlemend::phi_adapter {
namespace {

using DtypesByKernel = std::map<std::string, std::vector<phi::DataType>>;

std::set<std::string>& InstalledOperators() {
  static std::set<std::string> names;
  return names;
}

const char* KeepForCaller(std::string text) {
  thread_local std::string kept;
  kept = std::move(text);
  return kept.c_str();
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Throws std::invalid_argument for a name that is none.
phi::DataType ReadDtype(const std::string& name) {
  // phi::StringToDataType does not know every name that phi::DataTypeToString gives.
  for (const phi::DataType dtype : kDtypes) {
    if (phi::DataTypeToString(dtype) == name) return dtype;
  }
  throw std::invalid_argument("not a dtype: " + name);
}

/// Throws std::invalid_argument for what does not have the form that adapter.h describes.
std::map<std::string, DtypesByKernel> ReadRequest(const char* request) {
  std::map<std::string, DtypesByKernel> wanted;
  for (const std::string& line : Split(request, '\n')) {
    const std::vector<std::string> fields = Split(line, '\t');
    if (fields.size() == 1) {
      wanted[fields[0]];
      continue;
    }
    if (fields.size() != 3) throw std::invalid_argument("neither one nor three fields: " + line);
    for (const std::string& dtype : Split(fields[2], ',')) {
      wanted[fields[0]][fields[1]].push_back(ReadDtype(dtype));
    }
  }
  return wanted;
}

/// "" or the reason why the operator cannot be installed.
std::string PlanOperator(const Operator& candidate, const DtypesByKernel& dtypes,
                         std::vector<KernelPlan>* plans) {
  if (*DeviceMissing() != '\0') return DeviceMissing();
  for (const PhiKernel& kernel : candidate.kernels) {
    const auto wanted = dtypes.find(kernel.name);
    if (wanted == dtypes.end()) return "kernel " + kernel.name + " is not in the request";
    const std::string reason = PlanKernel(kernel, wanted->second, &plans->emplace_back());
    if (!reason.empty()) return kernel.name + ": " + reason;
  }
  for (const InferMetaHook& hook : candidate.infer_meta_hooks) {
    if (SymbolAt(hook.stock).empty()) return "the wheel does not export its shape function";
  }
  return "";
}

const char* NameOf(Change change) {
  switch (change) {
    case Change::kAdded:
      return "added";
    case Change::kGuarded:
      return "guarded";
    case Change::kReplaced:
      break;
  }
  return "replaced";
}

void InstallOperator(const Operator& chosen, const std::vector<KernelPlan>& plans,
                     std::vector<SymbolHook>* hooks, std::ostream& report) {
  std::vector<KernelOutcome> outcomes;
  for (const KernelPlan& plan : plans) InstallKernel(plan, &outcomes);
  for (const InferMetaHook& hook : chosen.infer_meta_hooks) {
    hooks->push_back({SymbolAt(hook.stock), hook.replacement});
  }
  report << chosen.name << "\tinstalled\t\n";
  for (const KernelOutcome& outcome : outcomes) {
    report << chosen.name << '\t' << outcome.kernel << '\t' << phi::DataTypeToString(outcome.dtype)
           << '\t' << NameOf(outcome.change) << '\n';
  }
}

std::string Install(const char* request) {
  const auto wanted = ReadRequest(request);
  std::ostringstream report;
  std::vector<SymbolHook> hooks;
  for (const Operator& candidate : Operators()) {
    const auto dtypes = wanted.find(candidate.name);
    if (dtypes == wanted.end()) continue;
    if (InstalledOperators().count(candidate.name) == 0) {
      std::vector<KernelPlan> plans;
      const std::string reason = PlanOperator(candidate, dtypes->second, &plans);
      if (!reason.empty()) {
        report << candidate.name << "\trefused\t" << reason << '\n';
        continue;
      }
      InstallOperator(candidate, plans, &hooks, report);
      InstalledOperators().insert(candidate.name);
    }
    candidate.enabled->store(true);
  }
  if (!hooks.empty()) RedirectSymbols({"/libpaddle.so", "/libphi_core.so"}, &hooks);
  for (const SymbolHook& hook : hooks) {
    report << "infer_meta\t" << hook.symbol << '\t' << hook.slots << '\n';
  }
  return report.str();
}

}  // namespace
}  // namespace paddlemend::phi_adapter

namespace adapter = paddlemend::phi_adapter;

const char* paddlemend_phi_install(const char* request) {
  try {
    return adapter::KeepForCaller(adapter::Install(request));
  } catch (const std::exception& error) {
    return adapter::KeepForCaller(std::string("error\t") + error.what() + "\n");
  }
}

void paddlemend_phi_uninstall() {
  for (const adapter::Operator& installed : adapter::Operators()) installed.enabled->store(false);
}

int32_t paddlemend_phi_enter_stock() { return ++adapter::StockDepth(); }

int32_t paddlemend_phi_leave_stock() { return --adapter::StockDepth(); }

int32_t paddlemend_phi_is_active(const char* operator_name) {
  for (const adapter::Operator& candidate : adapter::Operators()) {
    if (candidate.name == operator_name) {
      return candidate.enabled->load() && adapter::StockDepth().load() == 0;
    }
  }
  return 0;
}

const char* paddlemend_phi_list() {
  std::string lines;
  for (const adapter::Operator& offered : adapter::Operators()) {
    for (const adapter::PhiKernel& kernel : offered.kernels) {
      lines += offered.name + '\t' + kernel.name + '\n';
    }
  }
  return adapter::KeepForCaller(lines);
}
