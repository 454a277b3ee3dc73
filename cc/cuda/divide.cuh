// Division by numbers that are the same for a whole kernel.
#pragma once

#include <cstdint>

namespace paddlemend::cuda {

/// Divides numbers in [0, most] by a positive divisor: by a multiplication where 31 bits are enough
/// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994).
class Divisor {
 public:
  Divisor() = default;
  /// A divisor below 1, of no numbers, counts as 1.
  Divisor(int64_t divisor, int64_t most) : divisor_(divisor < 1 ? 1 : divisor) {
    divisor = divisor_;
    is_narrow_ = most < (int64_t{1} << 31) && divisor < (int64_t{1} << 31);
    if (!is_narrow_) return;
    while ((int64_t{1} << shift_) < divisor) ++shift_;
    const uint64_t one = 1;
    magic_ = static_cast<uint32_t>(((one << 32) * ((one << shift_) - divisor)) / divisor + 1);
  }

  __device__ __forceinline__ int64_t Divide(int64_t number) const {
    if (!is_narrow_) return number / divisor_;
    const auto small = static_cast<uint32_t>(number);
    return (__umulhi(small, magic_) + small) >> shift_;
  }

  /// The quotient; *number becomes the remainder.
  __device__ __forceinline__ int64_t Split(int64_t* number) const {
    const int64_t quotient = Divide(*number);
    *number -= quotient * divisor_;
    return quotient;
  }

 private:
  int64_t divisor_ = 1;
  uint32_t magic_ = 0;
  int shift_ = 0;
  bool is_narrow_ = false;
};

}  // namespace paddlemend::cuda
