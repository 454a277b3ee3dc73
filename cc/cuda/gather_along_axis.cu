#include "cc/cuda/axis_map.cuh"
#include "cc/cuda/element.cuh"
#include "cc/kernels/gather_along_axis.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename T>
void Gather(const AlongAxis& plan, const T* x, T* out) {
  const AxisMap map(plan);
  ForEach(map.total, [=] __device__(int64_t i) {
    if (!MayWrite(map.word)) return;
    int64_t position, element;
    if (map.Locate(i, &position, &element)) out[position] = x[element];
  });
}

/// kEntries entries of a line at once.
template <typename T, typename Entry, int kEntries>
void GatherLines(const AlongAxis& plan, const T* x, T* out) {
  const AxisMap map(plan);
  const int64_t vectors = map.total / kEntries;
  const Divisor by_line(plan.count / kEntries, vectors);
  const auto* const entries = static_cast<const Vector<Entry, kEntries>*>(plan.entries);
  auto* const to = reinterpret_cast<Vector<T, kEntries>*>(out);
  ForEach(vectors, [=] __device__(int64_t i) {
    const T* const line = x + by_line.Divide(i) * map.size;
    const Vector<Entry, kEntries> chosen = entries[i];
    Vector<T, kEntries> found;
    bool good = MayWrite(map.word);
#pragma unroll
    for (int k = 0; k < kEntries; ++k) {
      int64_t entry = chosen.values[k];
      if (!map.Resolve(i * kEntries + k, &entry)) {
        good = false;
        entry = 0;
      }
      found.values[k] = line[entry];
    }
    if (good) to[i] = found;
  });
}

}  // namespace
}  // namespace cuda

void GatherAlongAxis(const AlongAxis& plan, DType dtype, const void* x, void* out, const Context&) {
  constexpr int kEntries = 4;
  const bool by_lines = cuda::AreLines(plan) && plan.count % kEntries == 0 && plan.size > 0 &&
                        cuda::IsAligned(out, kEntries * ElementSize(dtype)) &&
                        cuda::IsAligned(plan.entries, 32);
  cuda::DispatchBytes(ElementSize(dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* const from = static_cast<const T*>(x);
    auto* const to = static_cast<T*>(out);
    if constexpr (sizeof(T) <= 8) {
      if (by_lines && plan.is_narrow) {
        return cuda::GatherLines<T, int32_t, kEntries>(plan, from, to);
      }
      if (by_lines) return cuda::GatherLines<T, int64_t, kEntries>(plan, from, to);
    }
    cuda::Gather(plan, from, to);
  });
}

}  // namespace paddlemend
