#include <complex>

#include "cc/cuda/cholesky_factors.cuh"

namespace paddlemend {
namespace cuda {
namespace {

/// Rows and columns of a tile of a product; 8 lines of threads share it.
template <typename T>
constexpr int kTileOf = sizeof(T) > 8 ? 16 : 32;

/// sums[matrix] = S + Sᴴ for S = g oᴴ; g and o are [n, k]. A thread block for each tile.
template <typename T>
__global__ void __launch_bounds__(kTileOf<T> * 8)
    SymmetricProductKernel(const T* g, const T* o, int64_t n, int64_t k, int64_t tiles, T* sums) {
  constexpr int kTile = kTileOf<T>;
  constexpr int kRows = kTile / 8;
  __shared__ T rows[2][kTile][kTile + 1];
  __shared__ T columns[2][kTile][kTile + 1];
  const int64_t matrix = blockIdx.x / (tiles * tiles);
  const int64_t tile = blockIdx.x - matrix * tiles * tiles;
  const int64_t first_row = tile / tiles * kTile;
  const int64_t first_column = tile % tiles * kTile;
  const int x = threadIdx.x % kTile;
  const int y = threadIdx.x / kTile;
  T sum[kRows];
#pragma unroll
  for (int i = 0; i < kRows; ++i) sum[i] = Zero<T>();
  for (int64_t begin = 0; begin < k; begin += kTile) {
    for (int r = y; r < kTile; r += 8) {
      const auto read = [&](const T* from, int64_t row) {
        return row < n && begin + x < k ? from[(matrix * n + row) * k + begin + x] : Zero<T>();
      };
      rows[0][r][x] = read(g, first_row + r);
      rows[1][r][x] = read(o, first_row + r);
      columns[0][r][x] = read(o, first_column + r);
      columns[1][r][x] = read(g, first_column + r);
    }
    __syncthreads();
    for (int c = 0; c < kTile; ++c) {
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        sum[i] = Plus(sum[i], Times(rows[0][y + 8 * i][c], Conjugate(columns[0][x][c])));
        sum[i] = Plus(sum[i], Times(rows[1][y + 8 * i][c], Conjugate(columns[1][x][c])));
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    const int64_t row = first_row + y + 8 * i;
    if (row < n && first_column + x < n) sums[(matrix * n + row) * n + first_column + x] = sum[i];
  }
}

/// gradients[matrix] = -sums y in the lower triangle, or of an upper factor -y sums in the upper
/// one; 0 elsewhere.
template <typename T>
__global__ void __launch_bounds__(kTileOf<T> * 8)
    FactorProductKernel(Factors<T> factors, const T* sums, int64_t tiles, T* gradients) {
  constexpr int kTile = kTileOf<T>;
  constexpr int kRows = kTile / 8;
  __shared__ T of_a[kTile][kTile + 1];
  __shared__ T of_b[kTile][kTile + 1];
  const int64_t n = factors.n;
  const int64_t matrix = blockIdx.x / (tiles * tiles);
  const int64_t tile = blockIdx.x - matrix * tiles * tiles;
  const int64_t first_row = tile / tiles * kTile;
  const int64_t first_column = tile % tiles * kTile;
  const T* const y = factors.Matrix(matrix);
  const T* const s = sums + matrix * n * n;
  const bool upper = factors.upper;
  const int x = threadIdx.x % kTile;
  const int line = threadIdx.x / kTile;
  const auto of_factor = [&](int64_t i, int64_t j) {
    const bool is_there = i < n && j < n && (upper ? j >= i : j <= i);
    return is_there ? y[i * n + j] : Zero<T>();
  };
  const auto of_sums = [&](int64_t i, int64_t j) {
    return i < n && j < n ? s[i * n + j] : Zero<T>();
  };
  T sum[kRows];
#pragma unroll
  for (int i = 0; i < kRows; ++i) sum[i] = Zero<T>();
  for (int64_t begin = 0; begin < n; begin += kTile) {
    for (int r = line; r < kTile; r += 8) {
      of_a[r][x] = upper ? of_factor(first_row + r, begin + x) : of_sums(first_row + r, begin + x);
      of_b[r][x] =
          upper ? of_sums(begin + r, first_column + x) : of_factor(begin + r, first_column + x);
    }
    __syncthreads();
    for (int c = 0; c < kTile; ++c) {
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        sum[i] = Plus(sum[i], Times(of_a[line + 8 * i][c], of_b[c][x]));
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    const int64_t row = first_row + line + 8 * i;
    const int64_t column = first_column + x;
    if (row >= n || column >= n) continue;
    const bool is_in = upper ? column >= row : column <= row;
    gradients[(matrix * n + row) * n + column] = is_in ? Negative(sum[i]) : Zero<T>();
  }
}

}  // namespace
}  // namespace cuda

template <typename T>
void FactorGradients(const Systems<T>& systems, const T* x_grad, const T* out, T* gradients,
                     const Context&) {
  using D = typename cuda::OnDevice<T>::type;
  const int64_t n = systems.size;
  if (systems.batch * n == 0) return;
  constexpr int kTile = cuda::kTileOf<D>;
  const int64_t tiles = cuda::CeilDiv(n, kTile);
  const auto blocks = static_cast<unsigned>(systems.batch * tiles * tiles);
  const cuda::Temporary<D> sums(systems.batch * n * n);
  const cudaStream_t stream = cuda::Call::Current().stream();
  cuda::SymmetricProductKernel<<<blocks, kTile * 8, 0, stream>>>(
      reinterpret_cast<const D*>(x_grad), reinterpret_cast<const D*>(out), n, systems.columns,
      tiles, sums.data());
  cuda::CheckLaunch();
  cuda::FactorProductKernel<<<blocks, kTile * 8, 0, stream>>>(
      cuda::MakeFactors<D>(systems), sums.data(), tiles, reinterpret_cast<D*>(gradients));
  cuda::CheckLaunch();
}

#define PM_INSTANTIATE(T) \
  template void FactorGradients<T>(const Systems<T>&, const T*, const T*, T*, const Context&)
PM_INSTANTIATE(float);
PM_INSTANTIATE(double);
PM_INSTANTIATE(std::complex<float>);
PM_INSTANTIATE(std::complex<double>);
#undef PM_INSTANTIATE

}  // namespace paddlemend
