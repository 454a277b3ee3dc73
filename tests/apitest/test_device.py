"""Devices: how they are written, and what happens where a framework has none."""

from __future__ import annotations

import pytest
from paddlemend.apitest.device import CPU, DeviceMissing, device_name, select_device


@pytest.mark.parametrize(
    ("text", "name"),
    [("cpu", "cpu"), ("CPU", "cpu"), ("cuda", "cuda:0"), ("gpu", "cuda:0"), ("cuda:12", "cuda:12")],
)
def test_spellings_of_one_device_have_one_name(text, name):
    assert device_name(text) == name


@pytest.mark.parametrize("text", ["", "tpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "cuda:1000"])
def test_other_texts_are_no_device(text):
    with pytest.raises(ValueError, match="is no device"):
        device_name(text)


def test_the_library_needs_no_framework_on_the_cpu():
    select_device(CPU, "library")


def test_a_gpu_that_torch_does_not_see_is_named():
    with pytest.raises(DeviceMissing, match=r"Torch .*(no CUDA device|no cuda:999)"):
        select_device("cuda:999", "stock")
