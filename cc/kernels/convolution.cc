#include "cc/kernels/convolution.h"

#include <algorithm>
#include <memory>

#include "cc/kernels/correlate.h"
#include "cc/kernels/im2col.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

using lapack::Gemm;
using lapack::Op;

/// Elements of a matrix of columns, so that it stays in the second level cache.
constexpr int64_t kColumnElements = int64_t{1} << 17;
constexpr int64_t kLeastColumns = 96;  // fewer let a GEMM pack more than it multiplies
constexpr int64_t kMostPartialSums = 8;
constexpr int64_t kPartialElements = int64_t{1} << 22;
// Products that a sum takes in a row: several short sums round less than a long one, and cost
// little while the filters stay in the cache.
constexpr int64_t kProductsInARow = 64;
constexpr int64_t kCachedFilters = int64_t{1} << 16;

template <typename T>
std::unique_ptr<T[]> Scratch(int64_t size) {
  return std::unique_ptr<T[]>(new T[size]);
}

/// The positions of the whole batch, cut into blocks: parts of a map, or all of several small ones.
class Blocks {
 public:
  Blocks(const Convolution& sizes, int64_t rows)
      : batch_(sizes.batch), positions_(sizes.positions()) {
    const int64_t wanted = std::max(kLeastColumns, kColumnElements / std::max<int64_t>(rows, 1));
    if (positions_ > wanted) {
      parts_ = (positions_ + wanted - 1) / wanted;
      // A multiple of the width of a vector.
      length_ = ((positions_ + parts_ - 1) / parts_ + 15) / 16 * 16;
      parts_ = (positions_ + length_ - 1) / length_;
    } else {
      // Not so many that a second thread has nothing to do.
      images_ = std::clamp<int64_t>(wanted / positions_, 1, std::max<int64_t>(batch_ / 4, 1));
      length_ = positions_;
    }
  }

  int64_t groups_of_images() const { return (batch_ + images_ - 1) / images_; }
  int64_t parts() const { return parts_; }
  int64_t most_columns() const { return images_ * length_; }

  struct Block {
    int64_t image, images;
    int64_t first, last;  // positions in each image

    int64_t length() const { return last - first; }
    int64_t columns() const { return images * length(); }
  };

  Block At(int64_t group, int64_t part) const {
    const int64_t image = group * images_;
    const int64_t first = part * length_;
    return {image, std::min(images_, batch_ - image), first, std::min(first + length_, positions_)};
  }

 private:
  int64_t batch_;
  int64_t positions_;
  int64_t parts_ = 1;
  int64_t images_ = 1;
  int64_t length_;
};

/// A filter of one tap that meets every pixel once: the image is its own matrix of columns.
bool IsPointwise(const Convolution& sizes) {
  const auto is_plain = [](const ConvolutionAxis& axis) {
    return axis.taps == 1 && axis.stride == 1 && axis.before == 0 && axis.positions == axis.size;
  };
  return is_plain(sizes.height) && is_plain(sizes.width);
}

/// Whether CorrelateMaps and its adjoints are better than matrix products of patches.
bool Correlates(const Convolution& sizes) {
  const bool is_product = IsPointwise(sizes) && sizes.positions() >= kLeastColumns &&
                          sizes.channels > 1 && sizes.filters > 1;
  return !is_product && FitsCorrelation(sizes);
}

/// Whether CorrelateImages writes every pixel: without a stride each has a tap.
bool MeetsAllPixels(const Convolution& sizes) {
  return sizes.height.stride == 1 && sizes.width.stride == 1;
}

/// The matrices of one group of a block of positions.
template <typename T>
class BlockMatrices {
 public:
  BlockMatrices(const Convolution& sizes, const Blocks& blocks, int64_t rows)
      : sizes_(sizes), inside_(sizes), pointwise_(IsPointwise(sizes)) {
    columns_ = Scratch<T>(rows * blocks.most_columns());
    maps_ = Scratch<T>(sizes.filters * blocks.most_columns());
  }

  const InsideOfTaps& inside() const { return inside_; }
  T* columns() const { return columns_.get(); }
  T* maps() const { return maps_.get(); }

  /// The patches of `images`, whose row length becomes *ld.
  const T* Patches(const Blocks::Block& block, int64_t group, const T* images, int64_t* ld) const {
    const T* const first = images + ImageOffset(block.image, group);
    *ld = block.columns();
    if (pointwise_ && block.images == 1) {
      *ld = sizes_.pixels();
      return first + block.first;
    }
    for (int64_t i = 0; i < block.images; ++i) {
      Im2Col(sizes_, inside_, sizes_.channels, images + ImageOffset(block.image + i, group),
             block.first, block.last, columns_.get() + i * block.length(), *ld);
    }
    return columns_.get();
  }

  /// The maps of the block as one matrix: their own memory, or a copy where there are several.
  const T* GatherMaps(const Blocks::Block& block, int64_t group, const T* maps, int64_t* ld) const {
    *ld = sizes_.positions();
    if (block.images == 1) return maps + MapOffset(block.image, group) + block.first;
    *ld = block.columns();
    for (int64_t i = 0; i < block.images; ++i) {
      const T* from = maps + MapOffset(block.image + i, group);
      T* to = maps_.get() + i * block.length();
      for (int64_t k = 0; k < sizes_.filters; ++k, from += sizes_.positions(), to += *ld) {
        std::copy_n(from, block.length(), to);
      }
    }
    return maps_.get();
  }

  void ScatterMaps(const Blocks::Block& block, int64_t group, T* maps) const {
    for (int64_t i = 0; i < block.images; ++i) {
      const T* from = maps_.get() + i * block.length();
      T* to = maps + MapOffset(block.image + i, group);
      for (int64_t k = 0; k < sizes_.filters; ++k) {
        std::copy_n(from, block.length(), to);
        from += block.columns();
        to += sizes_.positions();
      }
    }
  }

  int64_t ImageOffset(int64_t image, int64_t group) const {
    return (image * sizes_.groups + group) * sizes_.channels * sizes_.pixels();
  }
  int64_t MapOffset(int64_t image, int64_t group) const {
    return (image * sizes_.groups + group) * sizes_.filters * sizes_.positions();
  }

 private:
  const Convolution& sizes_;
  const InsideOfTaps inside_;
  const bool pointwise_;
  std::unique_ptr<T[]> columns_;
  std::unique_ptr<T[]> maps_;
};

template <typename T>
void MapsOfBlock(const Convolution& sizes, const BlockMatrices<T>& matrices,
                 const Blocks::Block& block, int64_t group, const T* images, const T* filters,
                 const T* bias, T* maps) {
  int64_t ld = 0;
  const T* const patches = matrices.Patches(block, group, images, &ld);
  const bool direct = block.images == 1;
  T* const out =
      direct ? maps + matrices.MapOffset(block.image, group) + block.first : matrices.maps();
  const int64_t out_ld = direct ? sizes.positions() : block.columns();
  if (bias != nullptr) {
    for (int64_t k = 0; k < sizes.filters; ++k) {
      std::fill_n(out + k * out_ld, block.columns(), bias[group * sizes.filters + k]);
    }
  }
  Gemm<T>(Op::kNone, Op::kNone, block.columns(), sizes.filters, sizes.patch(), T(1), patches, ld,
          filters + group * sizes.filters * sizes.patch(), sizes.patch(), out, out_ld,
          T(bias != nullptr));
  if (!direct) matrices.ScatterMaps(block, group, maps);
}

/// values [batch, channels, length] = bias of the channel, or 0.
template <typename T>
void FillChannels(int64_t batch, int64_t channels, int64_t length, const T* bias, T* values,
                  const Context& context) {
  ParallelFor(context, batch * channels, std::max<int64_t>(1, 65536 / std::max<int64_t>(length, 1)),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  std::fill_n(values + i * length, length,
                              bias == nullptr ? T(0) : bias[i % channels]);
                }
              });
}

/// How many channels a task of ConvolutionImages makes: all, unless some threads then had none.
int64_t ChannelsOfTask(const Convolution& sizes, int64_t tasks) {
  constexpr int64_t kEnoughTasks = 8;
  if (tasks >= kEnoughTasks) return sizes.channels;
  const int64_t parts = std::min((kEnoughTasks + tasks - 1) / tasks, (sizes.channels + 7) / 8);
  return (sizes.channels + parts - 1) / parts;
}

template <typename T>
void ImagesOfTask(const Convolution& sizes, const BlockMatrices<T>& matrices, const Blocks& blocks,
                  int64_t image_group, int64_t group, int64_t channel, int64_t channels,
                  const T* maps, const T* filters, T* images) {
  const int64_t rows = channels * sizes.taps();
  const T* const group_filters =
      filters + group * sizes.filters * sizes.patch() + channel * sizes.taps();
  for (int64_t part = 0; part < blocks.parts(); ++part) {
    const Blocks::Block block = blocks.At(image_group, part);
    int64_t ld = 0;
    const T* const gathered = matrices.GatherMaps(block, group, maps, &ld);
    const int64_t first = matrices.ImageOffset(block.image, group) + channel * sizes.pixels();
    if (IsPointwise(sizes) && block.images == 1) {
      Gemm<T>(Op::kNone, Op::kTranspose, block.columns(), rows, sizes.filters, T(1), gathered, ld,
              group_filters, sizes.patch(), images + first + block.first, sizes.pixels(), T(1));
      continue;
    }
    Gemm<T>(Op::kNone, Op::kTranspose, block.columns(), rows, sizes.filters, T(1), gathered, ld,
            group_filters, sizes.patch(), matrices.columns(), block.columns());
    for (int64_t i = 0; i < block.images; ++i) {
      AddCol2Im(sizes, matrices.inside(), channels, matrices.columns() + i * block.length(),
                block.columns(), block.first, block.last,
                images + first + i * sizes.groups * sizes.channels * sizes.pixels());
    }
  }
}

/// partial [filters, patch] of one group from the blocks [begin, end).
template <typename T>
void FiltersOfBlocks(const Convolution& sizes, const BlockMatrices<T>& matrices,
                     const Blocks& blocks, int64_t group, int64_t begin, int64_t end,
                     const T* images, const T* maps, T* partial) {
  const bool is_cached = sizes.filters * sizes.patch() <= kCachedFilters;
  const int64_t in_a_row = is_cached ? kProductsInARow : 4 * kProductsInARow;
  for (int64_t i = begin; i < end; ++i) {
    const Blocks::Block block = blocks.At(i / blocks.parts(), i % blocks.parts());
    int64_t patches_ld = 0, maps_ld = 0;
    const T* const patches = matrices.Patches(block, group, images, &patches_ld);
    const T* const gathered = matrices.GatherMaps(block, group, maps, &maps_ld);
    for (int64_t at = 0; at < block.columns(); at += in_a_row) {
      Gemm<T>(Op::kTranspose, Op::kNone, sizes.patch(), sizes.filters,
              std::min(in_a_row, block.columns() - at), T(1), patches + at, patches_ld,
              gathered + at, maps_ld, partial, sizes.patch(), T(i != begin || at != 0));
    }
  }
}

}  // namespace

template <typename T>
void ConvolutionMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                     T* maps, const Context& context) {
  if (sizes.batch * sizes.groups * sizes.filters * sizes.positions() == 0) return;
  if (sizes.patch() == 0) {
    return FillChannels(sizes.batch, sizes.groups * sizes.filters, sizes.positions(), bias, maps,
                        context);
  }
  if (Correlates(sizes)) return CorrelateMaps(sizes, images, filters, bias, maps, context);
  const Blocks blocks(sizes, sizes.patch());
  const int64_t tasks = blocks.groups_of_images() * sizes.groups * blocks.parts();
  const int64_t work = sizes.filters * sizes.patch() * blocks.most_columns();
  ParallelFor(context, tasks, std::max<int64_t>(1, (1 << 18) / work),
              [&](int64_t begin, int64_t end) {
                const BlockMatrices<T> matrices(sizes, blocks, sizes.patch());
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t plane = i / blocks.parts();
                  MapsOfBlock(sizes, matrices, blocks.At(plane / sizes.groups, i % blocks.parts()),
                              plane % sizes.groups, images, filters, bias, maps);
                }
              });
}

template <typename T>
void ConvolutionImages(const Convolution& sizes, const T* maps, const T* filters, const T* bias,
                       T* images, const Context& context) {
  if (sizes.batch * sizes.groups * sizes.channels * sizes.pixels() == 0) return;
  const bool is_empty = sizes.filters * sizes.positions() * sizes.taps() == 0;
  const auto fill = [&] {
    FillChannels(sizes.batch, sizes.groups * sizes.channels, sizes.pixels(), bias, images, context);
  };
  if (!is_empty && Correlates(sizes)) {
    if (!MeetsAllPixels(sizes)) fill();
    if (CorrelateImages(sizes, maps, filters, bias, images, context)) return;
  }
  fill();
  if (is_empty) return;
  const Blocks all_channels(sizes, sizes.patch());
  const int64_t channels = ChannelsOfTask(sizes, all_channels.groups_of_images() * sizes.groups);
  const Blocks blocks(sizes, channels * sizes.taps());
  const int64_t parts = (sizes.channels + channels - 1) / channels;
  const int64_t work = sizes.filters * channels * sizes.taps() * blocks.most_columns();
  ParallelFor(context, blocks.groups_of_images() * sizes.groups * parts,
              std::max<int64_t>(1, (1 << 18) / work), [&](int64_t begin, int64_t end) {
                const BlockMatrices<T> matrices(sizes, blocks, channels * sizes.taps());
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t channel = i % parts * channels;
                  ImagesOfTask(sizes, matrices, blocks, i / parts / sizes.groups,
                               i / parts % sizes.groups, channel,
                               std::min(channels, sizes.channels - channel), maps, filters, images);
                }
              });
}

template <typename T>
void ConvolutionFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                        const Context& context) {
  const int64_t size = sizes.filters * sizes.patch();
  if (size * sizes.groups == 0) return;
  if (sizes.batch * sizes.positions() * sizes.pixels() == 0) {
    std::fill_n(filters, sizes.groups * size, T(0));
    return;
  }
  if (Correlates(sizes)) return CorrelateFilters(sizes, images, maps, filters, context);
  const Blocks blocks(sizes, sizes.patch());
  const int64_t count = blocks.groups_of_images() * blocks.parts();
  // A group's sum is made of partial ones, whose number depends on nothing but the sizes.
  const int64_t partials = std::clamp<int64_t>(
      std::min({count, kMostPartialSums, kPartialElements / (size * sizes.groups)}), 1, count);
  const auto sums = Scratch<T>(partials == 1 ? 0 : partials * sizes.groups * size);
  ParallelFor(context, partials * sizes.groups, 1, [&](int64_t begin, int64_t end) {
    const BlockMatrices<T> matrices(sizes, blocks, sizes.patch());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i % sizes.groups;
      const int64_t part = i / sizes.groups;
      FiltersOfBlocks(sizes, matrices, blocks, group, count * part / partials,
                      count * (part + 1) / partials, images, maps,
                      partials == 1 ? filters + group * size : sums.get() + i * size);
    }
  });
  if (partials == 1) return;
  ParallelFor(context, sizes.groups * size, 16384, [&](int64_t begin, int64_t end) {
    std::copy(sums.get() + begin, sums.get() + end, filters + begin);
    for (int64_t part = 1; part < partials; ++part) {
      const T* const from = sums.get() + part * sizes.groups * size;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) filters[i] += from[i];
    }
  });
}

template <typename T>
void ChannelSums(int64_t batch, int64_t channels, int64_t length, const T* values, T* sums,
                 const Context& context) {
  const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, batch * length));
  ParallelFor(context, channels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      double sum = 0;
      for (int64_t n = 0; n < batch; ++n) {
        const T* const from = values + (n * channels + c) * length;
        constexpr int kLanes = 8;
        double lanes[kLanes] = {};
        int64_t i = 0;
        for (; i + kLanes <= length; i += kLanes) {
          for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += from[i + lane];
        }
        for (; i < length; ++i) lanes[0] += from[i];
        for (const double lane : lanes) sum += lane;
      }
      sums[c] = static_cast<T>(sum);
    }
  });
}

#define PM_INSTANTIATE(T)                                                                          \
  template void ConvolutionMaps<T>(const Convolution&, const T*, const T*, const T*, T*,           \
                                   const Context&);                                                \
  template void ConvolutionImages<T>(const Convolution&, const T*, const T*, const T*, T*,         \
                                     const Context&);                                              \
  template void ConvolutionFilters<T>(const Convolution&, const T*, const T*, T*, const Context&); \
  template void ChannelSums<T>(int64_t, int64_t, int64_t, const T*, T*, const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
