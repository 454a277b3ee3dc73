// Temporary memory on the device of the library: kernels take it through Buffer, in contiguous.h.
#pragma once

#include <cstdint>

namespace paddlemend {

/// Uninitialised memory, aligned for every dtype. Throws std::bad_alloc if there is not enough.
void* AllocateScratch(int64_t bytes);

/// Gives back what AllocateScratch returned.
void FreeScratch(void* memory) noexcept;

}  // namespace paddlemend
