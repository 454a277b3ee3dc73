// What the adapters of the convolutions share.
#pragma once

#include <string>
#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "paddle/phi/core/meta_tensor.h"

namespace paddlemend::phi_adapter {

/// The attributes of a convolution as the C ABI takes them.
struct ConvolutionAttributes {
  ConvolutionAttributes(const std::vector<int>& strides, const std::vector<int>& paddings,
                        const std::string& padding_algorithm, const std::vector<int>& dilations,
                        int groups, const std::string& data_format)
      : stride(strides.begin(), strides.end()),
        padding(paddings.begin(), paddings.end()),
        dilation(dilations.begin(), dilations.end()),
        algorithm(padding_algorithm.c_str()),
        groups(groups),
        format(data_format == "NHWC" ? "NHWC" : "NCHW") {}  // the wheel has AnyLayout, too

  std::vector<int64_t> stride, padding, dilation;
  const char* algorithm;
  int64_t groups;
  const char* format;
};

inline int32_t CountOf(const std::vector<int64_t>& values) {
  return static_cast<int32_t>(values.size());
}

/// A tensor of which only dims and dtype are known.
class LayoutView {
 public:
  LayoutView(std::vector<int64_t> dims, phi::DataType dtype) : dims_(std::move(dims)) {
    view_.data = nullptr;
    view_.device = {kDLCPU, 0};
    view_.ndim = static_cast<int32_t>(dims_.size());
    view_.dtype = ToDlpack(dtype);
    view_.shape = dims_.data();
    view_.strides = nullptr;
    view_.byte_offset = 0;
  }
  LayoutView(const LayoutView&) = delete;

  DLTensor* get() { return &view_; }

 private:
  std::vector<int64_t> dims_;
  DLTensor view_;
};

/// The dims of images of which a static program does not know all sizes: those not known are put
/// so that the others can be judged, and forgotten in the result.
class PartlyKnownImages {
 public:
  PartlyKnownImages(const common::DDim& dims, int64_t channels, bool channels_last)
      : dims_(common::vectorize<int64_t>(dims)), unknown_(dims_.size(), false) {
    constexpr int64_t kRoomForAnyKernel = 1 << 15;
    const size_t channel_axis = channels_last ? 3 : 1;
    for (size_t axis = 0; axis < dims_.size(); ++axis) {
      if (dims_[axis] >= 0) continue;
      unknown_[axis] = axis != channel_axis;
      dims_[axis] = axis == channel_axis ? channels : axis == 0 ? 1 : kRoomForAnyKernel;
    }
  }

  const std::vector<int64_t>& dims() const { return dims_; }

  void SetResult(const int64_t* shape, phi::MetaTensor* out) const {
    std::vector<int64_t> result(shape, shape + dims_.size());
    for (size_t axis = 0; axis < result.size(); ++axis) {
      if (unknown_[axis]) result[axis] = -1;
    }
    out->set_dims(common::make_ddim(result));
  }

 private:
  std::vector<int64_t> dims_;
  std::vector<bool> unknown_;
};

/// Whether these are a 4-D image and a kernel of known sizes: the wheel judges everything else.
inline bool IsConv2d(const phi::MetaTensor& x, const phi::MetaTensor& weight) {
  if (x.dims().size() != 4 || weight.dims().size() != 4) return false;
  for (int axis = 0; axis < 4; ++axis) {
    if (weight.dims()[axis] < 0) return false;
  }
  return true;
}

/// Whether shapes are inferred for a kernel of oneDNN; its name in Paddle changed.
template <typename Config>
auto RunsOneDnn(const Config& config) -> decltype(config.is_run_onednn_kernel) {
  return config.is_run_onednn_kernel;
}
template <typename Config>
auto RunsOneDnn(const Config& config) -> decltype(config.is_run_mkldnn_kernel) {
  return config.is_run_mkldnn_kernel;
}

inline void ResizeLike(const phi::DenseTensor& like, phi::DenseTensor* grad,
                       const phi::CPUContext& context) {
  if (grad == nullptr) return;
  grad->Resize(like.dims());
  Allocate(context, grad, like.dtype());
}

}  // namespace paddlemend::phi_adapter
