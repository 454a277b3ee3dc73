#include "cc/kernels/matrices.h"

#include <atomic>
#include <cstring>
#include <string>

namespace paddlemend {
namespace {

/// Whether all of `count` reals are finite: an exponent of ones alone says that one is not.
template <typename Bits, Bits kExponent>
bool AllFinite(const void* reals, int64_t count) {
  const char* const bytes = static_cast<const char*>(reals);
  Bits found = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, bytes + i * sizeof(Bits), sizeof(Bits));
    found |= (bits & kExponent) == kExponent ? 1 : 0;
  }
  return found == 0;
}

bool AllFinite(DType dtype, const char* elements, int64_t count) {
  const int64_t reals = count * RealsPerElement(dtype);
  if (ElementSize(dtype) / RealsPerElement(dtype) == 4) {
    return AllFinite<uint32_t, 0x7f800000u>(elements, reals);
  }
  return AllFinite<uint64_t, 0x7ff0000000000000u>(elements, reals);
}

/// The columns of a row that are looked at.
struct Span {
  int64_t begin, end;
};

Span ColumnsOfRow(const lapack::Triangle* triangle, int64_t n, int64_t row) {
  if (triangle == nullptr) return {0, n};
  if (*triangle == lapack::Triangle::kLower) return {0, row + 1};
  return {row, n};
}

/// Where the element lies, for messages: "[1, 0, 2]".
std::string PositionString(const TensorLayout& x, int64_t number) {
  std::array<int64_t, kMaxNdim> position;
  for (int d = x.ndim - 1; d >= 0; --d) {
    position[d] = number % x.shape[d];
    number /= x.shape[d];
  }
  return ShapeString(position.data(), x.ndim);
}

Status NotFinite(const char* name, const TensorLayout& x, const char* elements, int64_t begin) {
  const int64_t size = ElementSize(x.dtype);
  while (AllFinite(x.dtype, elements + begin * size, 1)) ++begin;
  return DispatchLinalgDType(x.dtype, [&](auto tag) {
    typename decltype(tag)::type value;
    std::memcpy(&value, elements + begin * size, sizeof(value));
    return InvalidArgument(name, PositionString(x, begin), " is ", value,
                           ", expected a finite number");
  });
}

}  // namespace

Status CheckFinite(const char* name, const TensorLayout& x, const void* values,
                   const lapack::Triangle* triangle, const Context& context) {
  constexpr int64_t kNone = INT64_MAX;
  constexpr int64_t kGrainElements = 1 << 15;
  const char* const elements = static_cast<const char*>(values);
  const int64_t n = Columns(x);
  std::atomic<int64_t> first{kNone};  // the first row with such a number
  const int64_t grain = kGrainElements / (n + 1) + 1;
  ParallelFor(context, BatchSize(x) * n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const Span columns = ColumnsOfRow(triangle, n, row % n);
      const char* const start = elements + (row * n + columns.begin) * ElementSize(x.dtype);
      if (AllFinite(x.dtype, start, columns.end - columns.begin)) continue;
      int64_t known = first.load();
      while (row < known && !first.compare_exchange_weak(known, row)) {
      }
      return;
    }
  });
  if (first == kNone) return OkStatus();
  const Span columns = ColumnsOfRow(triangle, n, first % n);
  return NotFinite(name, x, elements, first * n + columns.begin);
}

}  // namespace paddlemend
