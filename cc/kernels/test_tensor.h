// Tensors for tests: memory of their own, any strides, elements read and written as numbers.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "cc/kernels/tensor_view.h"

namespace paddlemend {

constexpr DType kAllDTypes[] = {DType::kBool,    DType::kUInt8,     DType::kInt8,
                                DType::kInt16,   DType::kInt32,     DType::kInt64,
                                DType::kFloat16, DType::kBFloat16,  DType::kFloat32,
                                DType::kFloat64, DType::kComplex64, DType::kComplex128};

constexpr DType kRealDTypes[] = {DType::kBool,    DType::kUInt8,  DType::kInt8,    DType::kInt16,
                                 DType::kInt32,   DType::kInt64,  DType::kFloat16, DType::kBFloat16,
                                 DType::kFloat32, DType::kFloat64};

constexpr DType kFloatingDTypes[] = {DType::kFloat16, DType::kBFloat16, DType::kFloat32,
                                     DType::kFloat64};

/// How the elements of a TestTensor lie in memory; kGaps leaves two elements between neighbours.
enum class Strides { kRowMajor, kColumnMajor, kGaps, kBackwards };

constexpr Strides kAllStrides[] = {Strides::kRowMajor, Strides::kColumnMajor, Strides::kGaps,
                                   Strides::kBackwards};

/// Elements are numbered in row-major order of their indices, whatever the strides.
class TestTensor {
 public:
  using Value = std::complex<double>;
  using Sizes = std::vector<int64_t>;

  /// Every byte of the memory is poison.
  TestTensor(DType dtype, const Sizes& shape, Strides strides = Strides::kRowMajor) {
    layout_.dtype = dtype;
    layout_.ndim = static_cast<int>(shape.size());
    std::copy(shape.begin(), shape.end(), layout_.shape.begin());
    SetStrides(strides);
    int64_t above = 0;  // elements of memory on either side of element 0
    for (int d = 0; d < layout_.ndim; ++d) {
      const int64_t reach = (layout_.shape[d] - 1) * layout_.strides[d];
      (reach < 0 ? first_ : above) += std::abs(reach);
    }
    const int64_t size = Numel(layout_) == 0 ? 0 : first_ + above + 1;
    memory_.assign(size * ElementSize(dtype), kPoison);
  }

  static TestTensor Of(DType dtype, const Sizes& shape, const std::vector<double>& values) {
    TestTensor tensor(dtype, shape);
    for (size_t i = 0; i < values.size(); ++i) tensor.Set(i, values[i]);
    return tensor;
  }

  /// Real parts are multiples of 1/8 up to 8 (integers in integer dtypes), so that every dtype
  /// holds them exactly and sums of them are exact in float32 in any order.
  static TestTensor Random(DType dtype, const Sizes& shape, std::mt19937* random,
                           Strides strides = Strides::kRowMajor) {
    TestTensor tensor(dtype, shape, strides);
    const bool is_integer = dtype < DType::kFloat16;
    std::uniform_int_distribution<int> eighths(-64, 64);
    std::uniform_int_distribution<int> integers(dtype < DType::kInt8 ? 0 : -100, 100);
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      if (dtype == DType::kBool) {
        tensor.Set(i, eighths(*random) > 32 ? 1.0 : 0.0);
      } else if (is_integer) {
        tensor.Set(i, integers(*random));
      } else {
        const double real = eighths(*random) / 8.0;
        tensor.Set(i, Value(real, eighths(*random) / 8.0));
      }
    }
    return tensor;
  }

  DType dtype() const { return layout_.dtype; }
  int64_t numel() const { return Numel(layout_); }
  Sizes shape() const { return Sizes(layout_.shape.begin(), layout_.shape.begin() + layout_.ndim); }
  TensorView view() const { return TensorView{layout_, Data()}; }
  MutableTensorView mutable_view() { return {layout_, const_cast<void*>(Data())}; }

  /// The same elements with other strides.
  TestTensor With(Strides strides) const {
    TestTensor tensor(dtype(), shape(), strides);
    for (int64_t i = 0; i < numel(); ++i) {
      std::memcpy(&tensor.memory_[tensor.Offset(i)], &memory_[Offset(i)], ElementSize(dtype()));
    }
    return tensor;
  }

  Value Get(int64_t number) const {
    return DispatchDType(dtype(), [&](auto tag) {
      typename decltype(tag)::type element;
      std::memcpy(&element, &memory_[Offset(number)], sizeof(element));
      return ToValue(element);
    });
  }

  /// Rounds to nearest; integers wrap around; the imaginary part of a real dtype is dropped.
  void Set(int64_t number, Value value) {
    DispatchDType(dtype(), [&](auto tag) {
      typename decltype(tag)::type element;
      FromValue(value, &element);
      std::memcpy(&memory_[Offset(number)], &element, sizeof(element));
    });
  }

  /// The bytes of the elements in their order.
  std::string Bits() const {
    std::string bits;
    for (int64_t i = 0; i < numel(); ++i) bits.append(&memory_[Offset(i)], ElementSize(dtype()));
    return bits;
  }

  /// Whether the memory between the elements is still poison.
  bool GapsArePoison() const {
    TestTensor copy = *this;
    for (int64_t i = 0; i < numel(); ++i) {
      std::memset(&copy.memory_[Offset(i)], kPoison, ElementSize(dtype()));
    }
    return std::count(copy.memory_.begin(), copy.memory_.end(), kPoison) ==
           static_cast<int64_t>(copy.memory_.size());
  }

 private:
  static constexpr char kPoison = 0x5a;

  void SetStrides(Strides strides) {
    SetContiguousStrides(&layout_);
    for (int d = 0; d < layout_.ndim; ++d) {
      if (strides == Strides::kGaps) layout_.strides[d] *= 3;
      if (strides == Strides::kBackwards) layout_.strides[d] *= -1;
      if (strides == Strides::kColumnMajor) {
        layout_.strides[d] = std::accumulate(layout_.shape.begin(), layout_.shape.begin() + d,
                                             int64_t{1}, std::multiplies<int64_t>());
      }
    }
  }

  const void* Data() const {
    return memory_.empty() ? nullptr : memory_.data() + first_ * ElementSize(dtype());
  }

  /// Bytes from the start of the memory.
  int64_t Offset(int64_t number) const {
    int64_t offset = first_;
    for (int d = layout_.ndim - 1; d >= 0; --d) {
      offset += number % layout_.shape[d] * layout_.strides[d];
      number /= layout_.shape[d];
    }
    return offset * ElementSize(dtype());
  }

  template <typename T>
  static Value ToValue(T element) {
    return Value(element);
  }
  static Value ToValue(Bool8 element) { return Value(element.byte); }
  static Value ToValue(Float16 element) { return Value(ToFloat(element)); }
  static Value ToValue(BFloat16 element) { return Value(ToFloat(element)); }

  template <typename T>
  static void FromValue(Value value, T* element) {
    *element = static_cast<T>(static_cast<int64_t>(value.real()));
  }
  template <typename T>
  static void FromValue(Value value, std::complex<T>* element) {
    *element = std::complex<T>(value);
  }
  static void FromValue(Value value, float* element) { *element = value.real(); }
  static void FromValue(Value value, double* element) { *element = value.real(); }
  static void FromValue(Value value, Bool8* element) { element->byte = value.real() != 0; }
  static void FromValue(Value value, Float16* element) { *element = ToFloat16(value.real()); }
  static void FromValue(Value value, BFloat16* element) { *element = ToBFloat16(value.real()); }

  TensorLayout layout_;
  int64_t first_ = 0;  // elements of memory before element 0
  std::vector<char> memory_;
};

/// The number of the element of a tensor of shape `from` that broadcasting puts at element `number`
/// of a tensor of shape `to`.
inline int64_t BroadcastSource(int64_t number, const TestTensor::Sizes& from,
                               const TestTensor::Sizes& to) {
  int64_t source = 0;
  int64_t stride = 1;
  for (size_t d = 1; d <= from.size(); ++d) {
    const int64_t size = from[from.size() - d];
    source += number % to[to.size() - d] % size * stride;
    stride *= size;
    number /= to[to.size() - d];
  }
  return source;
}

/// A 1-D index.
inline TestTensor Index(const std::vector<double>& values) {
  return TestTensor::Of(DType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

/// Indices in [-size, size).
inline TestTensor RandomIndex(const TestTensor::Sizes& shape, int64_t size, std::mt19937* random,
                              DType dtype = DType::kInt64) {
  TestTensor index(dtype, shape);
  std::uniform_int_distribution<int64_t> entries(-size, size - 1);
  for (int64_t i = 0; i < index.numel(); ++i) index.Set(i, static_cast<double>(entries(*random)));
  return index;
}

}  // namespace paddlemend
