#include "cc/kernels/index_numbers.h"

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "cc/kernels/cpu_features.h"
#include "cc/kernels/mask_positions.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// The view repeated to `shape`, which it broadcasts to.
TensorView BroadcastView(const TensorView& view, const Shape& shape) {
  TensorView result = view;
  result.ndim = shape.ndim;
  result.shape = shape.dims;
  const int leading = shape.ndim - view.ndim;
  for (int d = 0; d < shape.ndim; ++d) {
    const bool repeats = d < leading || view.shape[d - leading] == 1;
    result.strides[d] = repeats ? 0 : view.strides[d - leading];
  }
  return result;
}

/// Adds value * step for each of `count` values, counted from the start, to `out`, or with kFirst
/// sets it. Returns whether all are in range.
template <bool kFirst, typename T, typename Number>
[[gnu::always_inline]] inline bool AddValuesLoop(const T* values, int64_t count, int64_t size,
                                                 int64_t step, Number* out) {
  // What is out of range may overflow, and is not used. What is in range fits.
  using Unsigned = std::make_unsigned_t<Number>;
  bool bad = false;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    const int64_t value = values[i];
    const int64_t wrapped = value + (value < 0 ? size : 0);
    bad |= static_cast<uint64_t>(wrapped) >= static_cast<uint64_t>(size);
    const Unsigned added = static_cast<Unsigned>(wrapped) * static_cast<Unsigned>(step);
    out[i] = static_cast<Number>(kFirst ? added : static_cast<Unsigned>(out[i]) + added);
  }
  return !bad;
}

template <bool kFirst, typename T, typename Number>
PM_TARGET_AVX2 bool AddValuesAvx2(const T* values, int64_t count, int64_t size, int64_t step,
                                  Number* out) {
  return AddValuesLoop<kFirst>(values, count, size, step, out);
}

template <typename T, typename Number>
bool AddValues(const T* values, int64_t count, const IndexTensor& index, bool first, Number* out) {
  if (HasAvx2()) {
    return first ? AddValuesAvx2<true>(values, count, index.size, index.step, out)
                 : AddValuesAvx2<false>(values, count, index.size, index.step, out);
  }
  return first ? AddValuesLoop<true>(values, count, index.size, index.step, out)
               : AddValuesLoop<false>(values, count, index.size, index.step, out);
}

/// An index tensor broadcast to the common shape in row-major order.
struct BroadcastIndex {
  BroadcastIndex(const IndexTensor& index, const Shape& shape, const Context& context)
      : index(index), input(BroadcastView(index.view, shape), context) {}

  /// AddValues of the places [begin, end).
  template <typename Number>
  bool Add(int64_t begin, int64_t end, bool first, Number* out) const {
    if (index.view.dtype == DType::kInt32) {
      const auto* const values = static_cast<const int32_t*>(input.data());
      return AddValues(values + begin, end - begin, index, first, out + begin);
    }
    const auto* const values = static_cast<const int64_t*>(input.data());
    return AddValues(values + begin, end - begin, index, first, out + begin);
  }

  const IndexTensor& index;
  const ContiguousInput input;
};

/// The status for the first integer out of range.
Status OutOfRangeStatus(const std::vector<IndexTensor>& indices) {
  for (const IndexTensor& index : indices) {
    for (int64_t i = 0; i < Numel(index.view); ++i) {
      Dims place;
      int64_t offset = 0;
      int64_t rest = i;
      for (int d = index.view.ndim - 1; d >= 0; --d) {
        place[d] = rest % index.view.shape[d];
        rest /= index.view.shape[d];
        offset += place[d] * index.view.strides[d];
      }
      const int64_t value = index.view.dtype == DType::kInt32
                                ? static_cast<const int32_t*>(index.view.data)[offset]
                                : static_cast<const int64_t*>(index.view.data)[offset];
      if (value >= -index.size && value < index.size) continue;
      const std::string at = index.view.ndim == 0 ? "" : ShapeString(place.data(), index.view.ndim);
      return InvalidArgument(index.name, at, " is ", value, ", expected ", -index.size,
                             " <= ", index.name, " < ", index.size);
    }
  }
  return Status{StatusCode::kInternal, "an index was out of range and then was not"};
}

}  // namespace

void ReadMask(IndexTensor* index, const Context& context) {
  int64_t count;
  index->mask_positions = MaskPositions(index->view, &count, context);
  TensorView positions;
  positions.dtype = DType::kInt64;
  positions.ndim = 1;
  positions.shape[0] = count;
  positions.strides[0] = 1;
  positions.data = index->mask_positions->data();
  index->view = positions;
}

template <typename Number>
Status ComputeNumbers(const std::vector<IndexTensor>& indices, const Shape& shape, int64_t count,
                      Number* out, const Context& context) {
  constexpr int64_t kBlock = 1 << 11;  // places whose numbers stay in the cache
  std::vector<std::unique_ptr<BroadcastIndex>> broadcast;
  for (const IndexTensor& index : indices) {
    broadcast.push_back(std::make_unique<BroadcastIndex>(index, shape, context));
  }
  std::atomic<bool> all_good{true};
  ParallelFor(context, count, 8 * kBlock, [&](int64_t begin, int64_t end) {
    bool good = true;
    for (; begin < end; begin += kBlock) {
      const int64_t stop = std::min(begin + kBlock, end);
      for (const auto& index : broadcast) {
        good &= index->Add(begin, stop, index == broadcast.front(), out);
      }
    }
    if (!good) all_good.store(false, std::memory_order_relaxed);
  });
  return all_good ? OkStatus() : OutOfRangeStatus(indices);
}

template Status ComputeNumbers<int32_t>(const std::vector<IndexTensor>&, const Shape&, int64_t,
                                        int32_t*, const Context&);
template Status ComputeNumbers<int64_t>(const std::vector<IndexTensor>&, const Shape&, int64_t,
                                        int64_t*, const Context&);

}  // namespace paddlemend
