// The filter gradient of a convolution with filters in the lanes of vectors.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/convolution.h"

namespace paddlemend {

/// Whether the function below is better than products of whole planes.
template <typename T>
bool FitsFilterTiles(const Convolution& sizes);

/// As CorrelateFilters.
template <typename T>
void CorrelateFilterTiles(const Convolution& sizes, const T* images, const T* maps, T* filters,
                          const Context& context);

}  // namespace paddlemend
