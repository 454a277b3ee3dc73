"""Devices: their spelling, and their selection in a worker process."""

from __future__ import annotations

import re

CPU = "cpu"

_SPELLING = re.compile(r"(?:cuda|gpu)(?::(\d{1,3}))?")


class DeviceMissing(RuntimeError):
    """A framework cannot use the device asked for; the message says which one and why."""


def device_name(text: str) -> str:
    """ "cpu" or "cuda:N" from "cpu", "cuda", "gpu" or "cuda:N". Raises ValueError."""
    name = text.strip().lower()
    if name == CPU:
        return CPU
    match = _SPELLING.fullmatch(name)
    if match is None:
        raise ValueError(f"{text!r} is no device; cpu, cuda and cuda:1 are")
    return f"cuda:{int(match.group(1) or 0)}"


def select_device(device: str, paddle_kind: str) -> None:
    """Makes this process use `device`, a name that device_name() gave. Raises DeviceMissing."""
    index = None if device == CPU else int(device.rpartition(":")[2])
    if index is not None:
        _select_torch_gpu(index)
    if paddle_kind == "library":
        return  # it computes where its tensors are
    _select_paddle_device(index)


def _select_torch_gpu(index: int) -> None:
    import torch

    if not torch.cuda.is_available():
        raise DeviceMissing(f"Torch {torch.__version__} finds no CUDA device")
    _check_index("Torch", index, torch.cuda.device_count())
    torch.cuda.set_device(index)


def _select_paddle_device(index: int | None) -> None:
    import paddle

    if index is None:
        paddle.set_device("cpu")
        return
    if not paddle.is_compiled_with_cuda():
        raise DeviceMissing(f"Paddle {paddle.__version__} is a build without CUDA")
    _check_index("Paddle", index, paddle.device.cuda.device_count())
    paddle.set_device(f"gpu:{index}")


def _check_index(framework: str, index: int, count: int) -> None:
    if index >= count:
        raise DeviceMissing(f"{framework} finds {count} CUDA devices, so there is no cuda:{index}")
