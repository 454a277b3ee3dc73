#include "cc/kernels/fused_attention_arguments.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "cc/kernels/checks.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/norm_checks.h"

namespace paddlemend {
namespace {

Shape ShapeOf(std::initializer_list<int64_t> sizes) {
  Shape shape;
  shape.ndim = static_cast<int>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), shape.dims.begin());
  return shape;
}

Status CheckOptions(const FusedAttention& of) {
  PM_RETURN_IF_ERROR(CheckFloatingDType(of.x, "x"));
  if (of.x.ndim != 3) {
    return InvalidArgument("the shape of x is ", ShapeString(of.x),
                           ", expected 3 dimensions: [batch, length, embed_dim]");
  }
  if (of.x.shape[2] < 1 || of.x.shape[2] > lapack::kMaxSize / 3) {
    return InvalidArgument("embed_dim, the last size of x, is ", of.x.shape[2],
                           ", expected at least 1 and at most ", lapack::kMaxSize / 3);
  }
  if (std::strcmp(of.mode, "upscale_in_train") != 0 &&
      std::strcmp(of.mode, "downscale_in_infer") != 0) {
    return InvalidArgument("mode is \"", of.mode,
                           "\", expected \"upscale_in_train\" or \"downscale_in_infer\"");
  }
  for (const auto& [name, rate] : {std::pair{"dropout_rate", of.dropout_rate},
                                   std::pair{"attn_dropout_rate", of.attn_dropout_rate}}) {
    if (!(rate >= 0 && rate <= 1)) {
      return InvalidArgument(name, " is ", rate, ", expected 0 <= ", name, " <= 1");
    }
  }
  return OkStatus();
}

/// The vectors of layer norms are of the dtype of x or of that of its statistics.
Status CheckNormVector(const TensorView* vector, const char* name, const TensorView& x) {
  if (vector == nullptr) return OkStatus();
  const bool is_wide = vector->dtype == StatisticsDType(x.dtype);
  return CheckLike(vector, name, ShapeOf({x.shape[2]}), is_wide ? vector->dtype : x.dtype);
}

Status ResolveProjection(const FusedAttention& of, AttentionSizes* sizes) {
  const int64_t embed = of.x.shape[2];
  if (of.transpose_qkv_wb) {
    if (of.num_heads < 1 || embed % of.num_heads != 0) {
      return InvalidArgument("num_heads is ", of.num_heads, ", expected a divisor of embed_dim ",
                             embed);
    }
    sizes->heads = of.num_heads;
    sizes->head_size = embed / of.num_heads;
    PM_RETURN_IF_ERROR(
        CheckLike(&of.qkv_weight, "qkv_weight", ShapeOf({embed, 3 * embed}), of.x.dtype));
    return CheckLike(of.qkv_bias, "qkv_bias", ShapeOf({3 * embed}), of.x.dtype);
  }
  const TensorView& weight = of.qkv_weight;
  const bool is_split = weight.ndim == 4;
  sizes->heads = is_split ? weight.shape[1] : 1;
  sizes->head_size = is_split ? weight.shape[2] : embed;
  const Shape expected = ShapeOf({3, sizes->heads, sizes->head_size, embed});
  PM_RETURN_IF_ERROR(CheckLike(&weight, "qkv_weight", expected, of.x.dtype));
  // Neither is above embed_dim unless the other one is 0.
  const bool fills = sizes->heads <= embed && sizes->head_size <= embed &&
                     sizes->heads * sizes->head_size == embed;
  if (!fills) {
    return InvalidArgument("the shape of qkv_weight is ", ShapeString(weight),
                           ", expected heads * head_size = ", embed, ", the embed_dim of x");
  }
  return CheckLike(of.qkv_bias, "qkv_bias", ShapeOf({3, sizes->heads, sizes->head_size}),
                   of.x.dtype);
}

Status CheckCache(const FusedAttention& of, AttentionSizes* sizes) {
  if (of.cache_kv == nullptr) return OkStatus();
  sizes->cached = of.cache_kv->ndim == 5 ? of.cache_kv->shape[3] : 0;
  Shape expected = KeysAndValuesShape(*sizes);
  expected.dims[3] = sizes->cached;
  PM_RETURN_IF_ERROR(CheckLike(of.cache_kv, "cache_kv", expected, of.x.dtype));
  if (sizes->keys() <= lapack::kMaxSize) return OkStatus();
  return InvalidArgument("cache_kv and x have ", sizes->keys(), " keys, expected at most ",
                         lapack::kMaxSize);
}

Status CheckMask(const FusedAttention& of, const AttentionSizes& sizes) {
  if (of.attn_mask == nullptr) return OkStatus();
  const TensorView& mask = *of.attn_mask;
  if (IsFloating(mask.dtype)) PM_RETURN_IF_ERROR(CheckSameDType("x", of.x, "attn_mask", mask));
  if (mask.dtype == DType::kComplex64 || mask.dtype == DType::kComplex128) {
    return InvalidArgument("the dtype of attn_mask is ", DTypeName(mask.dtype),
                           ", expected bool, an integer or that of x");
  }
  const Shape scores = ScoresShape(sizes);
  bool fits = mask.ndim <= scores.ndim;
  for (int d = 1; fits && d <= mask.ndim; ++d) {
    const int64_t size = mask.shape[mask.ndim - d];
    fits = size == 1 || size == scores.dims[scores.ndim - d];
  }
  if (fits) return OkStatus();
  return InvalidArgument("the shape of attn_mask is ", ShapeString(mask),
                         ", expected one that broadcasts to ",
                         ShapeString(scores.dims.data(), scores.ndim));
}

}  // namespace

Shape ScoresShape(const AttentionSizes& sizes) {
  return ShapeOf({sizes.batch, sizes.heads, sizes.length, sizes.keys()});
}

Shape KeysAndValuesShape(const AttentionSizes& sizes) {
  return ShapeOf({2, sizes.batch, sizes.heads, sizes.keys(), sizes.head_size});
}

Status CheckLike(const TensorLayout* tensor, const char* name, const Shape& shape, DType dtype) {
  if (tensor == nullptr) return OkStatus();
  if (tensor->ndim != shape.ndim ||
      !std::equal(shape.dims.begin(), shape.dims.begin() + shape.ndim, tensor->shape.begin())) {
    return InvalidArgument("the shape of ", name, " is ", ShapeString(*tensor), ", expected ",
                           ShapeString(shape.dims.data(), shape.ndim));
  }
  if (tensor->dtype == dtype) return OkStatus();
  return InvalidArgument("the dtype of ", name, " is ", DTypeName(tensor->dtype), ", expected ",
                         DTypeName(dtype));
}

Status ResolveFusedAttention(const FusedAttention& of, AttentionSizes* sizes) {
  PM_RETURN_IF_ERROR(CheckOptions(of));
  const int64_t embed = of.x.shape[2];
  *sizes = {of.x.shape[0], of.x.shape[1], embed, 1, embed, 0};
  PM_RETURN_IF_ERROR(CheckNormVector(of.pre_ln_scale, "pre_ln_scale", of.x));
  PM_RETURN_IF_ERROR(CheckNormVector(of.pre_ln_bias, "pre_ln_bias", of.x));
  PM_RETURN_IF_ERROR(CheckNormVector(of.ln_scale, "ln_scale", of.x));
  PM_RETURN_IF_ERROR(CheckNormVector(of.ln_bias, "ln_bias", of.x));
  PM_RETURN_IF_ERROR(ResolveProjection(of, sizes));
  PM_RETURN_IF_ERROR(
      CheckLike(&of.linear_weight, "linear_weight", ShapeOf({embed, embed}), of.x.dtype));
  PM_RETURN_IF_ERROR(CheckLike(of.linear_bias, "linear_bias", ShapeOf({embed}), of.x.dtype));
  PM_RETURN_IF_ERROR(CheckCache(of, sizes));
  return CheckMask(of, *sizes);
}

}  // namespace paddlemend
