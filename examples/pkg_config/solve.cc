// Solves A x = b, given the Cholesky factor of A.
#include <paddlemend.h>

#include <cstdint>
#include <iostream>

int main() {
  double factor[] = {2, 0, 1, 3};  // A = factor * transpose(factor) = [[4, 2], [2, 10]]
  double right[] = {8, 22};
  double solution[2];
  int64_t square[] = {2, 2}, column[] = {2, 1};
  const DLDataType float64 = {kDLFloat, 64, 1};
  const DLDevice cpu = {kDLCPU, 0};
  const DLTensor y = {factor, cpu, 2, float64, square, nullptr, 0};
  const DLTensor x = {right, cpu, 2, float64, column, nullptr, 0};
  DLTensor out = {solution, cpu, 2, float64, column, nullptr, 0};

  if (pm_cholesky_solve(&x, &y, false, &out, nullptr) != PM_OK) {
    std::cerr << "pm_cholesky_solve: " << pm_last_error() << '\n';
    return 1;
  }
  std::cout << solution[0] << ' ' << solution[1] << '\n';
  return 0;
}
