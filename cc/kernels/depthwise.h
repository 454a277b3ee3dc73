// Convolutions of groups with one channel: too few products a patch for a matrix product.
#pragma once

#include "cc/kernels/convolution.h"

namespace paddlemend {

/// Whether the functions below are faster than matrix products.
inline bool IsDepthwise(const Convolution& sizes) {
  return sizes.channels == 1 && sizes.filters <= 4;
}

/// As ConvolutionMaps, for IsDepthwise sizes with elements.
template <typename T>
void DepthwiseMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                   T* maps, const Context& context);

/// Adds to images what ConvolutionImages gives without a bias.
template <typename T>
void AddDepthwiseImages(const Convolution& sizes, const T* maps, const T* filters, T* images,
                        const Context& context);

/// As ConvolutionFilters.
template <typename T>
void DepthwiseFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                      const Context& context);

}  // namespace paddlemend
