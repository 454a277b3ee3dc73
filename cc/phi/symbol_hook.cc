#include "cc/phi/symbol_hook.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string_view>
#include <unordered_map>

namespace paddlemend::phi_adapter {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// What the dynamic section of a loaded library says about its relocations.
struct Relocations {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * tables[2] = {nullptr, nullptr};  // jump slots, all others
  size_t sizes[2] = {0, 0};                           // in bytes
};

Relocations ReadDynamicSection(const ElfW(Dyn) * entry) {
  Relocations found;
  for (; entry->d_tag != DT_NULL; ++entry) {
    const ElfW(Addr) value = entry->d_un.d_ptr;
    switch (entry->d_tag) {
      case DT_SYMTAB:
        found.symbols = reinterpret_cast<const ElfW(Sym)*>(value);
        break;
      case DT_STRTAB:
        found.names = reinterpret_cast<const char*>(value);
        break;
      case DT_JMPREL:
        found.tables[0] = reinterpret_cast<const ElfW(Rela)*>(value);
        break;
      case DT_PLTRELSZ:
        found.sizes[0] = value;
        break;
      case DT_RELA:
        found.tables[1] = reinterpret_cast<const ElfW(Rela)*>(value);
        break;
      case DT_RELASZ:
        found.sizes[1] = value;
        break;
      default:
        break;
    }
  }
  return found;
}

/// A loaded library: its relocations, and the range that the loader made read-only afterwards.
struct Library {
  ElfW(Addr) base = 0;
  Relocations relocations;
  ElfW(Addr) read_only_begin = 0;
  ElfW(Addr) read_only_end = 0;
};

Library ReadLibrary(const dl_phdr_info& info) {
  Library library;
  library.base = info.dlpi_addr;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr) & header = info.dlpi_phdr[i];
    const ElfW(Addr) start = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_DYNAMIC) {
      library.relocations = ReadDynamicSection(reinterpret_cast<const ElfW(Dyn)*>(start));
    } else if (header.p_type == PT_GNU_RELRO) {
      library.read_only_begin = start;
      library.read_only_end = start + header.p_memsz;
    }
  }
  return library;
}

void WriteSlot(const Library& library, ElfW(Addr) slot, void* value) {
  const bool read_only = slot >= library.read_only_begin && slot < library.read_only_end;
  const auto page_size = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
  void* page = reinterpret_cast<void*>(slot & ~(page_size - 1));
  if (read_only) mprotect(page, page_size, PROT_READ | PROT_WRITE);
  *reinterpret_cast<void**>(slot) = value;
  if (read_only) mprotect(page, page_size, PROT_READ);
}

using HooksBySymbol = std::unordered_map<std::string_view, SymbolHook*>;

void RedirectInLibrary(const Library& library, const HooksBySymbol& hooks) {
  const Relocations& relocations = library.relocations;
  if (relocations.symbols == nullptr || relocations.names == nullptr) return;
  for (int table = 0; table < 2; ++table) {
    const size_t count = relocations.sizes[table] / sizeof(ElfW(Rela));
    for (size_t i = 0; relocations.tables[table] != nullptr && i < count; ++i) {
      const ElfW(Rela) & entry = relocations.tables[table][i];
      const auto type = ELF64_R_TYPE(entry.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64) continue;
      const char* name = relocations.names + relocations.symbols[ELF64_R_SYM(entry.r_info)].st_name;
      const auto hook = hooks.find(name);
      if (hook == hooks.end()) continue;
      WriteSlot(library, library.base + entry.r_offset, hook->second->replacement);
      ++hook->second->slots;
    }
  }
}

}  // namespace

std::string SymbolAt(void* function) {
  Dl_info info;
  return dladdr(function, &info) != 0 && info.dli_sname != nullptr ? info.dli_sname : "";
}

std::string LibraryAt(void* address) {
  Dl_info info;
  return dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

void RedirectSymbols(const std::vector<std::string>& libraries, std::vector<SymbolHook>* hooks) {
  struct Request {
    const std::vector<std::string>* libraries;
    HooksBySymbol hooks;
  } request{&libraries, {}};
  for (SymbolHook& hook : *hooks) request.hooks.emplace(hook.symbol, &hook);
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        const auto& request = *static_cast<Request*>(data);
        for (const std::string& library : *request.libraries) {
          if (EndsWith(info->dlpi_name, library)) {
            RedirectInLibrary(ReadLibrary(*info), request.hooks);
          }
        }
        return 0;
      },
      &request);
}

}  // namespace paddlemend::phi_adapter
