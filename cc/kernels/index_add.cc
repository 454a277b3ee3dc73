#include "cc/kernels/index_add.h"

#include <cstring>
#include <vector>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/strided_copy.h"
namespace paddlemend {
namespace {
inline float Ld(float x) { return x; }
inline double Ld(double x) { return x; }
inline float Ld(Float16 x) { return ToFloat(x); }
inline float Ld(BFloat16 x) { return ToFloat(x); }
inline uint64_t Ld(uint8_t x) { return x; }
inline uint64_t Ld(uint16_t x) { return x; }
inline uint64_t Ld(uint32_t x) { return x; }
inline uint64_t Ld(uint64_t x) { return x; }
inline uint64_t Ld(Bool8 x) { return x.byte != 0; }
inline void St(float a, Float16* o) { *o = ToFloat16(a); }
inline void St(float a, BFloat16* o) { *o = ToBFloat16(a); }
inline void St(uint64_t a, Bool8* o) { o->byte = a != 0; }
template <class A, class T>
void St(A a, T* o) {
  *o = (T)a;
}

Status Axis(const TensorLayout& x, int64_t axis, int64_t* out) {
  int64_t nd = std::max(x.ndim, 1);
  if (axis < -nd || axis >= nd)
    return OutOfRange("axis is ", axis, ", expected ", -nd, " <= axis < ", nd);
  *out = axis < 0 ? axis + nd : axis;
  return OkStatus();
}
Status Check(const char* xn, const TensorLayout& x, const TensorView& index, int64_t axis,
             const char* vn, const TensorLayout* v) {
  if (index.dtype != DType::kInt32 && index.dtype != DType::kInt64)
    return UnsupportedDType("the dtype of index is ", DTypeName(index.dtype),
                            ", expected int32 or int64");
  if (index.ndim > 1)
    return InvalidArgument("index has shape ", ShapeString(index),
                           ", expected one dimension or none");
  if (!v) return OkStatus();
  if (x.dtype != v->dtype)
    return InvalidArgument("the dtypes of ", xn, " and ", vn, " must be equal, but they are ",
                           DTypeName(x.dtype), " and ", DTypeName(v->dtype));
  TensorLayout want = x;
  if (x.ndim) want.shape[axis] = Numel(index);
  bool ok = SameShape(want, *v) && (x.ndim || Numel(index) == 1);
  if (!ok)
    return InvalidArgument("the shape of ", vn, " is ", ShapeString(*v), ", expected ",
                           ShapeString(want), ": the shape ", ShapeString(x), " of ", xn,
                           " with the number of indices at axis ", axis);
  return OkStatus();
}
Status Indices(const TensorView& index, int64_t n, std::vector<int64_t>* out) {
  int64_t k = Numel(index), st = index.ndim ? index.strides[0] : 0;
  out->resize(k);
  for (int64_t i = 0; i < k; ++i) {
    int64_t v = index.dtype == DType::kInt32 ? ((const int32_t*)index.data)[i * st]
                                             : ((const int64_t*)index.data)[i * st];
    if (v < -n || v >= n)
      return InvalidArgument("index[", i, "] is ", v, ", expected ", -n, " <= index < ", n);
    (*out)[i] = v < 0 ? v + n : v;
  }
  return OkStatus();
}
MutableTensorView Contig(const TensorLayout& l, std::vector<char>* buf) {
  MutableTensorView v{l, nullptr};
  SetContiguousStrides(&v);
  buf->resize(Numel(l) * ElementSize(l.dtype));
  v.data = buf->data();
  return v;
}
}  // namespace
Status IndexAdd(const TensorView& x, const TensorView& index, int64_t axis, const TensorView& value,
                const MutableTensorView& out, const Context& context) {
  PM_RETURN_IF_ERROR(Axis(x, axis, &axis));
  PM_RETURN_IF_ERROR(Check("x", x, index, axis, "value", &value));
  if (!SameShape(x, out) || x.dtype != out.dtype)
    return InvalidArgument("out must have shape and dtype of x");
  if (Numel(x) == 0) return OkStatus();
  std::vector<int64_t> idx;
  int64_t n = x.ndim ? x.shape[axis] : 1, k = Numel(index);
  PM_RETURN_IF_ERROR(Indices(index, n, &idx));
  std::vector<char> b1, b2;
  MutableTensorView xo = Contig(x, &b1), vo = Contig(value, &b2);
  StridedCopy(x, xo, context);
  StridedCopy(value, vo, context);
  int64_t outer = 1, inner = RealsPerElement(x.dtype);
  for (int d = 0; d < axis; ++d) outer *= x.shape[d];
  for (int d = axis + 1; d < x.ndim; ++d) inner *= x.shape[d];
  DispatchAddend(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = decltype(Ld(T()));
    T* xp = (T*)xo.data;
    T* vp = (T*)vo.data;
    std::vector<A> acc(outer * n * inner);
    for (size_t i = 0; i < acc.size(); ++i) acc[i] = Ld(xp[i]);
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t j = 0; j < k; ++j)
        for (int64_t i = 0; i < inner; ++i)
          acc[(o * n + idx[j]) * inner + i] += Ld(vp[(o * k + j) * inner + i]);
    for (size_t i = 0; i < acc.size(); ++i) St(acc[i], xp + i);
  });
  StridedCopy(xo.AsConst(), out, context);
  return OkStatus();
}
Status IndexAddGrad(const TensorView& g, const TensorView& index, int64_t axis,
                    const MutableTensorView* xg, const MutableTensorView* vg,
                    const Context& context) {
  PM_RETURN_IF_ERROR(Axis(g, axis, &axis));
  PM_RETURN_IF_ERROR(Check("out_grad", g, index, axis, "value_grad", vg));
  if (xg && (!SameShape(g, *xg) || g.dtype != xg->dtype))
    return InvalidArgument("x_grad must have shape and dtype of out_grad");
  int64_t n = g.ndim ? g.shape[axis] : 1, k = Numel(index), es = ElementSize(g.dtype);
  std::vector<int64_t> idx;
  if (vg) PM_RETURN_IF_ERROR(Indices(index, n, &idx));
  std::vector<char> b1, b2;
  MutableTensorView go = Contig(g, &b1);
  StridedCopy(g, go, context);
  if (xg) StridedCopy(go.AsConst(), *xg, context);
  if (!vg) return OkStatus();
  MutableTensorView vo = Contig(*vg, &b2);
  int64_t outer = 1, inner = 1;
  for (int d = 0; d < axis; ++d) outer *= g.shape[d];
  for (int d = axis + 1; d < g.ndim; ++d) inner *= g.shape[d];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t j = 0; j < k; ++j)
      if (inner)
        std::memcpy((char*)vo.data + (o * k + j) * inner * es,
                    (char*)go.data + (o * n + idx[j]) * inner * es, inner * es);
  StridedCopy(vo.AsConst(), *vg, context);
  return OkStatus();
}
}  // namespace paddlemend
