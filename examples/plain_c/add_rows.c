/* Adds rows to a matrix at places that an index names, and shows what an error looks like. */
#include <paddlemend.h>
#include <stdio.h>

int main(void) {
  float x[] = {0, 0, 0, 0, 0, 0}, rows[] = {1, 2, 10, 20}, sums[6];
  int64_t places[] = {2, 2};
  int64_t x_shape[] = {3, 2}, rows_shape[] = {2, 2}, places_shape[] = {2};
  const DLDevice cpu = {kDLCPU, 0};
  const DLDataType float32 = {kDLFloat, 32, 1}, int64 = {kDLInt, 64, 1};
  const DLTensor input = {x, cpu, 2, float32, x_shape, NULL, 0};
  const DLTensor index = {places, cpu, 1, int64, places_shape, NULL, 0};
  const DLTensor value = {rows, cpu, 2, float32, rows_shape, NULL, 0};
  DLTensor out = {sums, cpu, 2, float32, x_shape, NULL, 0};

  if (pm_index_add(&input, &index, 0, &value, &out, NULL) != PM_OK) {
    fprintf(stderr, "pm_index_add: %s\n", pm_last_error());
    return 1;
  }
  for (int i = 0; i < 6; ++i) printf("%g ", sums[i]);
  printf("\n");

  places[1] = 3; /* beyond the three rows */
  if (pm_index_add(&input, &index, 0, &value, &out, NULL) != PM_INVALID_ARGUMENT) return 1;
  printf("refused: %s\n", pm_last_error());
  return 0;
}
