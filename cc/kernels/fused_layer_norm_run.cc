#include "cc/kernels/fused_layer_norm_run.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/layer_norm_rows.h"
#include "cc/kernels/optional_values.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// Where to make values that become elements at `elements`: there, if they are of one type.
template <typename W, typename Element>
W* PlaceOf(Element* elements, W* buffer) {
  if constexpr (std::is_same_v<W, Element>) {
    if (elements != nullptr) return elements;
  }
  return buffer;
}

/// Runs on elements of type T; `store` makes elements of `out`, of type Out, of normalized ones.
template <typename T, typename Out, typename Store>
void RunRows(const LayerNormArguments& of, const LayerNormSize& size, const Store& store,
             const Context& context) {
  using W = WorkType<T>;
  const OptionalInput<T> bias(of.bias, context), residual(of.residual, context);
  const OptionalInput<W> weight(of.norm_weight, context), shift(of.norm_bias, context);
  const ContiguousInput x(of.x, context);
  const ContiguousOutput out(of.out);
  const OptionalOutput<T> sums(of.residual_out);
  const OptionalOutput<W> means(of.mean), inverses(of.inverse_deviation);
  const RowTerms<T> terms{static_cast<const T*>(x.data()), bias.data(), residual.data(),
                          static_cast<W>(of.residual_alpha)};
  const bool normalizes = of.norm_weight != nullptr || of.norm_bias != nullptr;
  const LayerNormRows<T> rows(terms, weight.data(), shift.data(), size.columns, of.epsilon);
  constexpr int64_t kGrain = 1 << 14;  // elements
  const int64_t grain = std::max<int64_t>(kGrain / size.columns, 1);
  ParallelFor(context, size.rows, grain, [&](int64_t begin, int64_t end) {
    std::vector<W> buffer(size.columns);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t offset = row * size.columns;
      T* const sums_row = sums.data() == nullptr ? nullptr : sums.data() + offset;
      Out* const out_row = static_cast<Out*>(out.data()) + offset;
      const W* values = rows.Sum(offset, PlaceOf(sums_row, buffer.data()));
      if (sums_row != nullptr) StoreAll(values, size.columns, sums_row);
      RowMoments<W> moments{};
      if (normalizes) {
        moments = rows.Measure(values);
        W* const normalized = PlaceOf(out_row, buffer.data());
        rows.Normalize(values, moments, normalized);
        values = normalized;
      }
      store(values, size.columns, out_row);
      if (means.data() != nullptr) means.data()[row] = moments.mean;
      if (inverses.data() != nullptr) inverses.data()[row] = moments.inverse;
    }
  });
  out.Finish(context);
  sums.Finish(context);
  means.Finish(context);
  inverses.Finish(context);
}

}  // namespace

void RunLayerNorm(const LayerNormArguments& of, const LayerNormSize& size,
                  const LayerNormQuantization* quantization, const Context& context) {
  DispatchFloating(of.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = WorkType<T>;
    if (quantization == nullptr) {
      const auto store = [](const W* from, int64_t n, T* to) { StoreAll(from, n, to); };
      return RunRows<T, T>(of, size, store, context);
    }
    const Quantization<W> rounded{static_cast<W>(quantization->factor),
                                  static_cast<W>(quantization->low),
                                  static_cast<W>(quantization->high)};
    const auto store = [&](const W* from, int64_t n, int8_t* to) {
      Quantize(rounded, quantization->to_even, from, n, to);
    };
    RunRows<T, int8_t>(of, size, store, context);
  });
}

}  // namespace paddlemend
