"""SOT at an operator that Paddle has in dygraph only."""

from __future__ import annotations

import sys

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddlemend.doctor import modes  # first: it sets MIN_GRAPH_SIZE

SOT_LISTS = "paddle.jit.sot.utils.paddle_api_config"


def view_between(x):
    return paddle.as_strided(x * 2, [2, 2], [1, 1]) + 1


def method_between(x):
    return (x * 2).as_strided([2, 2], [1, 1]) + 1


def translated(function):
    return modes.run(modes.SOT, function, [np.arange(4, dtype=np.float32)], one_graph=False).output


@in_child
def test_stock_raises():
    for function in (view_between, method_between):
        with pytest.raises(Exception, match="in dynamic graph mode"):
            translated(function)


@in_child
def test_mended_leaves_the_graph_and_compiles_what_is_around():
    paddlemend.install()
    for number, function in enumerate((view_between, method_between), start=1):
        np.testing.assert_array_equal(translated(function), [[1, 3], [3, 5]])
        assert modes.count_sot_graphs() == 2 * number  # before and after the view


@in_child
def test_it_does_not_matter_whether_sot_is_imported_already():
    __import__(SOT_LISTS)
    paddlemend.install()
    np.testing.assert_array_equal(translated(view_between), [[1, 3], [3, 5]])


@in_child
def test_install_does_not_import_sot():
    assert SOT_LISTS not in sys.modules
    paddlemend.install()
    assert SOT_LISTS not in sys.modules


@in_child
def test_uninstall_before_sot_is_imported_leaves_its_lists():
    paddlemend.install()
    paddlemend.uninstall()
    with pytest.raises(Exception, match="in dynamic graph mode"):
        translated(view_between)


@in_child
def test_uninstall_gives_the_lists_back_and_install_fills_them_again():
    paddlemend.install()
    __import__(SOT_LISTS)
    methods = sys.modules[SOT_LISTS].break_graph_tensor_method
    assert "as_strided" in methods
    paddlemend.uninstall()
    assert "as_strided" not in methods
    paddlemend.install()
    assert "as_strided" in methods


@in_child
def test_install_without_the_operator_leaves_the_lists():
    paddlemend.install(kernels=["expand"])
    __import__(SOT_LISTS)
    assert "as_strided" not in sys.modules[SOT_LISTS].break_graph_tensor_method
