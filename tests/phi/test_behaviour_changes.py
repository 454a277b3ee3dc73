"""The changes to programs that run today: announced, and kept as in the wheel on request."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddle import copysign as taken_before_install
from paddle import copysign_ as in_place_taken_before_install
from paddlemend.child import run_in_child
from paddlemend.doctor import modes  # first: it sets MIN_GRAPH_SIZE

CHANGE = "copysign.integer_dtype"

ALIASES = (
    taken_before_install,
    paddle.copysign,
    paddle.tensor.copysign,
    paddle.tensor.math.copysign,
    paddle.Tensor.copysign,
)


def integers(*values: int, dtype: str = "int32") -> paddle.Tensor:
    return paddle.to_tensor(values, dtype=dtype)


def state() -> str:
    (change,) = (one for one in paddlemend.status().behaviour_changes if one.name == CHANGE)
    return change.state


def signs_of(x, y):
    return paddle.copysign(x + 1, y) * 2


@in_child
def test_every_alias_promotes_integers():
    paddlemend.install()
    for alias in ALIASES:
        assert alias(integers(2), integers(-1)).dtype == paddle.float32
    assert paddle.copysign(x=integers(2), y=-1, name="x").dtype == paddle.float32


@in_child
def test_the_default_dtype_is_that_of_paddle():
    paddlemend.install()
    paddle.set_default_dtype("float64")
    assert paddle.copysign(integers(2), integers(-1)).dtype == paddle.float64


@in_child
def test_in_place_keeps_the_dtype_and_the_tensor():
    paddlemend.install()
    for alias in (in_place_taken_before_install, paddle.Tensor.copysign_, paddle.tensor.copysign_):
        x = integers(-128, 3, dtype="int8")
        assert alias(x, integers(1, -1, dtype="int64")) is x
        assert (x.dtype, x.tolist()) == (paddle.int8, [127, -3])


@pytest.mark.parametrize("mode", modes.MODES)
def test_every_mode_promotes_integers(mode):
    outcome = run_in_child(_promote, mode, timeout=120)
    assert outcome.returned, outcome.describe()
    assert outcome.value == ("float32", [-4.0, 6.0])


def _promote(mode: str):
    paddlemend.install()
    output = modes.run(mode, signs_of, [np.array([1, 2], "int32"), np.array([-1, 1], "int32")])
    return output.output.dtype.name, output.output.tolist()


@in_child
def test_the_first_use_warns_and_names_the_way_back():
    paddlemend.install()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        paddle.copysign(paddle.ones([2]), -1.0)
        paddle.signbit(integers(-5))
        assert not caught
        for _ in range(2):
            paddle.copysign(integers(2), -1)
    assert [warning.filename for warning in caught] == [__file__]
    assert f'install(keep=["{CHANGE}"])' in str(caught[0].message)


@in_child
def test_keep_gives_the_integers_of_the_wheel():
    paddlemend.install(keep=[CHANGE])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = paddle.copysign(integers(-128, 3, dtype="int8"), integers(1, -1, dtype="int8"))
        assert (kept.dtype, kept.tolist()) == (paddle.int8, [127, -3])
        assert paddle.copysign(integers(2), -0.5).tolist() == [-2]
        # The wheel refuses these: there is nothing to keep.
        assert paddle.copysign(integers(2), paddle.to_tensor([-1.0])).dtype == paddle.float32


@in_child
def test_status_shows_the_change():
    assert state() == "off"
    paddlemend.install()
    assert state() == "on"
    (line,) = (line for line in str(paddlemend.status()).splitlines() if CHANGE in line)
    assert line.split()[:2] == [CHANGE, "on"]
    paddlemend.install(keep=[CHANGE])
    assert state() == "kept"
    paddlemend.uninstall()
    assert state() == "off"
    paddlemend.install()
    assert state() == "on"


@in_child
def test_stock_and_uninstall_give_the_wheel_back():
    paddlemend.install()
    with paddlemend.stock():
        assert paddle.copysign(integers(2), integers(-1)).dtype == paddle.int32
    paddlemend.uninstall()
    assert taken_before_install(integers(2), integers(-1)).dtype == paddle.int32
    assert "paddlemend" not in str(paddle.copysign.__code__.co_names)


@in_child
def test_another_operator_alone_leaves_copysign():
    paddlemend.install(kernels=["expand"])
    assert paddle.copysign(integers(2), integers(-1)).dtype == paddle.int32


CONVOLUTION = "conv.same_dilation"


def dilated(function=None):
    """A row of five, seen by three taps two apart: 4 in the middle if the dilation counts."""
    row, taps = paddle.ones([1, 1, 1, 5]), paddle.ones([1, 1, 1, 3])
    function = function or paddle.nn.functional.conv2d
    return function(row, taps, padding="SAME", dilation=2).flatten().tolist()


def layers():
    for name in ("Conv2D", "Conv2DTranspose"):
        layer = getattr(paddle.nn, name)(1, 1, [1, 3], padding="SAME", dilation=2, bias_attr=False)
        layer.weight.set_value(paddle.ones([1, 1, 1, 3]))
        yield layer(paddle.ones([1, 1, 1, 5])).flatten().tolist()


@in_child
def test_convolutions_padded_by_same_are_dilated_and_say_so_once():
    paddlemend.install()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        paddle.nn.functional.conv2d(
            paddle.ones([1, 1, 1, 5]), paddle.ones([1, 1, 1, 3]), padding="SAME"
        )
        assert not caught  # nothing is new without a dilation
        assert [dilated(), dilated()] == [[2, 2, 3, 2, 2]] * 2
        assert list(layers()) == [[2, 2, 3, 2, 2]] * 2
    assert [warning.filename for warning in caught] == [__file__]
    assert f'install(keep=["{CONVOLUTION}"])' in str(caught[0].message)


@in_child
def test_keep_resets_the_dilation_as_the_wheel_does():
    wheel = [dilated(), dilated(paddle.nn.functional.conv2d_transpose), *layers()]
    assert wheel[0] == [2, 3, 3, 3, 2]
    paddlemend.install(keep=[CONVOLUTION])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = [dilated(), dilated(paddle.nn.functional.conv2d_transpose), *layers()]
    assert kept == wheel
    (change,) = (one for one in paddlemend.status().behaviour_changes if one.name == CONVOLUTION)
    assert change.state == "kept"


@pytest.mark.parametrize("keep", [["copysign.dtype"], CHANGE])
def test_keep_refuses_names_that_are_not_in_the_catalogue(keep):
    with pytest.raises(ValueError, match=r"keep (names 'copysign.dtype'|is the string)"):
        paddlemend.install(keep=keep)


def test_install_does_not_import_what_it_does_not_need():
    program = "import paddlemend.kernels.python_apis, sys; assert 'paddle' not in sys.modules"
    assert subprocess.run([sys.executable, "-P", "-c", program], check=False).returncode == 0
