// What identifies the library that is loaded.
#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "cc/capi/paddlemend.h"

namespace paddlemend::capi {
namespace {

size_t AlignTo4(size_t size) { return (size + 3) & ~size_t{3}; }

/// The GNU build id among the ELF notes in [notes, notes + size), in hexadecimal, or "".
std::string FindBuildId(const char* notes, size_t size) {
  for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= size;) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes + at, sizeof(header));
    const size_t name = at + sizeof(header);
    const size_t description = name + AlignTo4(header.n_namesz);
    at = description + AlignTo4(header.n_descsz);
    const bool is_build_id = header.n_type == NT_GNU_BUILD_ID && at <= size &&
                             header.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0;
    if (!is_build_id) continue;
    std::string text;
    for (size_t i = 0; i < header.n_descsz; ++i) {
      const uint8_t byte = static_cast<uint8_t>(notes[description + i]);
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }
  return "";
}

/// For dl_iterate_phdr: stops at the object that contains this function and keeps its build id.
int VisitObject(dl_phdr_info* info, size_t, void* result) {
  const uintptr_t here = reinterpret_cast<uintptr_t>(&VisitObject);
  bool is_this_library = false;
  std::string build_id;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) & segment = info->dlpi_phdr[i];
    const uintptr_t start = info->dlpi_addr + segment.p_vaddr;
    is_this_library |= segment.p_type == PT_LOAD && here - start < segment.p_memsz;
    if (segment.p_type == PT_NOTE && build_id.empty()) {
      build_id = FindBuildId(reinterpret_cast<const char*>(start), segment.p_memsz);
    }
  }
  if (is_this_library) *static_cast<std::string*>(result) = build_id;
  return is_this_library;
}

std::string BuildId() {
  std::string result;
  dl_iterate_phdr(&VisitObject, &result);
  return result;
}

}  // namespace
}  // namespace paddlemend::capi

int32_t pm_abi_version(void) { return PM_ABI_VERSION; }

const char* pm_version(void) { return PM_VERSION; }

const char* pm_build_id(void) {
  static const std::string* const build_id = new std::string(paddlemend::capi::BuildId());
  return build_id->c_str();
}
