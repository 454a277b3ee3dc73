"""The convolutions above their kernels: what Paddle's Python gets wrong before a kernel sees it.

A bias of any size is accepted for one filter, and is added in float16 and bfloat16 with a gradient
that is rounded at every step. Tensors in output_size are lost. Padding by SAME honours the
dilation, in the kernels; where the wheel's behaviour is kept, it is reset here.
"""

from __future__ import annotations

import inspect
from typing import Any

import paddle
from paddle import _C_ops
from paddle.framework import in_dynamic_mode, in_dynamic_or_pir_mode
from paddle.nn.functional import conv
from paddlemend.kernels import behaviour_changes, installation
from paddlemend.redirect import Redirect

_CHANGE = "conv.same_dilation"
_HALF = (paddle.float16, paddle.bfloat16)
_TENSORS = (paddle.Tensor, paddle.pir.Value)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    data_format: str = "NCHW",
    name: str | None = None,
) -> Any:
    """As paddle.nn.functional.conv2d."""
    stock = _CONV2D.stock
    if not (in_dynamic_or_pir_mode() and installation.is_active("conv2d")):
        return stock(x, weight, bias, stride, padding, dilation, groups, data_format, name)
    dilation = _dilation(dilation, padding, 4 + _is_decorated(conv.conv2d))
    filters = weight.shape[0] if len(weight.shape) else -1
    out = stock(x, weight, None, stride, padding, dilation, groups, data_format, name)
    return _add_bias(out, bias, filters, data_format)


def conv2d_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_size: Any = None,
    data_format: str = "NCHW",
    name: str | None = None,
) -> Any:
    """As paddle.nn.functional.conv2d_transpose."""
    stock = _CONV2D_TRANSPOSE.stock
    last = (data_format, name)
    if not (in_dynamic_or_pir_mode() and installation.is_active("conv2d_transpose")):
        sizes = (stride, padding, output_padding, dilation, groups, output_size)
        return stock(x, weight, bias, *sizes, *last)
    dilation = _dilation(dilation, padding, 4)
    filters = weight.shape[1] * groups if len(weight.shape) > 1 else -1
    sizes = (stride, padding, output_padding, dilation, groups, _sizes(output_size))
    return _add_bias(stock(x, weight, None, *sizes, *last), bias, filters, data_format)


def conv_nd(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    padding_algorithm: Any = None,
    dilation: Any = 1,
    groups: int = 1,
    data_format: str = "NCHW",
    channel_dim: int = 1,
    op_type: str = "conv2d",
    use_cudnn: bool = True,
    name: str | None = None,
) -> Any:
    """What the layers call, and conv2d too."""
    stock = _CONV_ND.stock
    last = (groups, data_format, channel_dim, op_type, use_cudnn, name)
    ours = in_dynamic_or_pir_mode() and installation.is_active("conv2d")
    if not ours or op_type not in ("conv2d", "depthwise_conv2d"):
        return stock(x, weight, bias, stride, padding, padding_algorithm, dilation, *last)
    dilation = _dilation(dilation, padding_algorithm, 4)
    out = stock(x, weight, None, stride, padding, padding_algorithm, dilation, *last)
    return _add_bias(out, bias, weight.shape[0], data_format)


def conv1d(redirect: Redirect, operator: str, *args: Any, **kwargs: Any) -> Any:
    """As conv1d or conv1d_transpose, which run the kernels of two dimensions."""
    if not (in_dynamic_or_pir_mode() and installation.is_active(operator)):
        return redirect.stock(*args, **kwargs)
    call = inspect.signature(redirect.stock).bind(*args, **kwargs)
    call.apply_defaults()
    call.arguments["dilation"] = _dilation(
        call.arguments["dilation"], call.arguments["padding"], 4 + _is_decorated(conv.conv1d)
    )
    return redirect.stock(*call.args, **call.kwargs)


def _is_decorated(function: Any) -> bool:
    """Whether there is one more frame between the program and Paddle's function."""
    return inspect.unwrap(function) is not function


def _dilation(dilation: Any, padding: Any, stacklevel: int) -> Any:
    """1 for padding by SAME if that is what the wheel does and the program keeps."""
    if not (isinstance(padding, str) and padding.upper() == "SAME"):
        return dilation
    steps = dilation if isinstance(dilation, (list, tuple)) else (dilation,)
    if all(step == 1 for step in steps):
        return dilation
    if behaviour_changes.is_kept(_CHANGE):
        return [1] * len(steps) if isinstance(dilation, (list, tuple)) else 1
    behaviour_changes.warn_once(_CHANGE, stacklevel=stacklevel)
    return dilation


def _sizes(output_size: Any) -> Any:
    """Tensors as integers, where they have values; a program builds each size by itself."""
    if isinstance(output_size, _TENSORS):
        one = len(output_size.shape) == 1 and output_size.shape[0] == 1
        if in_dynamic_mode() and len(output_size.shape) == 1 and output_size.shape[0] in (1, 2):
            values = [int(size) for size in output_size.tolist()]
            return values * 2 if one else values
        unknown = len(output_size.shape) == 1 and output_size.shape[0] == -1
        return [output_size[0], output_size[-1]] if one or unknown else output_size
    if not isinstance(output_size, (list, tuple)):
        return output_size
    if in_dynamic_mode() and any(isinstance(size, _TENSORS) for size in output_size):
        return [int(size.item()) if isinstance(size, _TENSORS) else size for size in output_size]
    return output_size


def _add_bias(out: Any, bias: Any, filters: int, data_format: str) -> Any:
    """out plus a bias for each filter, or one for all."""
    if bias is None:
        return out
    shape = list(bias.shape)
    if len(shape) != 1 or (shape[0] not in (-1, 1) and filters >= 0 and shape[0] != filters):
        raise ValueError(f"bias has the shape {shape}; expected [{filters}], one number a filter")
    if bias.dtype != out.dtype:
        raise ValueError(f"bias has the dtype {bias.dtype}; expected {out.dtype}, that of x")
    dtype = out.dtype
    if dtype in _HALF:
        out, bias = out.astype("float32"), bias.astype("float32")
    if data_format == "NCHW":
        bias = bias.reshape([1, -1, 1, 1] if shape[0] else [1, 0, 1, 1])
    # The gradient of expand_as is a better sum than that of add; and it judges sizes that only a
    # running program knows.
    if not bias.stop_gradient or shape[0] == -1 or filters == -1:
        bias = paddle.expand_as(bias, out)
    out = _C_ops.add(out, bias)
    return out.astype(dtype) if dtype in _HALF else out


def _run_conv2d(
    x,
    weight,
    bias=None,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    data_format="NCHW",
    name=None,
):
    from paddlemend.kernels import convolution_api

    return convolution_api.conv2d(
        x, weight, bias, stride, padding, dilation, groups, data_format, name
    )


def _run_conv2d_transpose(
    x,
    weight,
    bias=None,
    stride=1,
    padding=0,
    output_padding=0,
    dilation=1,
    groups=1,
    output_size=None,
    data_format="NCHW",
    name=None,
):
    from paddlemend.kernels import convolution_api

    return convolution_api.conv2d_transpose(
        x,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        dilation,
        groups,
        output_size,
        data_format,
        name,
    )


def _run_conv_nd(*args, **kwargs):
    from paddlemend.kernels import convolution_api

    return convolution_api.conv_nd(*args, **kwargs)


def _run_conv1d(*args, **kwargs):
    from paddlemend.kernels import convolution_api

    return convolution_api.conv1d(convolution_api._CONV1D, "conv2d", *args, **kwargs)


def _run_conv1d_transpose(*args, **kwargs):
    from paddlemend.kernels import convolution_api

    return convolution_api.conv1d(
        convolution_api._CONV1D_TRANSPOSE, "conv2d_transpose", *args, **kwargs
    )


_CONV1D = Redirect(inspect.unwrap(conv.conv1d), _run_conv1d)
_CONV1D_TRANSPOSE = Redirect(inspect.unwrap(conv.conv1d_transpose), _run_conv1d_transpose)
_CONV2D = Redirect(inspect.unwrap(conv.conv2d), _run_conv2d)
_CONV2D_TRANSPOSE = Redirect(inspect.unwrap(conv.conv2d_transpose), _run_conv2d_transpose)
_CONV_ND = Redirect(conv._conv_nd, _run_conv_nd)

REDIRECTS = [_CONV1D, _CONV1D_TRANSPOSE, _CONV2D, _CONV2D_TRANSPOSE, _CONV_ND]
