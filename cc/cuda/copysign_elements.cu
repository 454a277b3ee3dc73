#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/broadcast.h"
#include "cc/kernels/copysign_elements.h"

namespace paddlemend {
namespace cuda {
namespace {

template <typename Bits>
constexpr Bits kSignBit = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));

/// The sign of a floating point number, given as its bits.
template <typename Bits>
struct CopySignBit {
  __device__ __forceinline__ Bits operator()(Bits x, Bits y) const {
    return static_cast<Bits>((x & ~kSignBit<Bits>) | (y & kSignBit<Bits>));
  }
};

/// The sign of a signed integer; the magnitude of the least one saturates.
template <typename T>
struct CopyIntegerSign {
  __device__ __forceinline__ T operator()(T x, T y) const {
    using Bits = std::make_unsigned_t<T>;
    const Bits negative = static_cast<Bits>(x < 0 ? Bits(x) : Bits(0) - Bits(x));
    const Bits is_least = negative == kSignBit<Bits> ? 1 : 0;
    return static_cast<T>(y < 0 ? negative : static_cast<Bits>(Bits(0) - negative - is_least));
  }
};

/// Inputs that are broadcast to row-major memory: dimensions innermost first.
struct BroadcastMap {
  int ndim = 0;
  int64_t sizes[kMaxNdim];
  Divisor divisors[kMaxNdim];
  int64_t strides[3][kMaxNdim];

  __device__ __forceinline__ void Locate(int64_t number, int64_t* at) const {
    at[0] = at[1] = at[2] = 0;
    for (int i = 0; i < ndim; ++i) {
      const int64_t rest = i + 1 < ndim ? divisors[i].Divide(number) : 0;
      const int64_t step = number - rest * sizes[i];
      at[0] += step * strides[0][i];
      at[1] += step * strides[1][i];
      at[2] += step * strides[2][i];
      number = rest;
    }
  }
};

BroadcastMap MapInputs(const TensorView& a, const TensorView& b, const TensorView& c) {
  BroadcastMap map;
  const TensorView* const views[3] = {&a, &b, &c};
  for (int d = a.ndim - 1; d >= 0; --d) {
    if (a.shape[d] == 1) continue;
    const int last = map.ndim - 1;
    bool merges = map.ndim > 0;
    for (int v = 0; merges && v < 3; ++v) {
      merges = map.strides[v][last] * map.sizes[last] == views[v]->strides[d];
    }
    if (merges) {
      map.sizes[last] *= a.shape[d];
      continue;
    }
    map.sizes[map.ndim] = a.shape[d];
    for (int v = 0; v < 3; ++v) map.strides[v][map.ndim] = views[v]->strides[d];
    ++map.ndim;
  }
  for (int i = 0; i < map.ndim; ++i) map.divisors[i] = Divisor(map.sizes[i], Numel(a));
  return map;
}

template <typename Words>
struct Operands {
  Words x;
  Words y;
};

template <typename T, typename Sign>
void RunBinary(const TensorView& a, const TensorView& b, T* out, const Sign& sign) {
  constexpr int kVector = 16 / sizeof(T);
  using Words = Vector<T, kVector>;
  const int64_t n = Numel(a);
  const auto* const x = static_cast<const T*>(a.data);
  const auto* const y = static_cast<const T*>(b.data);
  if (IsContiguous(a) && IsContiguous(b) && IsAligned(x, 16) && IsAligned(y, 16) &&
      IsAligned(out, 16)) {
    const int64_t vectors = n / kVector;
    const auto load = [=] __device__(int64_t i) {
      return Operands<Words>{reinterpret_cast<const Words*>(x)[i],
                             reinterpret_cast<const Words*>(y)[i]};
    };
    Stream<1>(vectors, load, [=] __device__(int64_t i, const Operands<Words>& from) {
      Words to;
#pragma unroll
      for (int k = 0; k < kVector; ++k) to.values[k] = sign(from.x.values[k], from.y.values[k]);
      reinterpret_cast<Words*>(out)[i] = to;
    });
    const int64_t done = vectors * kVector;
    ForEach(n - done,
            [=] __device__(int64_t i) { out[done + i] = sign(x[done + i], y[done + i]); });
    return;
  }
  const BroadcastMap map = MapInputs(a, b, b);
  ForEach(n, [=] __device__(int64_t i) {
    int64_t at[3];
    map.Locate(i, at);
    out[i] = sign(x[at[0]], y[at[1]]);
  });
}

/// out_grad times the derivative of the magnitude of x with the sign of y, all given as bits.
template <typename Bits, int kFractionBits>
struct SignGrad {
  __device__ __forceinline__ Bits operator()(Bits x, Bits y, Bits out_grad) const {
    constexpr Bits kInfinity =
        static_cast<Bits>((kSignBit<Bits> - 1) >> kFractionBits << kFractionBits);
    constexpr Bits kQuiet = static_cast<Bits>(Bits{1} << (kFractionBits - 1));
    const Bits magnitude = static_cast<Bits>(x & ~kSignBit<Bits>);
    // 0 * out_grad: NaN for an infinite or NaN out_grad.
    const bool is_finite = static_cast<Bits>(out_grad & ~kSignBit<Bits>) < kInfinity;
    if (magnitude >= kInfinity || (magnitude == 0 && !is_finite)) return kInfinity | kQuiet;
    return magnitude == 0 ? Bits{0} : static_cast<Bits>(out_grad ^ ((x ^ y) & kSignBit<Bits>));
  }
};

template <typename Bits, int kFractionBits>
void RunGradient(const TensorView& a, const TensorView& b, const TensorView& seed, void* grad) {
  const BroadcastMap map = MapInputs(a, b, seed);
  const SignGrad<Bits, kFractionBits> sign_grad;
  const auto* const x = static_cast<const Bits*>(a.data);
  const auto* const y = static_cast<const Bits*>(b.data);
  const auto* const g = static_cast<const Bits*>(seed.data);
  auto* const out = static_cast<Bits*>(grad);
  ForEach(Numel(seed), [=] __device__(int64_t i) {
    int64_t at[3];
    map.Locate(i, at);
    out[i] = sign_grad(x[at[0]], y[at[1]], g[at[2]]);
  });
}

}  // namespace
}  // namespace cuda

void CopySigns(const TensorView& x, const TensorView& y, const TensorLayout& shape, void* out,
               const Context&) {
  TensorView a, b;
  BroadcastView(x, shape, &a);
  BroadcastView(y, shape, &b);
  const auto floating = [&](auto bits) {
    using Bits = decltype(bits);
    cuda::RunBinary(a, b, static_cast<Bits*>(out), cuda::CopySignBit<Bits>());
  };
  const auto integral = [&](auto number) {
    using T = decltype(number);
    cuda::RunBinary(a, b, static_cast<T*>(out), cuda::CopyIntegerSign<T>());
  };
  switch (x.dtype) {
    case DType::kInt8:
      return integral(int8_t{});
    case DType::kInt16:
      return integral(int16_t{});
    case DType::kInt32:
      return integral(int32_t{});
    case DType::kInt64:
      return integral(int64_t{});
    case DType::kFloat32:
      return floating(uint32_t{});
    case DType::kFloat64:
      return floating(uint64_t{});
    default:
      return floating(uint16_t{});
  }
}

void SignGradients(const TensorView& x, const TensorView& y, const TensorView& out_grad, void* grad,
                   const Context&) {
  TensorView a, b;
  BroadcastView(x, out_grad, &a);
  BroadcastView(y, out_grad, &b);
  switch (x.dtype) {
    case DType::kFloat16:
      return cuda::RunGradient<uint16_t, 10>(a, b, out_grad, grad);
    case DType::kBFloat16:
      return cuda::RunGradient<uint16_t, 7>(a, b, out_grad, grad);
    case DType::kFloat32:
      return cuda::RunGradient<uint32_t, 23>(a, b, out_grad, grad);
    default:
      return cuda::RunGradient<uint64_t, 52>(a, b, out_grad, grad);
  }
}

}  // namespace paddlemend
