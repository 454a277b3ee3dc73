#include "cc/kernels/strided_adjoint.h"

#include <algorithm>
#include <complex>
#include <memory>
#include <vector>

#include "cc/kernels/address_table.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/for_each_address.h"
#include "cc/kernels/row_add.h"
#include "cc/kernels/slice_gather.h"
#include "cc/kernels/strided_add.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

/// Values with the addresses to add them to.
struct AddressedValues {
  TensorView view;
  Dims strides;  // of the addresses; positive where the size is above 1
  int64_t start;
};

/// out_grad summed over the dimensions that do not change the address, in float64. Half precision
/// is not rounded yet.
class ValuesWithoutZeroStrides {
 public:
  ValuesWithoutZeroStrides(const TensorView& out_grad, const Dims& strides, int64_t start,
                           const Context& context)
      : values_{out_grad, strides, start} {
    MutableTensorView sums{out_grad, nullptr};
    for (int d = 0; d < sums.ndim; ++d) {
      if (strides[d] == 0) sums.shape[d] = 1;
    }
    if (Numel(sums) == Numel(out_grad)) return;
    const bool is_half = sums.dtype == DType::kFloat16 || sums.dtype == DType::kBFloat16;
    if (is_half) sums.dtype = DType::kFloat32;
    buffer_ = std::make_unique<Buffer>(ByteSize(sums));
    sums = ContiguousView(sums, buffer_->data());
    SumToShape(out_grad, sums, context);
    values_.view = sums.AsConst();
  }

  const AddressedValues& get() const { return values_; }

 private:
  AddressedValues values_;
  std::unique_ptr<Buffer> buffer_;
};

template <typename T>
T Quotient(T sum, int64_t count) {
  return static_cast<T>(sum / static_cast<T>(count));
}
// Small integer types do not hold every count.
int8_t Quotient(int8_t sum, int64_t count) { return static_cast<int8_t>(sum / count); }
uint8_t Quotient(uint8_t sum, int64_t count) { return static_cast<uint8_t>(sum / count); }
int16_t Quotient(int16_t sum, int64_t count) { return static_cast<int16_t>(sum / count); }
int32_t Quotient(int32_t sum, int64_t count) { return static_cast<int32_t>(sum / count); }
Bool8 Quotient(Bool8 sum, int64_t) { return sum; }
Float16 Quotient(Float16 sum, int64_t count) {
  return ToFloat16(ToFloat(sum) / static_cast<float>(count));
}
BFloat16 Quotient(BFloat16 sum, int64_t count) {
  return ToBFloat16(ToFloat(sum) / static_cast<float>(count));
}
std::complex<float> Quotient(std::complex<float> sum, int64_t count) {
  return sum / static_cast<float>(count);
}
std::complex<double> Quotient(std::complex<double> sum, int64_t count) {
  return sum / static_cast<double>(count);
}

/// Divides each sum by its count.
void DivideByCounts(DType dtype, const std::vector<int64_t>& counts, void* sums) {
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const elements = static_cast<T*>(sums);
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 1) elements[i] = Quotient(elements[i], counts[i]);
    }
  });
}

/// For an x that leaves few gaps: sums for all addresses, then those of x.
void AddToSpan(const AddressedValues& values, const AddressedLayout& x,
               const MutableTensorView& x_grad, const Context& context) {
  const Buffer sums(x.span * ElementSize(x_grad.dtype));
  AddStrided(values.view, values.strides, values.start, x_grad.dtype, sums.data(), x.span, context);
  if (MayRepeatElements(x.layout)) {
    std::vector<int64_t> counts(x.span);
    ForEachAddress(x.layout, x.start, [&](int64_t address) { ++counts[address]; });
    DivideByCounts(x_grad.dtype, counts, sums.data());
  }
  const char* const first =
      static_cast<const char*>(sums.data()) + x.start * ElementSize(x_grad.dtype);
  StridedCopy(TensorView{x.layout, first}, x_grad, context);
}

/// One sum for each address that `table` numbers, rounded to `dtype`.
std::unique_ptr<Buffer> AddToTable(const AddressedValues& values, const AddressTable& table,
                                   DType dtype, const Context& context) {
  const int64_t reals = RealsPerElement(dtype);
  auto result = std::make_unique<Buffer>(table.size() * ElementSize(dtype));
  const ContiguousInput input(values.view, context);
  TensorLayout places = values.view;
  places.strides = values.strides;
  DispatchSum(dtype, values.view.dtype, [&](auto element, auto value) {
    using T = typename decltype(element)::type;
    using Value = typename decltype(value)::type;
    std::vector<RowSum<T>> sums(table.size() * reals);
    const Value* from = static_cast<const Value*>(input.data());
    ForEachAddress(places, values.start, [&](int64_t address) {
      const int64_t number = table.Find(address);
      for (int64_t j = 0; number >= 0 && j < reals; ++j) AddTo(&sums[number * reals + j], from[j]);
      from += reals;
    });
    T* const out = static_cast<T*>(result->data());
    if constexpr (kRounds<T>) {
      StoreSums(sums.data(), static_cast<int64_t>(sums.size()), out);
    } else {
      std::copy(sums.begin(), sums.end(), out);
    }
  });
  return result;
}

/// For an x whose elements are few and far between.
void AddToElements(const AddressedValues& values, const AddressedLayout& x,
                   const MutableTensorView& x_grad, const Context& context) {
  AddressTable table(Numel(x_grad));
  std::vector<int64_t> numbers;
  numbers.reserve(Numel(x_grad));
  ForEachAddress(x.layout, x.start,
                 [&](int64_t address) { numbers.push_back(table.Insert(address)); });
  const std::unique_ptr<Buffer> sums = AddToTable(values, table, x_grad.dtype, context);
  if (table.size() < Numel(x_grad)) {
    std::vector<int64_t> counts(table.size());
    for (const int64_t number : numbers) ++counts[number];
    DivideByCounts(x_grad.dtype, counts, sums->data());
  }
  const ContiguousOutput target(x_grad);
  GatherSlices(sums->data(), 1, table.size(), ElementSize(x_grad.dtype), numbers.data(),
               Numel(x_grad), target.data(), context);
  target.Finish(context);
}

}  // namespace

void StridedAdjoint(const TensorView& out_grad, const Dims& out_strides, int64_t out_start,
                    const AddressedLayout& x, const MutableTensorView& x_grad,
                    const Context& context) {
  constexpr int64_t kSmallSpan = 4096;
  constexpr int64_t kSpanPerElement = 4;
  const ValuesWithoutZeroStrides values(out_grad, out_strides, out_start, context);
  if (IsContiguous(x.layout)) {
    const ContiguousOutput target(x_grad);
    AddStrided(values.get().view, values.get().strides, out_start, x_grad.dtype, target.data(),
               x.span, context);
    target.Finish(context);
  } else if (x.span / kSpanPerElement <= Numel(out_grad) + Numel(x_grad) + kSmallSpan) {
    AddToSpan(values.get(), x, x_grad, context);
  } else {
    AddToElements(values.get(), x, x_grad, context);
  }
}

}  // namespace paddlemend
