#include "cc/kernels/scatter_along_axis_grad.h"

#include <limits>

#include "cc/kernels/along_axis_panels.h"
#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/gather_along_axis.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// One call, as ScatterGradArrays of T.
template <typename T>
struct ScatterGrad {
  const AlongAxis& plan;
  bool include_self;
  const T* x;
  const T* value;
  const T* out;
  const T* out_grad;
  T* x_grad;
  T* value_grad;
  const Context& context;
};

/// x_grad = out_grad.
template <typename T>
void CopyToXGrad(const ScatterGrad<T>& s) {
  constexpr int64_t kGrainBytes = 64 << 10;
  const int64_t bytes = s.plan.elements * static_cast<int64_t>(sizeof(T));
  ParallelFor(s.context, bytes, kGrainBytes, [&](int64_t begin, int64_t end) {
    BulkCopy(reinterpret_cast<char*>(s.x_grad) + begin,
             reinterpret_cast<const char*>(s.out_grad) + begin, end - begin,
             /*streaming=*/bytes >= kStreamingBytes);
  });
}

/// Calls `function(panel, work)` for all panels, where `work` has room for kArrays arrays of the
/// panel's elements, and `counts` as well if kCounts.
template <int kArrays, bool kCounts, typename T, typename Function>
void ForEachPanel(const ScatterGrad<T>& s, const Function& function) {
  // Elements that belong to no block get no values.
  if (s.x_grad != nullptr && !s.plan.covers_x) CopyToXGrad(s);
  constexpr int64_t kCountBytes = kCounts ? sizeof(Count) : 0;
  const Panels panels(s.plan, Panels::kScratch, kArrays * sizeof(WorkType<T>) + kCountBytes,
                      s.context);
  panels.ForEach([&](const Panel& panel, char* scratch) {
    const int64_t elements = panel.rows * panel.columns;
    function(panel, reinterpret_cast<WorkType<T>*>(scratch + elements * kCountBytes),
             reinterpret_cast<Count*>(scratch));
  });
}

/// The last value that comes to an element takes its gradient and leaves zero to all others.
template <typename T>
void AssignGrad(const ScatterGrad<T>& s) {
  ForEachPanel<1, false>(s, [&](const Panel& panel, T* grads, Count*) {
    LoadPanel(s.plan, panel, s.out_grad, grads);
    ForEachRun<true>(s.plan, panel, {s.value_grad, sizeof(T)}, [&](const Run& run) {
      T* const from = grads + run.base;
      if (s.value_grad == nullptr) {
        for (int64_t k = 0; k < run.size; ++k) from[run.places[k]] = T();
        return;
      }
      T* const to = s.value_grad + run.position;
      for (int64_t k = run.size - 1; k >= 0; --k) {
        to[k] = from[run.places[k]];
        from[run.places[k]] = T();
      }
    });
    if (s.x_grad != nullptr) StorePanel(s.plan, panel, grads, s.x_grad);
  });
}

/// Every value has the gradient of its element.
template <typename T>
void AddGrad(DType dtype, const ScatterGrad<T>& s) {
  if (s.value_grad != nullptr) {
    GatherAlongAxis(s.plan, dtype, s.out_grad, s.value_grad, s.context);
  }
  if (s.x_grad == nullptr) return;
  if (s.include_self) return CopyToXGrad(s);
  ScatterGrad<T> x_only = s;
  x_only.value_grad = nullptr;
  AssignGrad(x_only);
}

/// The gradient of an element is shared by all that was combined in it.
template <typename T>
void MeanGrad(const ScatterGrad<T>& s) {
  using Work = WorkType<T>;
  ForEachPanel<1, true>(s, [&](const Panel& panel, Work* grads, Count* counts) {
    const int64_t elements = panel.rows * panel.columns;
    LoadPanel(s.plan, panel, s.out_grad, grads);
    std::fill(counts, counts + elements, s.include_self ? Count(1) : Count(0));
    ForEachRun<false>(s.plan, panel, {nullptr, 0}, [&](const Run& run) {
      for (int64_t k = 0; k < run.size; ++k) ++counts[run.base + run.places[k]];
    });
    DivideAll(grads, counts, elements);
    if (s.value_grad != nullptr) {
      ForEachRun<false>(s.plan, panel, {s.value_grad, sizeof(T)}, [&](const Run& run) {
        for (int64_t k = 0; k < run.size; ++k) {
          s.value_grad[run.position + k] = FromWork<T>(grads[run.base + run.places[k]]);
        }
      });
    }
    if (s.x_grad == nullptr) return;
    if (!s.include_self) {
      for (int64_t i = 0; i < elements; ++i) {
        if (counts[i] > 0) grads[i] = Work();
      }
    }
    StorePanel(s.plan, panel, grads, s.x_grad);
  });
}

/// Whether something equal to `value` has a part in the gradient of the extreme. With an extreme of
/// NaN everything has, as the gradient is NaN too then.
template <typename Work>
bool IsExtreme(Work value, Work extreme) {
  return IsEqual(value, extreme) | IsNaN(extreme);
}

/// What equals the extreme shares the gradient.
template <typename T>
void ExtremeGrad(const ScatterGrad<T>& s) {
  using Work = WorkType<T>;
  ForEachPanel<3, true>(s, [&](const Panel& panel, Work* grads, Count* counts) {
    const int64_t elements = panel.rows * panel.columns;
    Work* const extremes = grads + elements;
    Work* const own = extremes + elements;
    LoadPanel(s.plan, panel, s.out_grad, grads);
    LoadPanel(s.plan, panel, s.out, extremes);
    LoadPanel(s.plan, panel, s.x, own);
    for (int64_t i = 0; i < elements; ++i) {
      counts[i] = s.include_self & IsExtreme(own[i], extremes[i]);
    }
    ForEachRun<false>(s.plan, panel, {s.value, sizeof(T)}, [&](const Run& run) {
      for (int64_t k = 0; k < run.size; ++k) {
        const int64_t place = run.base + run.places[k];
        counts[place] += IsExtreme(ToWork(s.value[run.position + k]), extremes[place]);
      }
    });
    DivideAll(grads, counts, elements);
    const Count own_count = s.include_self;
    for (int64_t i = 0; i < elements; ++i) {
      // An element that got no value has the gradient of a copy, whatever it holds.
      const bool combined = counts[i] > own_count;
      grads[i] = Choose(IsNaN(extremes[i]) & combined, extremes[i], grads[i]);
    }
    if (s.value_grad != nullptr) {
      ForEachRun<false>(s.plan, panel, {s.value, sizeof(T)}, [&](const Run& run) {
        for (int64_t k = 0; k < run.size; ++k) {
          const int64_t place = run.base + run.places[k];
          const bool shares = IsExtreme(ToWork(s.value[run.position + k]), extremes[place]);
          s.value_grad[run.position + k] = FromWork<T>(Choose(shares, grads[place], Work()));
        }
      });
    }
    if (s.x_grad == nullptr) return;
    for (int64_t i = 0; i < elements; ++i) {
      // Without x, an element that nothing equals got no value at all.
      const bool shares = s.include_self ? IsExtreme(own[i], extremes[i]) : counts[i] == 0;
      grads[i] = Choose(shares, grads[i], Work());
    }
    StorePanel(s.plan, panel, grads, s.x_grad);
  });
}

/// The gradient of a factor: out_grad, times the factors before it, times those after it. The
/// former are collected on the way through the values, the latter on the way back.
template <typename T>
void MulGrad(const ScatterGrad<T>& s) {
  using Work = WorkType<T>;
  // The products of the factors before each value, not rounded to half precision.
  std::unique_ptr<Work[]> allocated;
  Work* before = nullptr;
  if constexpr (std::is_same_v<T, Work>) {
    before = s.value_grad;
  } else if (s.value_grad != nullptr) {
    allocated.reset(new Work[s.plan.blocks * s.plan.count * s.plan.columns]);
    before = allocated.get();
  }
  ForEachPanel<2, false>(s, [&](const Panel& panel, Work* after, Count*) {
    const int64_t elements = panel.rows * panel.columns;
    LoadPanel(s.plan, panel, s.out_grad, after);
    if (before != nullptr) {
      Work* const products = after + elements;
      if (s.include_self) LoadPanel(s.plan, panel, s.x, products);
      for (int64_t i = 0; i < elements; ++i) {
        products[i] = s.include_self ? Conjugate(products[i]) : One<Work>();
      }
      ForEachRun<false>(s.plan, panel, {s.value, sizeof(T)}, [&](const Run& run) {
        for (int64_t k = 0; k < run.size; ++k) {
          Work& product = products[run.base + run.places[k]];
          const Work factor = Conjugate(ToWork(s.value[run.position + k]));
          before[run.position + k] = product;
          product = Times(product, factor);
        }
      });
    }
    ForEachRun<true>(s.plan, panel, {s.value, sizeof(T)}, [&](const Run& run) {
      for (int64_t k = run.size - 1; k >= 0; --k) {
        Work& product = after[run.base + run.places[k]];
        const int64_t position = run.position + k;
        const Work factor = Conjugate(ToWork(s.value[position]));
        if (before != nullptr) {
          s.value_grad[position] = FromWork<T>(Times(before[position], product));
        }
        product = Times(product, factor);
      }
    });
    if (s.x_grad == nullptr) return;
    if (!s.include_self) {
      ForEachRun<false>(s.plan, panel, {nullptr, 0}, [&](const Run& run) {
        for (int64_t k = 0; k < run.size; ++k) after[run.base + run.places[k]] = Work();
      });
    }
    StorePanel(s.plan, panel, after, s.x_grad);
  });
}

}  // namespace

void ScatterAlongAxisGrad(const AlongAxis& plan, DType dtype, Reduction reduction,
                          bool include_self, const ScatterGradArrays& arrays,
                          const Context& context) {
  const auto grad_as = [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ScatterGrad<T>{plan,
                          include_self,
                          static_cast<const T*>(arrays.x),
                          static_cast<const T*>(arrays.value),
                          static_cast<const T*>(arrays.out),
                          static_cast<const T*>(arrays.out_grad),
                          static_cast<T*>(arrays.x_grad),
                          static_cast<T*>(arrays.value_grad),
                          context};
  };
  switch (reduction) {
    case Reduction::kAssign:
      return DispatchElementSize(dtype, [&](auto tag) { AssignGrad(grad_as(tag)); });
    case Reduction::kAdd:
      return DispatchElementSize(dtype, [&](auto tag) { AddGrad(dtype, grad_as(tag)); });
    case Reduction::kMul:
      return DispatchDType(dtype, [&](auto tag) { MulGrad(grad_as(tag)); });
    case Reduction::kMean:
      return DispatchDType(dtype, [&](auto tag) { MeanGrad(grad_as(tag)); });
    case Reduction::kAmax:
    case Reduction::kAmin:
      return DispatchDType(dtype, [&](auto tag) {
        if constexpr (!kIsComplex<typename decltype(tag)::type>) ExtremeGrad(grad_as(tag));
      });
  }
}

}  // namespace paddlemend
