"""The part of `preload` that needs no Paddle: Torch, what its first calls import, and the trials.

A worker that imports 500 modules at its first gradient answers its first case after seconds, and
every confirmation has a new worker.
"""

import warnings
from contextlib import suppress

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import numpy.random  # noqa: F401
    import paddlemend.apitest.accuracy
    import paddlemend.apitest.single_sided  # noqa: F401
    import torch

    with suppress(ImportError):  # where today's Torch has it
        import torch.fx.experimental.symbolic_shapes

# The first call of most operators without data imports a great deal more of Torch.
torch.abs(torch.empty(1, device="meta"))
