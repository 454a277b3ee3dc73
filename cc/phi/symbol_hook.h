// Redirecting calls of a dynamic symbol inside loaded libraries (x86-64 Linux ELF).
#pragma once

#include <string>
#include <vector>

namespace paddlemend::phi_adapter {

/// Calls of `symbol` (its mangled name) shall reach `replacement`.
struct SymbolHook {
  std::string symbol;
  void* replacement;
  int slots = 0;  // out: how many places were rewritten
};

/// The dynamic symbol at `function`, or "" if no loaded library exports it.
std::string SymbolAt(void* function);

/// The file of the loaded library that contains `address`, or "".
std::string LibraryAt(void* address);

/// Rewrites the address of each symbol in every relocated slot (jump slots and data) of the loaded
/// libraries whose file name ends in one of `libraries`. One pass over their relocations serves all
/// hooks, because a pass over Paddle's two libraries takes tens of milliseconds. Not synchronised
/// with other threads that make such calls.
void RedirectSymbols(const std::vector<std::string>& libraries, std::vector<SymbolHook>* hooks);

}  // namespace paddlemend::phi_adapter
