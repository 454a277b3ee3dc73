// Tensors for tests: owned memory, fresh random values, any strides, poison.
#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Every memory byte that a kernel leaves alone still has this value.
constexpr char kPoison = 0x5a;

/// Runs `function(index)` for every index of the shape, in row-major order.
template <typename Function>
void ForEachIndex(const std::vector<int64_t>& shape, const Function& function) {
  std::vector<int64_t> index(shape.size(), 0);
  if (std::count(shape.begin(), shape.end(), 0) > 0) return;
  for (;;) {
    function(index);
    int d = static_cast<int>(shape.size()) - 1;
    for (; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
    if (d < 0) return;
  }
}

/// A tensor of element type T whose elements lie `steps[d]` times as far apart along dimension d as
/// they need to; a negative step runs backwards. Memory starts poisoned.
template <typename T>
class TestTensor {
 public:
  TestTensor(DType dtype, std::vector<int64_t> shape, std::vector<int64_t> steps = {})
      : shape_(shape) {
    steps.resize(shape.size(), 1);
    view_.dtype = dtype;
    view_.ndim = static_cast<int>(shape.size());
    int64_t stride = 1;
    int64_t start = 0;
    for (int d = view_.ndim - 1; d >= 0; --d) {
      view_.shape[d] = shape[d];
      view_.strides[d] = stride * steps[d];
      if (steps[d] < 0) start -= view_.strides[d] * (std::max<int64_t>(shape[d], 1) - 1);
      stride *= std::max<int64_t>(shape[d], 1) * std::abs(steps[d]);
    }
    memory_.resize(stride * sizeof(T));
    std::fill(memory_.begin(), memory_.end(), kPoison);
    view_.data = memory_.data() + start * sizeof(T);
  }

  const std::vector<int64_t>& shape() const { return shape_; }
  MutableTensorView mutable_view() const { return view_; }
  TensorView view() const { return view_.AsConst(); }

  int64_t Offset(const std::vector<int64_t>& index) const {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * view_.strides[d];
    return offset;
  }

  T& at(const std::vector<int64_t>& index) const {
    return static_cast<T*>(view_.data)[Offset(index)];
  }

  /// The elements in row-major order.
  std::vector<T> values() const {
    std::vector<T> values;
    ForEachIndex(shape_, [&](const std::vector<int64_t>& index) { values.push_back(at(index)); });
    return values;
  }

  void SetValues(const std::vector<T>& values) {
    size_t next = 0;
    ForEachIndex(shape_, [&](const std::vector<int64_t>& index) { at(index) = values[next++]; });
  }

  template <typename Generator>
  void Generate(const Generator& generator) {
    ForEachIndex(shape_, [&](const std::vector<int64_t>& index) { at(index) = generator(); });
  }

 private:
  std::vector<int64_t> shape_;
  std::vector<char> memory_;
  MutableTensorView view_;
};

/// Fresh on every run; the seed is part of the test's output if it fails (SCOPED_TRACE).
class Random {
 public:
  Random() : seed_(std::random_device()()), engine_(seed_) {}
  uint32_t seed() const { return seed_; }

  int64_t Integer(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  double Normal() { return std::normal_distribution<double>()(engine_); }

 private:
  uint32_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace paddlemend
