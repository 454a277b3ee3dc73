/* What libpaddlemend_cuda.so has beside the functions of paddlemend.h: memory and the order of
 * streams, for those who have no CUDA of their own. A stream is a cudaStream_t; NULL is the legacy
 * default stream. */
#ifndef PADDLEMEND_CUDA_H_
#define PADDLEMEND_CUDA_H_

#include "cc/capi/paddlemend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets *memory to `bytes` bytes on GPU `device` for use in `stream`. */
PM_API pm_status pm_cuda_allocate(int32_t device, int64_t bytes, void* stream, void** memory);

/* Gives memory back once `stream` has come so far. */
PM_API void pm_cuda_free(int32_t device, void* memory, void* stream);

/* What is put into `later` from now on waits for what is in `earlier`. */
PM_API pm_status pm_cuda_order(int32_t device, void* earlier, void* later);

#ifdef __cplusplus
}
#endif

#endif /* PADDLEMEND_CUDA_H_ */
