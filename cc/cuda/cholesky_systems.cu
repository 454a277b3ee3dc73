#include <complex>

#include "cc/cuda/cholesky_factors.cuh"

namespace paddlemend {
namespace cuda {
namespace {

/// Few right-hand sides of small systems: a block for a system, whose factor lies in shared memory,
/// a warp for each right-hand side, whose kRows * 32 elements the lanes share.
template <typename T, int kRows>
__global__ void __launch_bounds__(256) SolveFewKernel(Factors<T> factors, int64_t columns, T* b) {
  extern __shared__ __align__(16) char memory[];
  T* const l = reinterpret_cast<T*>(memory);
  const int n = static_cast<int>(factors.n);
  const int pitch = n + 1;
  T* const inverses = l + n * pitch;
  const T* const matrix = factors.Matrix(blockIdx.x);
  for (int i = threadIdx.x; i < n * n; i += blockDim.x) {
    const int row = i / n;
    const int column = i - row * n;
    if (factors.upper ? column < row : column > row) continue;
    if (factors.upper) {
      l[column * pitch + row] = Conjugate(matrix[i]);
    } else {
      l[row * pitch + column] = matrix[i];
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < n; i += blockDim.x) inverses[i] = Inverse(l[i * pitch + i]);
  __syncthreads();
  const int lane = threadIdx.x % 32;
  const auto broadcast = [&](T value, int from) {
    constexpr int kWords = sizeof(T) / 4;
    uint32_t words[kWords];
    memcpy(words, &value, sizeof(T));
#pragma unroll
    for (int w = 0; w < kWords; ++w) words[w] = __shfl_sync(~0u, words[w], from);
    memcpy(&value, words, sizeof(T));
    return value;
  };
  for (int64_t column = threadIdx.x / 32; column < columns; column += blockDim.x / 32) {
    T* const rhs = b + static_cast<int64_t>(blockIdx.x) * n * columns + column;
    T x[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const int row = r * 32 + lane;
      x[r] = row < n ? rhs[row * columns] : Zero<T>();
    }
    // l z = b.
#pragma unroll
    for (int part = 0; part < kRows; ++part) {
      for (int k = 0; k < 32 && part * 32 + k < n; ++k) {
        const int i = part * 32 + k;
        const T solved = Times(broadcast(x[part], k), inverses[i]);
        if (lane == k) x[part] = solved;
#pragma unroll
        for (int r = part; r < kRows; ++r) {
          const int row = r * 32 + lane;
          if (row > i && row < n) x[r] = Minus(x[r], Times(l[row * pitch + i], solved));
        }
      }
    }
    // lᴴ x = z.
#pragma unroll
    for (int part = kRows - 1; part >= 0; --part) {
      for (int k = min(31, n - 1 - part * 32); k >= 0; --k) {
        const int i = part * 32 + k;
        const T solved = Times(broadcast(x[part], k), Conjugate(inverses[i]));
        if (lane == k) x[part] = solved;
#pragma unroll
        for (int r = 0; r <= part; ++r) {
          const int row = r * 32 + lane;
          if (row < i) x[r] = Minus(x[r], Times(Conjugate(l[i * pitch + row]), solved));
        }
      }
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const int row = r * 32 + lane;
      if (row < n) rhs[row * columns] = x[r];
    }
  }
}

/// Returns false for systems that are not small or have many right-hand sides.
template <typename T>
bool SolveFew(const Factors<T>& factors, int64_t batch, int64_t columns, T* b) {
  const int64_t n = factors.n;
  const int64_t bytes = (n * (n + 1) + n) * static_cast<int64_t>(sizeof(T));
  if (n > 128 || columns > 16 || bytes > 96 << 10 || batch >= int64_t{1} << 31) return false;
  const auto launch = [&](auto* kernel) {
    AllowSharedMemory(kernel, bytes);
    const auto threads = static_cast<unsigned>(std::max<int64_t>(std::min<int64_t>(columns, 8), 2));
    kernel<<<static_cast<unsigned>(batch), 32 * threads, bytes, Call::Current().stream()>>>(
        factors, columns, b);
    CheckLaunch();
  };
  if (n <= 32) {
    launch(SolveFewKernel<T, 1>);
  } else if (n <= 64) {
    launch(SolveFewKernel<T, 2>);
  } else {
    launch(SolveFewKernel<T, 4>);
  }
  return true;
}

/// Blocks of rows are solved with the inverses of the diagonal blocks, which makes products of all.
template <typename T>
constexpr int kBlock = sizeof(T) <= 8 && !kIsComplex<T> ? 64 : 32;
constexpr int kColumns = 32;  // right-hand sides of a thread block
constexpr int kSolveThreads = 256;

/// inverses[matrix, block] = the inverse of a diagonal block of l, identity beyond its end. A
/// thread for each column.
template <typename T>
__global__ void InvertDiagonalKernel(Factors<T> factors, int blocks, T* inverses) {
  constexpr int kN = kBlock<T>;
  extern __shared__ __align__(16) char memory[];
  T* const l = reinterpret_cast<T*>(memory);
  T* const x = l + kN * (kN + 1);
  const int64_t matrix = blockIdx.x / blocks;
  const int64_t first = static_cast<int64_t>(blockIdx.x - matrix * blocks) * kN;
  const T* const source = factors.Matrix(matrix);
  for (int i = threadIdx.x; i < kN * kN; i += blockDim.x) {
    const int row = i / kN;
    const int column = i % kN;
    T value = row == column ? One<T>() : Zero<T>();
    if (first + row < factors.n && column <= row) {
      value = factors.At(source, first + row, first + column);
    }
    l[row * (kN + 1) + column] = value;
  }
  __syncthreads();
  const int column = threadIdx.x;
  if (column < kN) {
    for (int row = 0; row < kN; ++row) {
      T sum = row == column ? One<T>() : Zero<T>();
      for (int k = column; k < row; ++k) {
        sum = Minus(sum, Times(l[row * (kN + 1) + k], x[k * (kN + 1) + column]));
      }
      x[row * (kN + 1) + column] =
          row < column ? Zero<T>() : Times(sum, Inverse(l[row * (kN + 1) + row]));
    }
  }
  __syncthreads();
  T* const to = inverses + static_cast<int64_t>(blockIdx.x) * kN * kN;
  for (int i = threadIdx.x; i < kN * kN; i += blockDim.x) {
    to[i] = x[i / kN * (kN + 1) + i % kN];
  }
}

/// sums += a b, for a of [kBlock, kBlock] that lies transposed in shared memory.
template <typename T, int kRowsOfThread>
__device__ __forceinline__ void AddProduct(const T* a, const T* b, int row, int column,
                                           T (&sums)[kRowsOfThread][2]) {
  constexpr int kN = kBlock<T>;
#pragma unroll 8
  for (int k = 0; k < kN; ++k) {
    using Rows = Vector<T, kRowsOfThread>;
    using Pair = Vector<T, 2>;
    const Rows in_a = *reinterpret_cast<const Rows*>(a + k * (kN + 4) + row);
    const T* const of_a = in_a.values;
    const Pair in_b = *reinterpret_cast<const Pair*>(b + k * kColumns + column);
    const T b0 = in_b.values[0];
    const T b1 = in_b.values[1];
#pragma unroll
    for (int r = 0; r < kRowsOfThread; ++r) {
      sums[r][0] = Plus(sums[r][0], Times(of_a[r], b0));
      sums[r][1] = Plus(sums[r][1], Times(of_a[r], b1));
    }
  }
}

/// Solves kColumns right-hand sides of one system.
template <typename T>
__global__ void __launch_bounds__(kSolveThreads)
    SolveManyKernel(Factors<T> factors, int64_t columns, int64_t tiles, int blocks,
                    const T* inverses, T* b) {
  constexpr int kN = kBlock<T>;
  constexpr int kRows = kN * kColumns / 2 / kSolveThreads;  // of a thread, with 2 columns
  constexpr int kOfA = kN * kN / kSolveThreads;             // elements of a tile that it fetches
  constexpr int kOfB = kN * kColumns / kSolveThreads;
  extern __shared__ __align__(16) char memory[];
  T* const in_a = reinterpret_cast<T*>(memory);  // [k][row]
  T* const in_b = in_a + kN * (kN + 4);          // [k][column]
  const int64_t n = factors.n;
  const int64_t matrix = blockIdx.x / tiles;
  const int64_t first_column = (blockIdx.x - matrix * tiles) * kColumns;
  const T* const source = factors.Matrix(matrix);
  T* const rhs = b + matrix * n * columns + first_column;
  const int column = threadIdx.x % (kColumns / 2) * 2;
  const int row = threadIdx.x / (kColumns / 2) * kRows;
  const auto load_rhs = [&](int64_t first) {
    for (int i = threadIdx.x; i < kN * kColumns; i += kSolveThreads) {
      const int64_t r = first + i / kColumns;
      const bool is_there = r < n && first_column + i % kColumns < columns;
      in_b[i] = is_there ? rhs[r * columns + i % kColumns] : Zero<T>();
    }
  };
  for (int pass = 0; pass < 2; ++pass) {
    const bool is_adjoint = pass == 1;
    for (int step = 0; step < blocks; ++step) {
      const int block = is_adjoint ? blocks - 1 - step : step;
      const int64_t first = static_cast<int64_t>(block) * kN;
      T sums[kRows][2];
#pragma unroll
      for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = Zero<T>();
      const int other_begin = is_adjoint ? block + 1 : 0;
      const int other_end = is_adjoint ? blocks : block;
      // Element (r, k) of what is multiplied is l(first + r, other + k), or of lᴴ
      // conj l(other + k, first + r). Threads run along what is contiguous in memory. The next tile
      // is on its way while one is multiplied.
      const bool along_rows = is_adjoint != factors.upper;
      const auto row_of = [&](int i) { return along_rows ? i % kN : i / kN; };
      const auto inner_of = [&](int i) { return along_rows ? i / kN : i % kN; };
      T next_a[kOfA];
      T next_b[kOfB];
      const auto fetch = [&](int other) {
        const int64_t other_first = static_cast<int64_t>(other) * kN;
#pragma unroll
        for (int j = 0; j < kOfA; ++j) {
          const int i = threadIdx.x + j * kSolveThreads;
          const int64_t r = first + row_of(i);
          const int64_t k = other_first + inner_of(i);
          next_a[j] = Zero<T>();
          if (r < n && k < n) {
            next_a[j] = is_adjoint ? Conjugate(factors.At(source, k, r)) : factors.At(source, r, k);
          }
        }
#pragma unroll
        for (int j = 0; j < kOfB; ++j) {
          const int i = threadIdx.x + j * kSolveThreads;
          const int64_t r = other_first + i / kColumns;
          const bool is_there = r < n && first_column + i % kColumns < columns;
          next_b[j] = is_there ? rhs[r * columns + i % kColumns] : Zero<T>();
        }
      };
      if (other_begin < other_end) fetch(other_begin);
      for (int other = other_begin; other < other_end; ++other) {
#pragma unroll
        for (int j = 0; j < kOfA; ++j) {
          const int i = threadIdx.x + j * kSolveThreads;
          in_a[inner_of(i) * (kN + 4) + row_of(i)] = next_a[j];
        }
#pragma unroll
        for (int j = 0; j < kOfB; ++j) in_b[threadIdx.x + j * kSolveThreads] = next_b[j];
        __syncthreads();
        if (other + 1 < other_end) fetch(other + 1);
        AddProduct<T, kRows>(in_a, in_b, row, column, sums);
        __syncthreads();
      }
      // in_b = b - sums, then times the inverse of the diagonal block.
      load_rhs(first);
      const T* const inverse = inverses + (matrix * blocks + block) * kN * kN;
      for (int i = threadIdx.x; i < kN * kN; i += kSolveThreads) {
        const int r = is_adjoint ? i % kN : i / kN;
        const int k = is_adjoint ? i / kN : i % kN;
        in_a[k * (kN + 4) + r] = is_adjoint ? Conjugate(inverse[i]) : inverse[i];
      }
      __syncthreads();
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        T* const at = in_b + (row + r) * kColumns + column;
        at[0] = Minus(at[0], sums[r][0]);
        at[1] = Minus(at[1], sums[r][1]);
        sums[r][0] = sums[r][1] = Zero<T>();
      }
      __syncthreads();
      AddProduct<T, kRows>(in_a, in_b, row, column, sums);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        if (first + row + r >= n) continue;
        T* const to = rhs + (first + row + r) * columns + column;
        if (first_column + column < columns) to[0] = sums[r][0];
        if (first_column + column + 1 < columns) to[1] = sums[r][1];
      }
      __syncthreads();
    }
  }
}

template <typename T>
void SolveMany(const Factors<T>& factors, int64_t batch, int64_t columns, T* b) {
  constexpr int kN = kBlock<T>;
  const int64_t blocks = CeilDiv(factors.n, kN);
  const int64_t tiles = CeilDiv(columns, kColumns);
  const Temporary<T> inverses(batch * blocks * kN * kN);
  const cudaStream_t stream = Call::Current().stream();
  const int64_t invert_bytes = 2 * kN * (kN + 1) * static_cast<int64_t>(sizeof(T));
  AllowSharedMemory(InvertDiagonalKernel<T>, invert_bytes);
  InvertDiagonalKernel<<<static_cast<unsigned>(batch * blocks), kN, invert_bytes, stream>>>(
      factors, static_cast<int>(blocks), inverses.data());
  CheckLaunch();
  const int64_t bytes = (kN * (kN + 4) + kN * kColumns) * static_cast<int64_t>(sizeof(T));
  AllowSharedMemory(SolveManyKernel<T>, bytes);
  SolveManyKernel<<<static_cast<unsigned>(batch * tiles), kSolveThreads, bytes, stream>>>(
      factors, columns, tiles, static_cast<int>(blocks), inverses.data(), b);
  CheckLaunch();
}

}  // namespace
}  // namespace cuda

template <typename T>
void SolveInPlace(const Systems<T>& systems, T* b, const Context&) {
  using D = typename cuda::OnDevice<T>::type;
  if (systems.batch * systems.size * systems.columns == 0) return;
  const auto factors = cuda::MakeFactors<D>(systems);
  auto* const rhs = reinterpret_cast<D*>(b);
  if (cuda::SolveFew(factors, systems.batch, systems.columns, rhs)) return;
  cuda::SolveMany(factors, systems.batch, systems.columns, rhs);
}

#define PM_INSTANTIATE(T) template void SolveInPlace<T>(const Systems<T>&, T*, const Context&)
PM_INSTANTIATE(float);
PM_INSTANTIATE(double);
PM_INSTANTIATE(std::complex<float>);
PM_INSTANTIATE(std::complex<double>);
#undef PM_INSTANTIATE

}  // namespace paddlemend
