#include "cc/kernels/strided_add.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/row_add.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend {
namespace {

constexpr int64_t kGrain = 1 << 14;  // real numbers

/// `size` steps of that many real numbers in the memory and in the values.
struct AddLoop {
  int64_t size;
  int64_t stride;  // > 0
  int64_t step;
};

/// Nested loops, outermost first.
using AddLoops = std::vector<AddLoop>;

/// Joins an outer loop with the next inner one where the outer continues it on both sides.
void MergeLoops(AddLoops* loops) {
  AddLoops merged;
  for (const AddLoop& loop : *loops) {
    AddLoop* const outer = merged.empty() ? nullptr : &merged.back();
    if (outer != nullptr && outer->stride == loop.stride * loop.size &&
        outer->step == loop.step * loop.size) {
      *outer = {outer->size * loop.size, loop.stride, loop.step};
    } else {
      merged.push_back(loop);
    }
  }
  loops->swap(merged);
}

/// Loops over row-major values. The steps in memory do not grow inwards, so that a block of memory
/// is met by few iterations of the outer loops, except that the innermost loop runs along the
/// values, where it is long enough to make up for that.
AddLoops MakeLoops(const TensorLayout& values, const Dims& strides) {
  constexpr int64_t kLongRun = 64;
  const int64_t reals = RealsPerElement(values.dtype);
  AddLoops loops;
  int64_t step = reals;
  for (int d = values.ndim - 1; d >= 0; --d) {
    if (values.shape[d] > 1) loops.push_back({values.shape[d], strides[d] * reals, step});
    step *= values.shape[d];
  }
  std::reverse(loops.begin(), loops.end());
  if (reals > 1) loops.push_back({reals, 1, 1});
  MergeLoops(&loops);
  std::stable_sort(loops.begin(), loops.end(),
                   [](const AddLoop& a, const AddLoop& b) { return a.stride > b.stride; });
  const auto run =
      std::find_if(loops.begin(), loops.end(), [](const AddLoop& loop) { return loop.step == 1; });
  if (run != loops.end() && run->size >= kLongRun) std::rotate(run, run + 1, loops.end());
  MergeLoops(&loops);
  if (loops.empty()) loops.push_back({1, 1, 1});
  return loops;
}

/// How many i >= 0 have i * stride < distance, for a distance > 0 that may be above 2^63 - 1.
int64_t StepsBelow(uint64_t distance, int64_t stride) {
  return static_cast<int64_t>((distance - 1) / static_cast<uint64_t>(stride)) + 1;
}

template <typename T, typename Value>
class StridedAdder {
 public:
  using Sum = RowSum<T>;

  StridedAdder(AddLoops loops, int64_t start, const Value* values)
      : loops_(std::move(loops)), reaches_(loops_.size() + 1), start_(start), values_(values) {
    for (size_t d = loops_.size(); d-- > 0;) {
      reaches_[d] = reaches_[d + 1] + (loops_[d].size - 1) * loops_[d].stride;
    }
  }

  /// Sets out[0, span), by blocks that one thread each sums up.
  void Run(int64_t values, T* out, int64_t span, const Context& context) const {
    const int64_t size = BlockSize(span);
    const int64_t blocks = (span + size - 1) / size;
    const int64_t grain = kGrain / (size + values / blocks) + 1;
    ParallelFor(context, blocks, grain, [&](int64_t begin, int64_t end) {
      std::vector<Sum> sums(kRounds<T> ? size : 0);
      for (int64_t block = begin; block < end; ++block) {
        const int64_t first = block * size;
        SetBlock(first, std::min(size, span - first), sums.data(), out + first);
      }
    });
  }

 private:
  /// Blocks fit the cache, but there are no more of them than the innermost loop has steps, or
  /// some: every block may meet every iteration of the outer loops, and the work must not grow by
  /// that.
  int64_t BlockSize(int64_t span) const {
    constexpr int64_t kCached = 1 << 16;
    constexpr int64_t kSomeBlocks = 8;
    constexpr int64_t kLines = 256;
    const int64_t most = std::max(kSomeBlocks, loops_.back().size);
    const int64_t blocks = std::min(std::max(span / kCached, kSomeBlocks), most);
    return (span / blocks / kLines + 1) * kLines;
  }

  void SetBlock(int64_t first, int64_t size, Sum* sums, T* out) const {
    if constexpr (kRounds<T>) {
      std::fill_n(sums, size, 0.0f);
      AddBlock(0, start_ - first, values_, size, sums);
      StoreSums(sums, size, out);
    } else {
      std::memset(static_cast<void*>(out), 0, size * sizeof(T));
      AddBlock(0, start_ - first, values_, size, out);
    }
  }

  /// Adds what the loops from d on bring into the block [0, size), the first of it at `address`.
  void AddBlock(size_t d, int64_t address, const Value* values, int64_t size, Sum* sums) const {
    const AddLoop& loop = loops_[d];
    const int64_t inner = reaches_[d + 1];
    int64_t begin = 0;
    int64_t end = loop.size;
    if (address + inner < 0) {
      begin = StepsBelow(-static_cast<uint64_t>(address + inner), loop.stride);
    }
    if (address + reaches_[d] >= size) {
      if (address >= size) return;
      const uint64_t distance = static_cast<uint64_t>(size) - static_cast<uint64_t>(address);
      end = std::min(end, StepsBelow(distance, loop.stride));
    }
    if (begin >= end) return;
    if (d + 1 == loops_.size()) {
      return AddRun(loop, values + begin * loop.step, end - begin,
                    sums + (address + begin * loop.stride));
    }
    for (int64_t i = begin; i < end; ++i) {
      AddBlock(d + 1, address + i * loop.stride, values + i * loop.step, size, sums);
    }
  }

  static void AddRun(const AddLoop& loop, const Value* values, int64_t count, Sum* sums) {
    if (loop.stride == 1 && loop.step == 1) return AddRow(values, count, sums);
    for (int64_t i = 0; i < count; ++i) AddTo(&sums[i * loop.stride], values[i * loop.step]);
  }

  const AddLoops loops_;
  std::vector<int64_t> reaches_;  // entry d: the sum of the ways of the loops from d on
  const int64_t start_;
  const Value* const values_;
};

void FillZero(void* out, int64_t bytes, const Context& context) {
  ParallelFor(context, bytes, 4 * kGrain, [&](int64_t begin, int64_t end) {
    std::memset(static_cast<char*>(out) + begin, 0, end - begin);
  });
}

/// Whether all values lie in [0, span).
bool IsInside(const TensorLayout& values, const Dims& strides, int64_t start, int64_t span) {
  int64_t last = start;
  for (int d = 0; d < values.ndim; ++d) last += (values.shape[d] - 1) * strides[d];
  return start >= 0 && last < span;
}

}  // namespace

void AddStrided(const TensorView& values, const Dims& strides, int64_t start, DType dtype,
                void* out, int64_t span, const Context& context) {
  const int64_t bytes = span * ElementSize(dtype);
  const int64_t count = Numel(values);
  if (count == 0) return FillZero(out, bytes, context);
  TensorLayout places = values;
  places.strides = strides;
  const bool is_copy = values.dtype == dtype && !MayRepeatElements(places);
  if (is_copy && IsInside(values, strides, start, span)) {
    if (count < span) FillZero(out, bytes, context);
    char* const first = static_cast<char*>(out) + start * ElementSize(dtype);
    return StridedCopy(values, MutableTensorView{places, first}, context);
  }
  const ContiguousInput input(values, context);
  const int64_t reals = RealsPerElement(dtype);
  DispatchSum(dtype, values.dtype, [&](auto element, auto value) {
    using T = typename decltype(element)::type;
    using Value = typename decltype(value)::type;
    const StridedAdder<T, Value> adder(MakeLoops(values, strides), start * reals,
                                       static_cast<const Value*>(input.data()));
    adder.Run(count * reals, static_cast<T*>(out), span * reals, context);
  });
}

}  // namespace paddlemend
