"""What is special on a GPU: determinism, streams, graphs, late errors, devices, and large tensors.

Run on a machine with a GPU: python -m pytest tests/cuda/test_on_gpu.py
"""

from __future__ import annotations

import pytest
import torch
from paddlemend import native

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

RUNS = 20


def normal(*shape, dtype=torch.float32, seed=0):
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randn(*shape, device="cuda", generator=generator).to(dtype)


def integers(high, *shape, seed=0):
    generator = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randint(0, high, shape, device="cuda", generator=generator)


def as_torch(result):
    results = result if isinstance(result, tuple) else (result,)
    return [torch.from_dlpack(item) for item in results if item is not None]


def calls():
    """name -> a call of every kernel that adds up, on shapes with many duplicates."""
    x, value = normal(1000, 256), normal(5000, 256, seed=1)
    rows = integers(1000, 5000)
    entries = integers(256, 1000, 700, seed=2)
    along = normal(1000, 700, seed=3)
    half = x.half()
    image = normal(32, 64, 28, 28)
    g = normal(32, 64, 28, 28, seed=4)
    stats = [normal(64, seed=5).abs() + 0.5 for _ in range(4)]
    few = integers(1000, 1 << 18)
    columns, wide = integers(256, 5000), normal(1000, 5000)
    windows, line = normal(5000, 64), normal(5063)
    one = torch.empty(1, 256, device="cuda")
    y = torch.rand(8, 96, 96, device="cuda").tril() + 96 * torch.eye(96, device="cuda")
    b = normal(8, 96, 40)
    result = {
        "index_add": lambda: native.index_add(x, rows, 0, value),
        "index_add half": lambda: native.index_add(half, rows, 0, value.half()),
        "index_add columns": lambda: native.index_add(x, columns, 1, wide),
        "index_put accumulate": lambda: native.index_put(x, [rows], value, True),
        "index_put set": lambda: native.index_put(x, [rows], value, False),
        "index_put_grad": lambda: native.index_put_grad(x, [rows], False, x, one),
        "index_sample_grad": lambda: native.index_sample_grad(along, entries, x),
        "expand_grad": lambda: native.expand_grad(value, x[:1]),
        "as_strided_grad": lambda: native.as_strided_grad(windows, [1, 1], 0, [1], 0, line),
        "fused_layer_norm": lambda: native.fused_layer_norm(
            x, x[0].clone(), x[1].clone(), None, x, 1e-5, 1.0, 1
        ),
        "batch_norm": lambda: native.batch_norm(image, *stats, True, 0.9, 1e-5, 1),
        "batch_norm_grad": lambda: native.batch_norm_grad(
            image, g, stats[0], *stats, True, 1e-5, 1
        ),
        "unique": lambda: native.unique(few, True, True, True),
        "unique of rows": lambda: native.unique(few.view(-1, 2), True, True, True, axis=0),
        "cholesky_solve": lambda: native.cholesky_solve(b, y, False),
        "cholesky_solve_grad": lambda: native.cholesky_solve_grad(b, y, b, False, b),
    }
    for reduce in ("assign", "add", "mul", "mean", "amax", "amin"):
        for axis, data in ((1, x), (0, x)):
            index = entries if axis == 1 else integers(1000, 3000, 256)
            source = along if axis == 1 else normal(3000, 256)
            result[f"put_along_axis {reduce} {axis}"] = (
                lambda data=data, index=index, source=source, axis=axis, reduce=reduce: (
                    native.put_along_axis(data, index, source, axis, reduce, True)
                )
            )
            result[f"put_along_axis_grad {reduce} {axis}"] = (
                lambda data=data, index=index, source=source, axis=axis, reduce=reduce: (
                    native.put_along_axis_grad(data, index, source, data, data, axis, reduce, False)
                )
            )
    return result


@pytest.mark.parametrize("name", list(calls()) if torch.cuda.is_available() else [])
def test_equal_bits_in_every_run(name):
    call = calls()[name]
    first = [t.clone() for t in as_torch(call())]
    for _ in range(RUNS - 1):
        for a, b in zip(first, as_torch(call())):
            assert torch.equal(a.view(torch.uint8), b.view(torch.uint8))


def no_size_depends_on_values():
    return (
        [name for name in calls() if not name.startswith("unique")]
        if torch.cuda.is_available()
        else []
    )


@pytest.mark.parametrize("name", no_size_depends_on_values())
def test_can_be_captured_in_a_graph(name):
    call = calls()[name]
    expected = [t.clone() for t in as_torch(call())]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    native.set_stream(stream.cuda_stream)
    try:
        with torch.cuda.stream(stream):
            graph = torch.cuda.CUDAGraph()
            outputs = [torch.empty_like(t) for t in expected]
            for t in as_torch(call()):  # warms up
                del t
            torch.cuda.synchronize()
            with torch.cuda.graph(graph, stream=stream):
                for out, t in zip(outputs, as_torch(call())):
                    out.copy_(t)
        graph.replay()
        torch.cuda.synchronize()
    finally:
        native.set_stream(0)
    for out, want in zip(outputs, expected):
        assert torch.equal(out.view(torch.uint8), want.view(torch.uint8))


def test_a_size_that_depends_on_values_cannot_be_captured():
    x = integers(10, 1000)
    stream = torch.cuda.Stream()
    native.set_stream(stream.cuda_stream)
    try:
        graph = torch.cuda.CUDAGraph()
        with (
            pytest.raises(RuntimeError, match="depends on values"),
            torch.cuda.graph(graph, stream=stream),
        ):
            native.unique(x)
    finally:
        native.set_stream(0)
        torch.cuda.synchronize()


def test_runs_in_the_stream_that_was_set():
    stream = torch.cuda.Stream()
    x = torch.zeros(1 << 20, device="cuda")
    torch.cuda.synchronize()
    native.set_stream(stream.cuda_stream)
    try:
        with torch.cuda.stream(stream):
            torch.cuda._sleep(200_000_000)
            x.fill_(3.0)
            out = torch.from_dlpack(native.copysign(x, -x))
            assert bool((out == -3).all())
    finally:
        native.set_stream(0)


def test_an_output_may_be_used_in_another_stream():
    stream = torch.cuda.Stream()
    x = normal(1 << 22)
    torch.cuda.synchronize()
    native.set_stream(stream.cuda_stream)
    try:
        with torch.cuda.stream(stream):
            torch.cuda._sleep(100_000_000)
        result = native.copysign(x, x.neg())
        out = torch.from_dlpack(result)  # of the default stream
        assert torch.equal(out, x.neg().abs().copysign(x.neg()))
    finally:
        native.set_stream(0)


BAD = {
    "index_add": lambda i: native.index_add(normal(5, 3), i, 0, normal(2, 3)),
    "index_put": lambda i: native.index_put(normal(5, 3), [i], normal(2, 3), False),
    "index_put accumulate": lambda i: native.index_put(normal(5, 3), [i], normal(2, 3), True),
    "index_sample": lambda i: native.index_sample(normal(1, 5), i.view(1, -1)),
    "put_along_axis": lambda i: native.put_along_axis(normal(5), i, normal(2), 0, "add", True),
    "index_add_grad": lambda i: native.index_add_grad(normal(5, 3), i, 0, None, normal(2, 3)),
}


@pytest.mark.parametrize("bad", [5, 6, 2**40, -6, -(2**62)])
@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_index_raises_at_the_call(name, bad):
    with pytest.raises(ValueError, match=rf"is {bad}, expected"):
        BAD[name](torch.tensor([0, bad], device="cuda"))


@pytest.mark.parametrize("bad", [1024, 2**40, -1025])
def test_a_bad_entry_of_a_long_index_raises(bad):
    index = integers(1024, 8192, 1024)
    index[8000, 77] = bad
    x = normal(8192, 1024)
    with pytest.raises(ValueError, match=rf"index\[8000, 77\] is {bad}, expected"):
        native.index_sample(x, index)
    with pytest.raises(ValueError, match=rf"index\[8000, 77\] is {bad}, expected"):
        native.put_along_axis(x, index, x, 1, "add", True)


def test_nothing_is_written_with_a_bad_index():
    x = normal(5, 3)
    before = x.clone()
    index = torch.tensor([0, 5], device="cuda")
    for call in (
        lambda: native.index_add(x, index, 0, normal(2, 3), out=x),
        lambda: native.index_put(x, [index], normal(2, 3), False, out=x),
        lambda: native.put_along_axis(x, index.view(2, 1), normal(2, 3), 0, "mul", True, out=x),
    ):
        with pytest.raises(ValueError):
            call()
        assert torch.equal(x, before)


def test_an_asynchronous_error_goes_to_wait():
    index = torch.tensor([0, 5], device="cuda")
    native.set_asynchronous(True)
    try:
        native.index_add(normal(5, 3), index, 0, normal(2, 3))
        with pytest.raises(ValueError, match="asynchronous"):
            native.wait()
        native.wait()
    finally:
        native.set_asynchronous(False)


def test_an_error_of_a_graph_goes_to_wait():
    index = torch.zeros(2, dtype=torch.int64, device="cuda")
    x, value = normal(5, 3), normal(2, 3)
    out = torch.empty_like(x)
    stream = torch.cuda.Stream()
    native.set_stream(stream.cuda_stream)
    try:
        native.index_add(x, index, 0, value, out=out)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            native.index_add(x, index, 0, value, out=out)
        graph.replay()
        torch.cuda.synchronize()
        native.wait()
        index[1] = 7
        graph.replay()
        torch.cuda.synchronize()
        with pytest.raises(ValueError, match="asynchronous"):
            native.wait()
    finally:
        native.set_stream(0)


def test_tensors_of_two_devices_are_refused():
    with pytest.raises(ValueError, match="expected a GPU"):
        native.copysign(normal(3), torch.ones(3))


LARGE = (1 << 31) + 4096


@pytest.fixture
def much_memory():
    torch.cuda.empty_cache()
    if torch.cuda.mem_get_info()[0] < 60 << 30:
        pytest.skip("not enough memory")
    yield
    torch.cuda.empty_cache()


def test_large_copysign_and_expand(much_memory):
    x = torch.full((LARGE,), 2, dtype=torch.int8, device="cuda")
    y = torch.full((LARGE,), -1, dtype=torch.int8, device="cuda")
    y[-1] = 1
    out = torch.empty_like(x)
    native.copysign(x, y, out=out)
    assert int(out[-1]) == 2 and int(out[-2]) == -2 and int(out[5]) == -2
    native.expand(x[:1], [LARGE], out=out)
    assert bool((out[-4096:] == 2).all())


def test_large_rows(much_memory):
    columns = 1024
    n = LARGE // columns
    x = torch.zeros(n, columns, dtype=torch.float16, device="cuda")
    index = torch.tensor([n - 1, 0, n - 1], device="cuda")
    value = torch.ones(3, columns, dtype=torch.float16, device="cuda")
    native.index_add(x, index, 0, value, out=x)
    assert bool((x[-1] == 2).all()) and bool((x[0] == 1).all()) and bool((x[1:-1] == 0).all())
    native.index_put(x, [index], value * 5, False, out=x)
    assert bool((x[-1] == 5).all())
    picked = torch.from_dlpack(native.index_add_grad(x, index, 0, None, value)[1])
    assert bool((picked == 5).all())


def test_large_along_axis(much_memory):
    columns = 1024
    n = LARGE // columns
    x = torch.zeros(n, columns, dtype=torch.uint8, device="cuda")
    index = integers(columns, 1, columns).int().expand(n, columns).contiguous()
    value = torch.ones(n, columns, dtype=torch.uint8, device="cuda")
    native.put_along_axis(x, index, value, 1, "add", True, out=x)
    expected = torch.bincount(index[0].long(), minlength=columns).to(torch.uint8)
    assert torch.equal(x[-1], expected) and torch.equal(x[n // 2], expected)
    out = torch.empty_like(x)
    native.index_sample(x, index, out=out)
    assert torch.equal(out[-1], expected[index[0].long()])


def test_large_transposed_copy_and_norm(much_memory):
    columns = 1024
    n = LARGE // columns
    x = torch.arange(n, device="cuda").to(torch.int8).view(n, 1).expand(n, columns).contiguous()
    out = torch.empty(columns, n, dtype=torch.int8, device="cuda")
    native.as_strided_copy(x.view(-1), [columns, n], [1, columns], 0, out=out)
    assert torch.equal(out[-1], x[:, 0])
    del x, out
    half = torch.ones(n, columns, dtype=torch.float16, device="cuda")
    half[:, 0] = 3
    weight = torch.ones(columns, device="cuda")
    native.fused_layer_norm(half, weight, None, None, None, 0.0, 1.0, 1, out=half)
    expected = torch.nn.functional.layer_norm(
        torch.tensor([3.0] + [1.0] * 1023), (1024,), eps=0.0
    ).half()
    torch.testing.assert_close(half[-1].cpu(), expected, rtol=1e-3, atol=1e-3)
