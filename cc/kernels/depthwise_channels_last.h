// Depthwise convolution of images that have their channels last: neighbours in memory are channels,
// so that no image has to be transposed.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/convolution.h"

namespace paddlemend {

/// maps [batch, rows, columns, channels] of images of that order, each channel by a filter of its
/// own; filters are [channels, 1, taps, taps]. bias may be null.
template <typename T>
void DepthwiseChannelsLast(const Convolution& sizes, const T* images, const T* filters,
                           const T* bias, T* maps, const Context& context);

}  // namespace paddlemend
