"""The cases of index_sample, index_put, put_along_axis and as_strided, in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(1)

ROWS, COLUMNS = 4096, 1024

# Paddle's name of a reduction -> Torch's.
REDUCTIONS = {"add": "sum", "mul": "prod", "mean": "mean", "amax": "amax"}


def index_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    yield index_sample("index_sample tiny [4,8] 2 of each row", 4, 8, 2)
    yield index_sample("index_sample [4096,1024] 1024 of each row", ROWS, COLUMNS, COLUMNS)
    for axis in (0, 1):
        yield put_along_axis(f"put_along_axis assign [4096,1024] axis {axis}", axis, "assign")
        for reduce in REDUCTIONS:
            yield put_along_axis(f"put_along_axis {reduce} [4096,1024] axis {axis}", axis, reduce)
    yield index_put_rows("index_put rows [4096,1024]", False)
    yield index_put_rows("index_put rows [4096,1024] accumulate", True)
    yield index_put_elements("index_put 4M elements [4096,1024]", False)
    yield index_put_elements("index_put 4M elements [4096,1024] accumulate", True)
    yield index_put_mask("index_put mask [4096,1024]")
    yield strided("as_strided transposed copy [4096,1024]", (COLUMNS, ROWS), (1, COLUMNS))
    yield strided("as_strided windows of 64, hop 32", (131071, 64), (32, 1))


def both(array: np.ndarray) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same values for both frameworks."""
    return paddle.to_tensor(array), torch.from_numpy(array)


def floats(*shape: int) -> tuple[paddle.Tensor, torch.Tensor]:
    return both(RANDOM.standard_normal(shape, np.float32))


def integers(limit: int, *shape: int) -> tuple[paddle.Tensor, torch.Tensor]:
    return both(RANDOM.integers(0, limit, shape))


def index_sample(name: str, rows: int, columns: int, count: int) -> Case:
    """Columns of its own for each row."""
    x, y = floats(rows, columns)
    index, torch_index = integers(columns, rows, count)
    return Case(name, lambda: paddle.index_sample(x, index), lambda: y.gather(1, torch_index))


def put_along_axis(name: str, axis: int, reduce: str) -> Case:
    """An index of the shape of x, with duplicates."""
    x, y = floats(ROWS, COLUMNS)
    value, torch_value = floats(ROWS, COLUMNS)
    index, torch_index = integers((ROWS, COLUMNS)[axis], ROWS, COLUMNS)

    def in_torch() -> torch.Tensor:
        if reduce == "assign":
            return y.scatter(axis, torch_index, torch_value)
        return y.scatter_reduce(axis, torch_index, torch_value, REDUCTIONS[reduce])

    return Case(name, lambda: paddle.put_along_axis(x, index, value, axis, reduce), in_torch)


def index_put_rows(name: str, accumulate: bool) -> Case:
    """Whole rows, with duplicates."""
    return _index_put(name, [integers(ROWS, ROWS)], floats(ROWS, COLUMNS), accumulate)


def index_put_elements(name: str, accumulate: bool) -> Case:
    """Single elements anywhere, with duplicates."""
    count = ROWS * COLUMNS
    indices = [integers(ROWS, count), integers(COLUMNS, count)]
    return _index_put(name, indices, floats(count), accumulate)


def index_put_mask(name: str) -> Case:
    """One value for about half of the elements."""
    return _index_put(name, [both(RANDOM.random((ROWS, COLUMNS)) < 0.5)], floats(1), False)


def _index_put(name: str, indices: list, value: tuple, accumulate: bool) -> Case:
    x, y = floats(ROWS, COLUMNS)
    mine, torchs = (tuple(pair[side] for pair in indices) for side in (0, 1))
    return Case(
        name,
        lambda: paddle.index_put(x, mine, value[0], accumulate),
        lambda: y.index_put(torchs, value[1], accumulate),
    )


def strided(name: str, shape: tuple[int, int], stride: tuple[int, int]) -> Case:
    """A view written out."""
    x, y = floats(ROWS * COLUMNS)
    return Case(
        name,
        lambda: paddle.as_strided(x, shape, stride).contiguous(),
        lambda: y.as_strided(shape, stride).contiguous(),
    )
