#include "cc/kernels/scatter_along_axis.h"

#include <cstring>

#include "cc/kernels/along_axis_panels.h"
#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// The last value wins.
struct Assign {
  static constexpr bool kIgnoresElement = true;
  template <typename Work>
  static Work Combine(Work, Work value) {
    return value;
  }
  template <typename Work>
  static Work Neutral() {
    return Work();
  }
};

struct Add {
  static constexpr bool kIgnoresElement = false;
  template <typename Work>
  static Work Combine(Work element, Work value) {
    return Plus(element, value);
  }
  template <typename Work>
  static Work Neutral() {
    return Work();
  }
};

struct Multiply {
  static constexpr bool kIgnoresElement = false;
  template <typename Work>
  static Work Combine(Work element, Work value) {
    return Times(element, value);
  }
  template <typename Work>
  static Work Neutral() {
    return One<Work>();
  }
};

struct Maximum {
  static constexpr bool kIgnoresElement = false;
  template <typename Work>
  static Work Combine(Work element, Work value) {
    return Greater(element, value);
  }
  template <typename Work>
  static Work Neutral() {
    return Lowest<Work>();
  }
};

struct Minimum {
  static constexpr bool kIgnoresElement = false;
  template <typename Work>
  static Work Combine(Work element, Work value) {
    return Lesser(element, value);
  }
  template <typename Work>
  static Work Neutral() {
    return Highest<Work>();
  }
};

/// One call: arrays of T, and how they are combined.
template <typename T>
struct Scatter {
  const AlongAxis& plan;
  bool include_self;
  const T* x;  // null for zeros
  const T* value;
  T* out;
  const Context& context;
};

/// out = x by all threads.
template <typename T>
void CopyToOut(const Scatter<T>& s) {
  constexpr int64_t kGrainBytes = 64 << 10;
  const int64_t bytes = s.plan.elements * static_cast<int64_t>(sizeof(T));
  char* const out = reinterpret_cast<char*>(s.out);
  ParallelFor(s.context, bytes, kGrainBytes, [&](int64_t begin, int64_t end) {
    if (s.x == nullptr) {
      std::memset(out + begin, 0, end - begin);
    } else {
      BulkCopy(out + begin, reinterpret_cast<const char*>(s.x) + begin, end - begin,
               /*streaming=*/bytes >= kStreamingBytes);
    }
  });
}

/// Whether x is best copied to out panel by panel, while it is in the cache.
template <typename T>
bool CopiesPanels(const AlongAxis& plan) {
  constexpr int64_t kCached = 512 << 10;
  return plan.covers_x && plan.size * plan.columns * static_cast<int64_t>(sizeof(T)) <= kCached;
}

/// The elements of a panel, to be combined with values: a copy at `work`, where rows follow each
/// other.
template <typename T>
void LoadElements(const Scatter<T>& s, const Panel& panel, const T* x, WorkType<T>* work) {
  if (x != nullptr) return LoadPanel(s.plan, panel, x, work);
  std::fill(work, work + panel.rows * panel.columns, WorkType<T>());
}

/// As above, where they are to stay.
template <typename T>
void CopyPanelToOut(const Scatter<T>& s, const Panel& panel, const T* x) {
  T* const out = s.out + panel.element;
  constexpr int64_t kBytes = sizeof(T);
  if (x == nullptr) {
    const bool is_run = panel.columns == panel.width;
    const int64_t rows = is_run ? 1 : panel.rows;
    const int64_t columns = is_run ? panel.rows * panel.columns : panel.columns;
    for (int64_t row = 0; row < rows; ++row) {
      std::memset(static_cast<void*>(out + row * panel.width), 0, columns * kBytes);
    }
  } else {
    CopyRows(reinterpret_cast<const char*>(x + panel.element), panel.width * kBytes, panel.rows,
             panel.columns * kBytes, reinterpret_cast<char*>(out), panel.width * kBytes);
  }
}

/// Combines `size` values with the elements at `places`, in their order.
template <typename Operation, typename Work>
void CombineRun(const Work* values, const int64_t* places, int64_t size, Work* elements) {
#pragma GCC unroll 4
  for (int64_t k = 0; k < size; ++k) {
    Work& element = elements[places[k]];
    element = Operation::Combine(element, values[k]);
  }
}

/// Combines all values of a panel with its elements.
template <typename Operation, typename T>
void CombinePanel(const Scatter<T>& s, const Panel& panel, WorkType<T>* elements) {
  using Work = WorkType<T>;
  if (!s.include_self && !Operation::kIgnoresElement) {
    ForEachRun<false>(s.plan, panel, {nullptr, 0}, [&](const Run& run) {
      Work* const to = elements + run.base;
      for (int64_t k = 0; k < run.size; ++k) {
        to[run.places[k]] = Operation::template Neutral<Work>();
      }
    });
  }
  ForEachRun<false>(s.plan, panel, {s.value, sizeof(T)}, [&](const Run& run) {
    const T* const values = s.value + run.position;
    if constexpr (std::is_same_v<T, Work>) {
      CombineRun<Operation>(values, run.places, run.size, elements + run.base);
    } else {
      // Conversions are vectorised, combining is not.
      Work converted[kPanelColumns];
      for (int64_t begin = 0; begin < run.size; begin += kPanelColumns) {
        const int64_t size = std::min(kPanelColumns, run.size - begin);
        LoadRows(values + begin, 0, 1, size, converted);
        CombineRun<Operation>(converted, run.places + begin, size, elements + run.base);
      }
    }
  });
}

template <typename Operation, typename T>
void Combine(const Scatter<T>& s) {
  const bool in_place = std::is_same_v<T, WorkType<T>> && s.plan.PrefersInPlace(sizeof(T));
  const T* x = s.x;
  if (x != s.out && (!s.plan.covers_x || (in_place && !CopiesPanels<T>(s.plan)))) {
    CopyToOut(s);
    x = s.out;
  }
  const Panels panels(s.plan, in_place ? Panels::kInPlace : Panels::kScratch, sizeof(WorkType<T>),
                      s.context);
  panels.ForEach([&](const Panel& panel, char* scratch) {
    if constexpr (std::is_same_v<T, WorkType<T>>) {
      if (in_place) {
        if (x != s.out) CopyPanelToOut(s, panel, x);
        CombinePanel<Operation>(s, panel, s.out + panel.element);
        return;
      }
    }
    auto* const work = reinterpret_cast<WorkType<T>*>(scratch);
    LoadElements(s, panel, x, work);
    CombinePanel<Operation>(s, panel, work);
    StorePanel(s.plan, panel, work, s.out);
  });
}

/// The mean needs to know how many values came to each element.
template <typename T>
void Average(const Scatter<T>& s) {
  using Work = WorkType<T>;
  const T* x = s.x;
  if (x != s.out && !s.plan.covers_x) {
    CopyToOut(s);
    x = s.out;
  }
  const Panels panels(s.plan, Panels::kScratch, sizeof(Count) + sizeof(Work), s.context);
  panels.ForEach([&](const Panel& panel, char* scratch) {
    const int64_t elements = panel.rows * panel.columns;
    auto* const counts = reinterpret_cast<Count*>(scratch);
    auto* const sums = reinterpret_cast<Work*>(counts + elements);
    LoadElements(s, panel, x, sums);
    CombinePanel<Add>(s, panel, sums);
    std::fill(counts, counts + elements, s.include_self ? Count(1) : Count(0));
    ForEachRun<false>(s.plan, panel, {nullptr, 0}, [&](const Run& run) {
      for (int64_t k = 0; k < run.size; ++k) ++counts[run.base + run.places[k]];
    });
    DivideAll(sums, counts, elements);  // elements that got no value stay as they are
    StorePanel(s.plan, panel, sums, s.out);
  });
}

template <typename T>
void Reduce(Reduction reduction, const Scatter<T>& s) {
  switch (reduction) {
    case Reduction::kAdd:
      return Combine<Add>(s);
    case Reduction::kMul:
      return Combine<Multiply>(s);
    case Reduction::kMean:
      if constexpr (!std::is_same_v<T, Bool8>) Average(s);
      return;
    case Reduction::kAmax:
      if constexpr (!kIsComplex<T>) Combine<Maximum>(s);
      return;
    case Reduction::kAmin:
      if constexpr (!kIsComplex<T>) Combine<Minimum>(s);
      return;
    case Reduction::kAssign:
      return;
  }
}

}  // namespace

void ScatterAlongAxis(const AlongAxis& plan, DType dtype, Reduction reduction, bool include_self,
                      const void* x, const void* value, void* out, const Context& context) {
  const auto scatter_as = [&](auto tag) {
    using T = typename decltype(tag)::type;
    return Scatter<T>{plan,
                      include_self,
                      static_cast<const T*>(x),
                      static_cast<const T*>(value),
                      static_cast<T*>(out),
                      context};
  };
  if (reduction == Reduction::kAssign) {
    return DispatchElementSize(dtype, [&](auto tag) { Combine<Assign>(scatter_as(tag)); });
  }
  DispatchDType(dtype, [&](auto tag) { Reduce(reduction, scatter_as(tag)); });
}

}  // namespace paddlemend
