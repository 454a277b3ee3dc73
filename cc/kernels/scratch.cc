#include "cc/kernels/scratch.h"

namespace paddlemend {

void* AllocateScratch(int64_t bytes) { return new char[bytes]; }

void FreeScratch(void* memory) noexcept { delete[] static_cast<char*>(memory); }

}  // namespace paddlemend
