#include <thrust/iterator/counting_iterator.h>

#include <cub/device/device_select.cuh>
#include <type_traits>

#include "cc/cuda/divide.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/index_numbers.h"

namespace paddlemend {
namespace cuda {
namespace {

/// An index tensor broadcast to the common shape: strides of its places, innermost first.
struct BroadcastIndex {
  int ndim;
  Divisor sizes[kMaxNdim];
  int64_t lengths[kMaxNdim];
  int64_t strides[kMaxNdim];
  int64_t own[kMaxNdim];  // steps in the row-major numbers of the index tensor itself
};

BroadcastIndex MapIndex(const TensorView& view, const Shape& shape, int64_t count) {
  BroadcastIndex map;
  map.ndim = shape.ndim;
  int64_t own = 1;
  for (int i = 0; i < shape.ndim; ++i) {
    const int d = view.ndim - 1 - i;
    const bool repeats = d < 0 || view.shape[d] == 1;
    map.lengths[i] = shape.dims[shape.ndim - 1 - i];
    map.sizes[i] = Divisor(std::max<int64_t>(map.lengths[i], 1), count);
    map.strides[i] = repeats ? 0 : view.strides[d];
    map.own[i] = repeats ? 0 : own;
    if (d >= 0) own *= view.shape[d];
  }
  return map;
}

template <typename Entry, typename Number>
void AddValues(const IndexTensor& index, const Shape& shape, int64_t count, bool is_first,
               BadEntry* word, Number* out) {
  const BroadcastIndex map = MapIndex(index.view, shape, count);
  const auto* const entries = static_cast<const Entry*>(index.view.data);
  const int64_t size = index.size;
  const int64_t step = index.step;
  ForEach(count, [=] __device__(int64_t i) {
    int64_t at = 0;
    int64_t own = 0;
    int64_t number = i;
    for (int d = 0; d < map.ndim; ++d) {
      const int64_t rest = map.sizes[d].Divide(number);
      const int64_t place = number - rest * map.lengths[d];
      at += place * map.strides[d];
      own += place * map.own[d];
      number = rest;
    }
    const int64_t value = entries[at];
    int64_t wrapped = value < 0 ? value + size : value;
    if (wrapped < 0 || wrapped >= size) {
      atomicMin(word, static_cast<BadEntry>(own));
      wrapped = 0;
    }
    const auto added = static_cast<Number>(wrapped * step);
    out[i] = is_first ? added : static_cast<Number>(out[i] + added);
  });
}

struct IsTrue {
  const uint8_t* mask;
  __device__ bool operator()(int64_t i) const { return mask[i] != 0; }
};

}  // namespace
}  // namespace cuda

void ReadMask(IndexTensor* index, const Context& context) {
  const ContiguousInput mask(index->view, context);
  const int64_t size = Numel(index->view);
  const cuda::Temporary<int64_t> found(1);
  auto all = std::make_unique<Buffer>(size * sizeof(int64_t));
  const thrust::counting_iterator<int64_t> numbers(0);
  const cuda::IsTrue is_true{static_cast<const uint8_t*>(mask.data())};
  auto* const places = static_cast<int64_t*>(all->data());
  const cudaStream_t stream = cuda::Call::Current().stream();
  cuda::WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceSelect::If(scratch, bytes, numbers, places, found.data(), size, is_true,
                                 stream);
  });
  int64_t count = 0;
  cuda::CopyToHost(&count, found.data(), sizeof(count), "the number of true places of a mask");
  index->mask_positions = std::move(all);
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
                      Number* out, const Context&) {
  for (const IndexTensor& index : indices) {
    cuda::BadEntry* const word =
        cuda::Call::Current().CheckIndex({index.name, index.view, -index.size, index.size});
    const bool is_first = &index == &indices.front();
    if (index.view.dtype == DType::kInt32) {
      cuda::AddValues<int32_t>(index, shape, count, is_first, word, out);
    } else {
      cuda::AddValues<int64_t>(index, shape, count, is_first, word, out);
    }
  }
  return OkStatus();
}

template Status ComputeNumbers<int32_t>(const std::vector<IndexTensor>&, const Shape&, int64_t,
                                        int32_t*, const Context&);
template Status ComputeNumbers<int64_t>(const std::vector<IndexTensor>&, const Shape&, int64_t,
                                        int64_t*, const Context&);

}  // namespace paddlemend
