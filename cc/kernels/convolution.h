// The three sums of a convolution, on row-major images [n, channels, height, width].
//
// A convolution sweeps images by filters and gives maps. Its gradients, and the transposed
// convolution and its gradients, are the same three sums with other tensors in the places:
//
//   maps[n, k, p] = sum over c, t of images[n, c, p·stride - before + t·dilation] filters[k, c, t]
//
// where p is a position and t a tap, both of two axes, and images are zero outside.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"

namespace paddlemend {

/// One of the two spatial axes.
struct ConvolutionAxis {
  int64_t size;       // of an image
  int64_t taps;       // of a filter
  int64_t positions;  // of a filter on the image: the size of a map
  int64_t stride;
  int64_t dilation;
  int64_t before;  // padding in front of the image

  int64_t extent() const { return (taps - 1) * dilation + 1; }
};

struct Convolution {
  int64_t batch;
  int64_t groups;
  int64_t channels;  // of images, in a group
  int64_t filters;   // in a group
  ConvolutionAxis height;
  ConvolutionAxis width;

  int64_t pixels() const { return height.size * width.size; }
  int64_t taps() const { return height.taps * width.taps; }
  int64_t positions() const { return height.positions * width.positions; }
  int64_t patch() const { return channels * taps(); }  // the elements that a filter sees at once
};

/// maps from images [batch, groups · channels, ...] and filters [groups · filters, channels, ...];
/// plus bias [groups · filters] unless it is null. Equal bits for any number of threads, as below.
template <typename T>
void ConvolutionMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                     T* maps, const Context& context);

/// The adjoint with respect to images: images from maps and filters. bias [groups · channels] is
/// added unless it is null.
template <typename T>
void ConvolutionImages(const Convolution& sizes, const T* maps, const T* filters, const T* bias,
                       T* images, const Context& context);

/// The adjoint with respect to filters: filters from images and maps.
template <typename T>
void ConvolutionFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                        const Context& context);

/// sums [channels] of values [batch, channels, length] over all but the channels.
template <typename T>
void ChannelSums(int64_t batch, int64_t channels, int64_t length, const T* values, T* sums,
                 const Context& context);

}  // namespace paddlemend
