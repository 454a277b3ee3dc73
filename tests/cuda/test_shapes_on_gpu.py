"""Shapes and values that take each way through the kernels for GPUs, beside Torch or float64.

Run on a machine with a GPU: python -m pytest tests/cuda/test_shapes_on_gpu.py
"""

from __future__ import annotations

import pytest
import torch
from paddlemend import native
from test_on_gpu import integers, normal

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

HALVES = [torch.float16, torch.bfloat16]


def numbers(shape, dtype, seed=0):
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randint(-100, 100, shape, device="cuda", generator=generator).to(dtype)


def added_in_order(x, index, value):
    """x[index[i]] += value[i], one i after the other, in float32."""
    out = x.float().clone()
    order = torch.argsort(index, stable=True)
    rows = index[order]
    starts = torch.searchsorted(rows, rows)
    rank = torch.arange(len(rows), device="cuda") - starts
    for k in range(int(rank.max()) + 1):
        chosen = order[rank == k]
        out[index[chosen]] += value[chosen].float()
    return out.to(x.dtype)


RUNS = {
    "short": lambda: integers(1000, 5000),
    "of 32 and 33": lambda: torch.arange(2, device="cuda").repeat(33)[:65],
    "long": lambda: integers(20, 5000),
    "one": lambda: torch.full((3000,), 7, device="cuda"),
    "short and one": lambda: torch.where(
        torch.arange(5000, device="cuda") % 3 == 0, 999, integers(1000, 5000)
    ),
    "all once": lambda: torch.randperm(1000, device="cuda"),
}


@pytest.mark.parametrize("columns", [256, 1024, 1000, 2056])
@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
@pytest.mark.parametrize("name", list(RUNS))
def test_rows_are_added_in_the_order_of_the_index(name, dtype, columns):
    index = RUNS[name]()
    x = normal(1000, columns, dtype=dtype)
    value = normal(len(index), columns, dtype=dtype, seed=1)
    expected = added_in_order(x, index, value)
    result = torch.from_dlpack(native.index_add(x, index, 0, value))
    assert torch.equal(result, expected)
    native.index_add(x, index, 0, value, out=x)
    assert torch.equal(x, expected)


def test_more_additions_than_are_counted_are_sorted():
    index = integers(300, (1 << 19) + 5)
    x, value = normal(300, 128), normal(len(index), 128, seed=1)
    wide = x.double().index_add_(0, index, value.double())
    result = torch.from_dlpack(native.index_add(x, index, 0, value))
    torch.testing.assert_close(result.double(), wide, rtol=1e-4, atol=2e-2)


@pytest.mark.parametrize(
    "dtype", [torch.int8, torch.float16, torch.float32, torch.float64, torch.complex128]
)
@pytest.mark.parametrize(
    "shape", [(8, 8), (63, 65), (64, 64), (130, 64), (34, 200), (3, 70, 100), (2, 128, 1026)]
)
def test_transposed_copies(shape, dtype):
    x = numbers(shape, dtype)
    turned = x.transpose(-1, -2)
    copied = native.as_strided_copy(x.view(-1), list(turned.shape), list(turned.stride()), 0)
    assert torch.equal(torch.from_dlpack(copied), turned.contiguous())


@pytest.mark.parametrize("dtype", [torch.int8, torch.float16, torch.float32, torch.complex128])
@pytest.mark.parametrize("length", [5, 256, 4096, 4112, 10_000, 8191])
def test_rows_of_one_repeated_element(length, dtype):
    x = numbers((3, 7, 1), dtype)
    written = torch.from_dlpack(native.expand(x, [3, 7, length]))
    assert torch.equal(written, x.expand(3, 7, length).contiguous())


@pytest.mark.parametrize("n", [1, 3, 4, 255, 1024, 1031])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64, torch.int8])
def test_copysign_of_any_length(n, dtype):
    x, y = numbers((n,), dtype), numbers((n,), dtype, seed=1)
    signed = torch.from_dlpack(native.copysign(x, y))
    assert torch.equal(signed.double(), x.double().copysign(y.double()))


@pytest.mark.parametrize("rows, columns", [(1, 1024), (3, 1024), (7, 800), (4, 520), (5, 256)])
@pytest.mark.parametrize("has_residual", [False, True])
@pytest.mark.parametrize("dtype", [*HALVES, torch.float32])
def test_layer_norm_of_rows_in_registers(dtype, has_residual, rows, columns):
    x = normal(rows, columns, dtype=dtype) + 30
    bias = normal(columns, dtype=dtype, seed=1) if has_residual else None
    residual = normal(rows, columns, dtype=dtype, seed=2) if has_residual else None
    weight, shift = normal(columns, seed=3), normal(columns, seed=4)
    summed = x.double()
    if has_residual:
        summed = summed + bias.double() + residual.double()
    expected = torch.nn.functional.layer_norm(
        summed, (columns,), weight.double(), shift.double(), 1e-5
    )
    mean = torch.empty(rows, device="cuda")
    result = native.fused_layer_norm(x, weight, shift, bias, residual, 1e-5, 1.0, 1, mean=mean)
    tolerance = {torch.float16: 2e-3, torch.bfloat16: 1.6e-2, torch.float32: 2e-5}[dtype]
    out = torch.from_dlpack(result[0]).double()
    torch.testing.assert_close(out, expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(mean.double(), summed.mean(1), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("inner", [33, 64, 100, 3136, 4097])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
def test_batch_norm_of_runs(dtype, inner):
    x = normal(5, 3, inner, dtype=dtype) * 2 + 7
    statistics = torch.float32 if dtype == torch.float16 else dtype
    mean, var = (torch.ones(3, device="cuda", dtype=statistics) for _ in range(2))
    results = native.batch_norm(x, mean, var, None, None, True, 0.9, 1e-5, 1)
    expected = torch.nn.functional.batch_norm(x.double(), None, None, training=True, eps=1e-5)
    tolerance = 2e-3 if dtype == torch.float16 else 1e-5
    out = torch.from_dlpack(results[0]).double()
    torch.testing.assert_close(out, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("high", [32, 33, 39, 40, 41, 47, 48, 49, 62])
@pytest.mark.parametrize("least", [0, -(1 << 35)])
def test_distinct_integers_of_any_span(high, least):
    x = integers(1 << high, 200_000) + least
    x[:2] = torch.tensor([least, least + (1 << high) - 1], device="cuda")
    x[1000:2000] = x[:1000].clone()
    assert torch.equal(torch.from_dlpack(native.unique(x)), torch.unique(x))


@pytest.mark.parametrize("dtype", [torch.int8, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(300, 1024), (1000, 36), (5000, 7), (2, 3000, 128)])
def test_sums_over_the_first_dimensions(shape, dtype):
    g = numbers(shape, dtype)
    x = torch.empty(1, shape[-1], device="cuda", dtype=dtype)
    summed = torch.from_dlpack(native.expand_grad(g, x))
    expected = g.double().reshape(-1, shape[-1]).sum(0, keepdim=True)
    if dtype == torch.int8:
        expected = expected.long().to(torch.int8).double()  # wraps around
    torch.testing.assert_close(summed.double(), expected, rtol=1e-3, atol=1e-5)
