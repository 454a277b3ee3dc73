"""Repeated calls show leaks, unstable results and memory that nobody wrote; caches are no leak."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from helpers import bound
from paddlemend.apitest import row
from paddlemend.apitest.accuracy import AccuracyTrial
from paddlemend.apitest.heap import (
    OTHER_POISON_BYTE,
    POISON_BYTE,
    other_poison,
    poison_fresh_memory,
    usage,
)
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.repetition import find_leak
from paddlemend.apitest.single_sided import StableTrial

LINE = 'paddle.expand(Tensor([1, 3],"float32"), list[2,3,], )'


class Subject:
    """expand's right answer without gradient, with one method to override."""

    calls = 0

    def __init__(self, call, inputs, arguments, differentiable):
        self.x = arguments["x"].data

    def forward(self):
        type(self).calls += 1
        return [HostTensor("float32", self.change(np.repeat(self.x, 2, axis=0)))]

    def change(self, out):
        return out

    def backward(self, cotangents):
        return {"x": HostTensor("float32", cotangents[0].data.sum(0, keepdims=True))}

    def changed_inputs(self):
        return []


def judge(subject, trial=AccuracyTrial):
    return trial(bound(LINE), subject, 0).verdict()


def fresh_bytes(count):
    """The bytes of a block that malloc has just handed out; small ones it does not fill."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    address = libc.malloc(ctypes.c_size_t(count))
    content = ctypes.string_at(address, count)
    libc.free(address)
    return content


@pytest.fixture(autouse=True)
def poison():
    poison_fresh_memory()


def test_fresh_memory_holds_the_poison():
    assert set(fresh_bytes(5000)) == {POISON_BYTE}
    with other_poison():
        assert set(fresh_bytes(5000)) == {OTHER_POISON_BYTE}
    assert set(fresh_bytes(5000)) == {POISON_BYTE}


@pytest.mark.parametrize("trial", [AccuracyTrial, StableTrial])
def test_a_sound_subject_passes(trial):
    assert judge(Subject, trial).class_ == row.PASS


def test_a_result_that_is_right_within_tolerance_but_changes_is_unstable():
    class Drifts(Subject):
        def change(self, out):
            return out * np.float32(1 + type(self).calls * 2.0**-22)

    result = judge(Drifts, StableTrial)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "unstable")
    assert "output 0 differs between two runs" in result.message


def test_a_result_that_depends_on_fresh_memory_is_named_even_where_it_is_not_wrong():
    class ReadsFreshMemory(Subject):
        def change(self, out):
            if fresh_bytes(5000)[0] == OTHER_POISON_BYTE:
                out[0, 0] = 7
            return out

    result = judge(ReadsFreshMemory)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "uninitialised")


def test_memory_that_grows_at_every_call_is_a_leak():
    kept = []
    leak = find_leak(lambda: kept.append(bytearray(3000)), calls=4)
    assert "bytes are lost at every call" in leak
    assert 2500 < int(leak.split()[1]) < 4000


def test_small_objects_that_stay_are_a_leak():
    kept = [None] * 100_000  # the list itself does not grow
    places = iter(range(100_000))

    def call():
        for _ in range(10):
            kept[next(places)] = object()

    assert "Python objects are lost" in find_leak(call, calls=4)


def test_a_cache_that_fills_up_once_is_no_leak():
    cache = []

    def call():
        if len(cache) < 12:
            cache.append(bytearray(3000))

    assert find_leak(call, calls=3) == ""


def test_a_cache_that_fills_up_for_a_hundred_calls_is_no_leak():
    kept = []

    def call() -> None:
        if len(kept) < 100:
            kept.append(bytearray(3000))

    assert find_leak(call, calls=2) == ""


def test_work_without_trace_is_no_leak():
    assert find_leak(lambda: np.ones(10000).sum(), calls=5) == ""


def test_usage_counts_c_memory_and_python_objects():
    before = usage()
    kept = [bytearray(1 << 20), *[object() for _ in range(1000)]]
    after = usage()
    assert after.bytes - before.bytes >= 1 << 20 and after.blocks - before.blocks >= 1000
    del kept
