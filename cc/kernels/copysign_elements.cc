#include "cc/kernels/copysign_elements.h"

#include <type_traits>

#include "cc/kernels/binary_rows.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/cpu_features.h"

namespace paddlemend {
namespace {

/// Calls `function(TypeTag<T>())` with the unsigned integer of the size of a floating point dtype.
template <typename Function>
decltype(auto) DispatchBits(DType dtype, Function&& function) {
  switch (ElementSize(dtype)) {
    case 2:
      return function(TypeTag<uint16_t>());
    case 4:
      return function(TypeTag<uint32_t>());
    default:
      return function(TypeTag<uint64_t>());
  }
}

template <typename Bits>
constexpr Bits kSignBit = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));

/// The sign of a floating point number, given as its bits.
template <typename Bits>
struct CopySignBit {
  Bits operator()(Bits x, Bits y) const {
    return static_cast<Bits>((x & ~kSignBit<Bits>) | (y & kSignBit<Bits>));
  }
};

/// The sign of a signed integer. -|x| never overflows, so that is what |x| is made of.
template <typename T>
struct CopyIntegerSign {
  T operator()(T x, T y) const {
    using Bits = std::make_unsigned_t<T>;
    constexpr int kShift = 8 * sizeof(T) - 1;
    // All ones for a number that is not negative: x ^ m - m is -x then, else x.
    const Bits m = static_cast<Bits>(~(x >> kShift));
    const Bits negative = static_cast<Bits>((static_cast<Bits>(x) ^ m) - m);
    const Bits is_least = negative == kSignBit<Bits> ? 1 : 0;
    const Bits positive = static_cast<Bits>(Bits{0} - negative - is_least);
    return static_cast<T>(y < 0 ? negative : positive);
  }
};

template <typename T, typename XStep, typename YStep, typename Sign>
[[gnu::always_inline]] inline void SignLoop(const T* x, XStep x_step, const T* y, YStep y_step,
                                            T* out, int64_t n, const Sign& sign) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = sign(x[i * x_step], y[i * y_step]);
}

template <typename T, typename XStep, typename YStep, typename Sign>
PM_TARGET_AVX2 void SignLoopAvx2(const T* x, XStep x_step, const T* y, YStep y_step, T* out,
                                 int64_t n, const Sign& sign) {
  SignLoop(x, x_step, y, y_step, out, n, sign);
}

template <typename T, typename Sign>
void SignRows(const BinaryPlan& plan, const TensorView& x, const TensorView& y, void* out,
              const Context& context, const Sign& sign) {
  ForEachRow(plan, static_cast<const T*>(x.data), static_cast<const T*>(y.data),
             static_cast<T*>(out), context,
             [&](const T* a, auto a_step, const T* b, auto b_step, T* to, int64_t n) {
               if (HasAvx2()) return SignLoopAvx2(a, a_step, b, b_step, to, n, sign);
               SignLoop(a, a_step, b, b_step, to, n, sign);
             });
}

/// out_grad times the derivative of the magnitude of x with the sign of y, all given as bits.
template <typename Bits, int kFractionBits>
struct SignGrad {
  Bits operator()(Bits x, Bits y, Bits out_grad) const {
    constexpr Bits kInfinity =
        static_cast<Bits>((kSignBit<Bits> - 1) >> kFractionBits << kFractionBits);
    constexpr Bits kQuiet = static_cast<Bits>(Bits{1} << (kFractionBits - 1));
    const Bits magnitude = static_cast<Bits>(x & ~kSignBit<Bits>);
    Bits grad = static_cast<Bits>(out_grad ^ ((x ^ y) & kSignBit<Bits>));
    // 0 · out_grad: NaN for an infinite or NaN out_grad.
    const bool is_finite = static_cast<Bits>(out_grad & ~kSignBit<Bits>) < kInfinity;
    if (magnitude == 0 && is_finite) grad = 0;
    const bool is_nan = magnitude >= kInfinity || (magnitude == 0 && !is_finite);
    return is_nan ? static_cast<Bits>(kInfinity | kQuiet) : grad;
  }
};

template <typename Bits, typename XStep, typename YStep, typename Sign>
[[gnu::always_inline]] inline void SignGradLoop(const Bits* x, XStep x_step, const Bits* y,
                                                YStep y_step, const Bits* out_grad, Bits* grad,
                                                int64_t n, const Sign& sign_grad) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    grad[i] = sign_grad(x[i * x_step], y[i * y_step], out_grad[i]);
  }
}

template <typename Bits, typename XStep, typename YStep, typename Sign>
PM_TARGET_AVX2 void SignGradLoopAvx2(const Bits* x, XStep x_step, const Bits* y, YStep y_step,
                                     const Bits* out_grad, Bits* grad, int64_t n,
                                     const Sign& sign_grad) {
  SignGradLoop(x, x_step, y, y_step, out_grad, grad, n, sign_grad);
}

template <typename Function>
void DispatchSignGrad(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::kFloat16:
      return function(SignGrad<uint16_t, 10>(), uint16_t{});
    case DType::kBFloat16:
      return function(SignGrad<uint16_t, 7>(), uint16_t{});
    case DType::kFloat32:
      return function(SignGrad<uint32_t, 23>(), uint32_t{});
    default:
      return function(SignGrad<uint64_t, 52>(), uint64_t{});
  }
}

}  // namespace

void CopySigns(const TensorView& x, const TensorView& y, const TensorLayout& shape, void* out,
               const Context& context) {
  const BinaryInput a(x, shape, context);
  const BinaryInput b(y, shape, context);
  const BinaryPlan plan = PlanBinary(a.view(), b.view());
  if (IsFloating(x.dtype)) {
    return DispatchBits(x.dtype, [&](auto tag) {
      using Bits = typename decltype(tag)::type;
      SignRows<Bits>(plan, a.view(), b.view(), out, context, CopySignBit<Bits>());
    });
  }
  DispatchDType(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      SignRows<T>(plan, a.view(), b.view(), out, context, CopyIntegerSign<T>());
    }
  });
}

void SignGradients(const TensorView& x, const TensorView& y, const TensorView& out_grad, void* grad,
                   const Context& context) {
  const BinaryInput a(x, out_grad, context);
  const BinaryInput b(y, out_grad, context);
  const ContiguousInput seed(out_grad, context);
  DispatchSignGrad(x.dtype, [&](auto sign_grad, auto zero) {
    using Bits = decltype(zero);
    Bits* const base = static_cast<Bits*>(grad);
    const Bits* const seeds = static_cast<const Bits*>(seed.data());
    ForEachRow(
        PlanBinary(a.view(), b.view()), static_cast<const Bits*>(a.view().data),
        static_cast<const Bits*>(b.view().data), base, context,
        [&](const Bits* from_x, auto x_step, const Bits* from_y, auto y_step, Bits* to, int64_t n) {
          const Bits* const from_seed = seeds + (to - base);
          if (HasAvx2()) {
            return SignGradLoopAvx2(from_x, x_step, from_y, y_step, from_seed, to, n, sign_grad);
          }
          SignGradLoop(from_x, x_step, from_y, y_step, from_seed, to, n, sign_grad);
        });
  });
}

}  // namespace paddlemend
