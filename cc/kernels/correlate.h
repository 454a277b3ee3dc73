// Convolutions, and their adjoints, of planes that are shifted in memory.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/convolution.h"

namespace paddlemend {

/// Whether the functions below are the best ones: rows of maps are long enough for vectors, and
/// what they compute between two rows is not most of it.
bool FitsCorrelation(const Convolution& sizes);

/// As ConvolutionMaps, for sizes with elements.
template <typename T>
void CorrelateMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                   T* maps, const Context& context);

/// As ConvolutionImages, for sizes with elements; but pixels that no tap meets stay as they are.
/// Returns false, having done nothing, if a filter is not finite.
template <typename T>
bool CorrelateImages(const Convolution& sizes, const T* maps, const T* filters, const T* bias,
                     T* images, const Context& context);

/// As ConvolutionFilters, for sizes with elements.
template <typename T>
void CorrelateFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                      const Context& context);

}  // namespace paddlemend
