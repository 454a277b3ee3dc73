#include "cc/kernels/mask_positions.h"

#include <algorithm>
#include <vector>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

constexpr int64_t kChunk = 1 << 14;  // elements

/// Writes first + i for every true mask[i], i < count. There is no branch on the mask, which cannot
/// be predicted: a number that is not wanted is overwritten by the next one.
void WritePositions(const uint8_t* mask, int64_t count, int64_t first, int64_t* out) {
  constexpr int64_t kBlock = 256;
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t end = std::min(start + kBlock, count);
    int64_t block[kBlock + 1];
    int64_t found = 0;
    for (int64_t i = start; i < end; ++i) {
      block[found] = first + i;
      found += mask[i] != 0;
    }
    out = std::copy(block, block + found, out);
  }
}

}  // namespace

std::unique_ptr<Buffer> MaskPositions(const TensorView& mask, int64_t* count,
                                      const Context& context) {
  const ContiguousInput input(mask, context);
  const auto* const bytes = static_cast<const uint8_t*>(input.data());
  const int64_t size = Numel(mask);
  const int64_t chunks = (size + kChunk - 1) / kChunk;
  // Entry c + 1: how many are true in chunk c, then in all chunks up to it.
  std::vector<int64_t> starts(chunks + 1);
  const auto for_each_chunk = [&](const auto& function) {
    ParallelFor(context, chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        function(chunk, chunk * kChunk, std::min(kChunk, size - chunk * kChunk));
      }
    });
  };
  for_each_chunk([&](int64_t chunk, int64_t first, int64_t size_of) {
    int32_t found = 0;
    for (int64_t i = 0; i < size_of; ++i) found += bytes[first + i] != 0;
    starts[chunk + 1] = found;
  });
  for (int64_t chunk = 0; chunk < chunks; ++chunk) starts[chunk + 1] += starts[chunk];
  *count = starts[chunks];
  auto positions = std::make_unique<Buffer>(*count * sizeof(int64_t));
  auto* const out = static_cast<int64_t*>(positions->data());
  for_each_chunk([&](int64_t chunk, int64_t first, int64_t size_of) {
    WritePositions(bytes + first, size_of, first, out + starts[chunk]);
  });
  return positions;
}

}  // namespace paddlemend
