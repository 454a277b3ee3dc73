"""The part of `preload` that needs no Paddle: Torch, what its first gradient imports, and a trial.

A worker whose first gradient imports 500 modules answers its first case after seconds, and every
confirmation has a new worker.
"""

import warnings
from contextlib import suppress

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import numpy.random  # noqa: F401
    import torch

    with suppress(ImportError):  # where today's Torch has it
        import torch.fx.experimental.symbolic_shapes  # noqa: F401

import paddlemend.apitest.accuracy  # noqa: F401

torch.abs(torch.empty(1, device="meta"))  # the first call without data imports a great deal more
