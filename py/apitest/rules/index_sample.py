"""index_sample."""

from __future__ import annotations

import torch
from paddlemend import catalogue
from paddlemend.apitest.generators_index import sample_columns
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import LibraryCall, Parameter, Rule


def index_sample(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """out[b, m] = x[b, index[b, m]]; x is [B, N], index and out are [B, M].

    An index of no rows, [0, M], is legal for every x; it samples nothing.
    """
    require(x.ndim == 2, f"x must have 2 dimensions, got {list(x.shape)}")
    require(index.ndim == 2, f"index must have 2 dimensions, got {list(index.shape)}")
    require(
        index.dtype in (torch.int32, torch.int64),
        f"index must be int32 or int64, got {index.dtype}",
    )
    rows = index.shape[0]
    require(rows in (0, x.shape[0]), f"index has {rows} rows, x has {x.shape[0]}")
    if index.numel():
        require(
            (index >= 0).all() & (index < x.shape[1]).all(),
            f"index must be in [0, {x.shape[1]})",
        )
    return torch.gather(x[:rows], 1, index.long())


RULES = (
    Rule(
        path="paddle.index_sample",
        aliases=("paddle.Tensor.index_sample", "paddle.tensor.index_sample"),
        operator=catalogue.operator("index_sample"),
        parameters=(Parameter("x"), Parameter("index", sample_columns)),
        reference=index_sample,
        library=LibraryCall(
            function="index_sample",
            arguments=("x", "index"),
            gradient_function="index_sample_grad",
            gradient_arguments=("out_grad", "index", "x"),
            gradients=("x",),
        ),
        differentiable=("x",),
    ),
)
