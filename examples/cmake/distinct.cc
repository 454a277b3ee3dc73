// The distinct values of a tensor. How many there are depends on the values: the caller gives room
// for all, and the call says how many it wrote.
#include <paddlemend.h>

#include <cstdint>
#include <iostream>
#include <vector>

namespace {

template <typename T>
DLTensor Vector(std::vector<T>* values, int64_t* size, DLDataTypeCode code) {
  *size = static_cast<int64_t>(values->size());
  const DLDataType dtype = {static_cast<uint8_t>(code), 8 * sizeof(T), 1};
  return DLTensor{values->data(), {kDLCPU, 0}, 1, dtype, size, nullptr, 0};
}

}  // namespace

int main() {
  std::vector<float> x = {3, 1, 3, 2, 1, 3}, values(x.size());
  std::vector<int64_t> times(x.size());
  int64_t sizes[3], count = 0;
  const DLTensor input = Vector(&x, &sizes[0], kDLFloat);
  DLTensor out = Vector(&values, &sizes[1], kDLFloat);
  DLTensor counts = Vector(&times, &sizes[2], kDLInt);

  if (pm_unique(&input, nullptr, 0, &out, nullptr, nullptr, &counts, &count, nullptr) != PM_OK) {
    std::cerr << "pm_unique: " << pm_last_error() << '\n';
    return 1;
  }
  for (int64_t i = 0; i < count; ++i) std::cout << values[i] << " x " << times[i] << '\n';
  return 0;
}
