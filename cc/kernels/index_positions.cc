#include "cc/kernels/index_positions.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/mask_positions.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// One tensor of the list: integers for one dimension of x, or the positions of a mask.
struct Index {
  TensorView view;
  int64_t size;  // of the dimensions it indexes
  int64_t step;  // slices from one value to the next
  std::string name;
  std::vector<int64_t> mask_positions;  // what `view` shows of a mask
};

Status CheckMask(const TensorLayout& mask, const std::string& name, const TensorLayout& x,
                 const char* x_name, int first) {
  TensorLayout expected = x;
  expected.ndim = mask.ndim;
  std::copy_n(x.shape.begin() + first, mask.ndim, expected.shape.begin());
  if (SameShape(mask, expected)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(mask), ", expected ",
                         ShapeString(expected), ", dimensions ", first, " to ",
                         first + mask.ndim - 1, " of ", x_name, " ", ShapeString(x),
                         ", because it is a mask");
}

/// Makes the positions of the mask `index->view` its view.
void ReadMask(Index* index, const Context& context) {
  index->mask_positions = MaskPositions(index->view, context);
  TensorView positions;
  positions.dtype = DType::kInt64;
  positions.ndim = 1;
  positions.shape[0] = static_cast<int64_t>(index->mask_positions.size());
  positions.strides[0] = 1;
  positions.data = index->mask_positions.data();
  index->view = positions;
}

/// Makes the list of indices, whose steps are not set yet. *indexed becomes the number of the
/// dimensions of x they index.
Status ReadIndices(TensorList list, const char* name, const TensorLayout& x, const char* x_name,
                   const Context& context, std::vector<Index>* indices, int* indexed) {
  for (int64_t i = 0; i < list.size; ++i) {
    Index index{list[i], 1, 1, name + ("[" + std::to_string(i) + "]"), {}};
    const DType dtype = index.view.dtype;
    if (dtype != DType::kBool && dtype != DType::kInt32 && dtype != DType::kInt64) {
      return UnsupportedDType("the dtype of ", index.name, " is ", DTypeName(dtype),
                              ", expected bool, int32 or int64");
    }
    const int first = *indexed;
    *indexed += dtype == DType::kBool ? index.view.ndim : 1;
    if (*indexed > x.ndim) {
      return InvalidArgument(name, " indexes ", *indexed, " dimensions or more, but ", x_name,
                             " of shape ", ShapeString(x), " has ", x.ndim);
    }
    if (dtype == DType::kBool) {
      PM_RETURN_IF_ERROR(CheckMask(index.view, index.name, x, x_name, first));
      ReadMask(&index, context);
    }
    for (int d = first; d < *indexed; ++d) index.size *= x.shape[d];
    indices->push_back(std::move(index));
  }
  return OkStatus();
}

/// Broadcasts the shape of `index` and *shape, the one of those before it.
Status BroadcastShape(const Index& index, Shape* shape) {
  const int ndim = std::max(shape->ndim, index.view.ndim);
  Dims result;
  for (int d = 1; d <= ndim; ++d) {
    const int64_t a = d > shape->ndim ? 1 : shape->dims[shape->ndim - d];
    const int64_t b = d > index.view.ndim ? 1 : index.view.shape[index.view.ndim - d];
    if (a != b && a != 1 && b != 1) {
      return InvalidArgument(
          "the shape ", ShapeString(index.view), " of ", index.name, " does not broadcast with ",
          ShapeString(shape->dims.data(), shape->ndim), ", that of the indices before it");
    }
    result[ndim - d] = a == 1 ? b : a;
  }
  *shape = {ndim, result};
  return OkStatus();
}

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
bool AddValues(const T* values, int64_t count, const Index& index, bool first, Number* out) {
  if (HasAvx2()) {
    return first ? AddValuesAvx2<true>(values, count, index.size, index.step, out)
                 : AddValuesAvx2<false>(values, count, index.size, index.step, out);
  }
  return first ? AddValuesLoop<true>(values, count, index.size, index.step, out)
               : AddValuesLoop<false>(values, count, index.size, index.step, out);
}

/// An index tensor broadcast to the common shape in row-major order.
struct BroadcastIndex {
  BroadcastIndex(const Index& index, const Shape& shape, const Context& context)
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

  const Index& index;
  const ContiguousInput input;
};

/// The status for the first integer out of range.
Status OutOfRangeStatus(const std::vector<Index>& indices) {
  for (const Index& index : indices) {
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

/// Writes the number of the slice for each of `count` places. Returns false if an integer is out of
/// range.
template <typename Number>
bool ComputePositions(const std::vector<Index>& indices, const Shape& shape, int64_t count,
                      Number* out, const Context& context) {
  constexpr int64_t kBlock = 1 << 11;  // places whose numbers stay in the cache
  std::vector<std::unique_ptr<BroadcastIndex>> broadcast;
  for (const Index& index : indices) {
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
  return all_good;
}

}  // namespace

void IndexPositions::SetShape(const Shape& indices, const TensorLayout& x, int indexed) {
  for (int d = 0; d < x.ndim; ++d) (d < indexed ? size_ : slice_) *= x.shape[d];
  slice_ndim_ = x.ndim - indexed;
  result_shape_.ndim = indices.ndim + slice_ndim_;
  count_ = -1;
  if (result_shape_.ndim > kMaxNdim) return;
  std::copy_n(indices.dims.begin(), indices.ndim, result_shape_.dims.begin());
  std::copy(x.shape.begin() + indexed, x.shape.begin() + x.ndim,
            result_shape_.dims.begin() + indices.ndim);
  int64_t numel;
  if (!CheckedNumel(result_shape_.dims.data(), result_shape_.ndim, ElementSize(x.dtype), &numel) ||
      !CheckedNumel(indices.dims.data(), indices.ndim, sizeof(int64_t), &count_)) {
    count_ = -1;
  }
}

Status IndexPositions::Read(TensorList list, const char* name, const TensorLayout& x,
                            const char* x_name, const Context& context) {
  if (list.size == 0) {
    return InvalidArgument(name, " is empty, expected at least one index tensor");
  }
  std::vector<Index> indices;
  int indexed = 0;
  PM_RETURN_IF_ERROR(ReadIndices(list, name, x, x_name, context, &indices, &indexed));
  Shape shape;
  for (const Index& index : indices) PM_RETURN_IF_ERROR(BroadcastShape(index, &shape));
  SetShape(shape, x, indexed);
  if (count_ < 0) {
    return InvalidArgument(name, " of broadcast shape ", ShapeString(shape.dims.data(), shape.ndim),
                           " selects more from ", x_name, " of shape ", ShapeString(x),
                           " than a tensor can hold");
  }
  if (count_ == 0) return OkStatus();
  int64_t step = 1;
  for (auto index = indices.rbegin(); index != indices.rend(); ++index) {
    index->step = step;
    step *= index->size;
  }
  bool good;
  if (size_ <= std::numeric_limits<int32_t>::max()) {
    narrow_.reset(new int32_t[count_]);
    good = ComputePositions(indices, shape, count_, narrow_.get(), context);
  } else {
    wide_.reset(new int64_t[count_]);
    good = ComputePositions(indices, shape, count_, wide_.get(), context);
  }
  return good ? OkStatus() : OutOfRangeStatus(indices);
}

}  // namespace paddlemend
