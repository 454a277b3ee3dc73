// Images of a convolution, with the channels in front of the pixels.
#pragma once

#include <cstring>

#include "cc/kernels/working_tensors.h"

namespace paddlemend {

/// The view with the channels in front of the pixels.
template <typename View>
View ChannelsFirst(View view, const char* data_format) {
  if (view.ndim != 4 || std::strcmp(data_format, "NHWC") != 0) return view;
  for (Dims* dims : {&view.shape, &view.strides}) {
    const int64_t channels = (*dims)[3];
    (*dims)[3] = (*dims)[2];
    (*dims)[2] = (*dims)[1];
    (*dims)[1] = channels;
  }
  return view;
}

}  // namespace paddlemend
