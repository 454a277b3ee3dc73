#include "cc/kernels/gather_along_axis.h"

#include "cc/kernels/along_axis_panels.h"

namespace paddlemend {
namespace {

template <typename T>
void Gather(const AlongAxis& plan, const T* x, T* out, const Context& context) {
  const bool in_place = plan.PrefersInPlace(sizeof(T));
  const Panels panels(plan, in_place ? Panels::kInPlace : Panels::kScratch, sizeof(T), context);
  panels.ForEach([&](const Panel& panel, char* scratch) {
    const T* elements = x + panel.element;
    if (!in_place) {
      T* const copy = reinterpret_cast<T*>(scratch);
      LoadPanel(plan, panel, x, copy);
      elements = copy;
    }
    ForEachRun<false>(plan, panel, {out, sizeof(T)}, [&](const Run& run) {
      const T* const from = elements + run.base;
      T* const to = out + run.position;
#pragma GCC unroll 4
      for (int64_t k = 0; k < run.size; ++k) to[k] = from[run.places[k]];
    });
  });
}

}  // namespace

void GatherAlongAxis(const AlongAxis& plan, DType dtype, const void* x, void* out,
                     const Context& context) {
  DispatchElementSize(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    Gather(plan, static_cast<const T*>(x), static_cast<T*>(out), context);
  });
}

}  // namespace paddlemend
