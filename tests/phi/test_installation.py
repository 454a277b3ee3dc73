"""install(), status(), stock() and uninstall() inside an installed Paddle."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddlemend import catalogue
from paddlemend.kernels import installation

CHANGED_SIGNATURE = Path("tests/phi/changed_signature.so").absolute()


def accepts_minus_2() -> bool:
    """Whether expand shows the wheel's defect: the marker of which kernel runs."""
    try:
        paddle.expand(paddle.ones([1, 3]), [-2, 3])
    except ValueError:
        return False
    return True


def state_of(name: str) -> paddlemend.OperatorStatus:
    return next(entry for entry in paddlemend.status().operators if entry.name == name)


@in_child
def test_nothing_changes_before_install():
    assert accepts_minus_2()
    assert {entry.state for entry in paddlemend.status().operators} == {"stock"}
    assert state_of("expand").reason == "not installed"


@in_child
def test_install_replaces_every_operator_of_the_catalogue():
    paddlemend.install()
    assert not accepts_minus_2()
    for operator in catalogue.OPERATORS:
        status = state_of(operator.name)
        assert status.state == "replaced"
        for kernel in operator.phi_kernels:
            if not kernel.where_present:
                assert set(status.kernels[kernel.name]) == set(kernel.dtypes)


@in_child
def test_a_guarded_kernel_is_that_of_the_wheel_where_there_is_one():
    paddlemend.install()
    kernels = state_of("index_put").kernels
    expected = set() if paddle.__version__ in ("3.0.0", "3.1.0") else {"guarded"}
    assert set(kernels.get("index_elementwise_put", {}).values()) == expected


@in_child
def test_the_adapter_offers_exactly_the_kernels_of_the_catalogue():
    paddlemend.install()
    offered = installation.loaded_adapter().offered_kernels()
    assert offered == {
        (operator.name, kernel.name)
        for operator in catalogue.OPERATORS
        for kernel in operator.phi_kernels
    }


@in_child
def test_a_second_install_changes_nothing():
    paddlemend.install()
    before = paddlemend.status()
    paddlemend.install()
    assert paddlemend.status() == before
    with paddlemend.stock():
        assert accepts_minus_2()  # the wheel's kernel is still known: ours did not replace itself


@in_child
def test_install_of_one_operator_leaves_the_others():
    paddlemend.install(kernels=["index_add"])
    assert accepts_minus_2()
    assert state_of("expand").state == "stock"
    paddlemend.install(kernels=["expand"])
    assert not accepts_minus_2()
    replaced = [entry.name for entry in paddlemend.status().operators if entry.state == "replaced"]
    assert replaced == ["expand", "index_add"]


@pytest.mark.parametrize("kernels", [["expnad"], "expand"])
def test_install_refuses_names_that_are_not_in_the_catalogue(kernels):
    with pytest.raises(ValueError, match=r"kernels (names 'expnad'|is the string 'expand')"):
        paddlemend.install(kernels=kernels)


@in_child
def test_stock_blocks_nest():
    paddlemend.install()
    with paddlemend.stock():
        with paddlemend.stock():
            assert accepts_minus_2()
        assert accepts_minus_2()
        assert state_of("expand").reason == "switched off"
    assert not accepts_minus_2()


@in_child
def test_stock_ends_when_the_block_raises():
    paddlemend.install()
    with pytest.raises(KeyError), paddlemend.stock():
        raise KeyError
    assert not accepts_minus_2()


@in_child
def test_a_dtype_that_we_added_is_not_registered_inside_stock():
    paddlemend.install()
    x = paddle.ones([2, 3], "int8")
    index = paddle.to_tensor([0])
    with paddlemend.stock(), pytest.raises(RuntimeError, match=r"int8.*not registered"):
        paddle.index_add(x, index, 0, x[:1])
    assert paddle.index_add(x, index, 0, x[:1]).numpy()[0, 0] == 2


@in_child
def test_uninstall_gives_the_operators_back_and_install_takes_them_again():
    paddlemend.install()
    paddlemend.uninstall()
    assert accepts_minus_2()
    assert {entry.state for entry in paddlemend.status().operators} == {"stock"}
    paddlemend.install()
    assert not accepts_minus_2()


@in_child
def test_uninstall_and_stock_without_install_do_nothing():
    paddlemend.uninstall()
    with paddlemend.stock():
        assert accepts_minus_2()


@in_child
def test_a_static_program_that_ran_before_install_keeps_its_kernels():
    paddle.enable_static()
    executor = paddle.static.Executor(paddle.CPUPlace())

    def expansion():
        program = paddle.static.Program()
        with paddle.static.program_guard(program):
            x = paddle.static.data("x", [-1, 3], "float32")
            return program, paddle.expand(x, [-2, 3])

    def run(program, out):
        executor.run(program, feed={"x": np.ones((1, 3), np.float32)}, fetch_list=[out])

    earlier = expansion()
    run(*earlier)
    paddlemend.install()
    run(*earlier)
    with pytest.raises(ValueError, match=r"shape\[0\] is -2"):
        run(*expansion())


@in_child
def test_stock_may_be_toggled_while_other_threads_call_operators():
    paddlemend.install()
    x = paddle.to_tensor(np.arange(12, dtype=np.float32).reshape(4, 3))
    index = paddle.to_tensor([1, 3, 1])
    expected = x.numpy().copy()
    np.add.at(expected, [1, 3, 1], x.numpy()[:3])
    stop = threading.Event()
    failures: list[BaseException] = []

    def call() -> None:
        try:
            while not stop.is_set():
                np.testing.assert_array_equal(
                    paddle.index_add(x, index, 0, x[:3]).numpy(), expected
                )
                assert paddle.expand(x[:1], [5, 3]).shape[0] == 5
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        with paddlemend.stock():
            pass
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert not accepts_minus_2()


@in_child
def test_a_process_forked_after_install_runs_our_kernels():
    os.environ["OMP_NUM_THREADS"] = "2"
    paddlemend.install()
    x = paddle.ones([512, 1024])
    index = paddle.arange(512)
    paddle.index_add(x, index, 0, x)  # large enough to start the threads that a fork loses
    pid = os.fork()
    if pid == 0:
        right = float(paddle.index_add(x, index, 0, x).numpy().sum()) == 2 * 512 * 1024
        os._exit(0 if right and not accepts_minus_2() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize("version", ["3.4.0", "2.6.2", "0.0.0", "3.0.0-beta1"])
def test_an_unknown_version_is_refused_in_one_line(version, monkeypatch):
    monkeypatch.setattr(paddle, "__version__", version)
    with pytest.raises(paddlemend.UnsupportedPaddleError) as refusal:
        paddlemend.install()
    assert f"Paddle {version} is not supported" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert accepts_minus_2()
    assert state_of("expand").reason == str(refusal.value)


@in_child
def test_a_gpu_build_is_refused():
    paddle.is_compiled_with_cuda = lambda: True
    with pytest.raises(paddlemend.UnsupportedPaddleError, match="GPU build"):
        paddlemend.install()
    assert accepts_minus_2()


@in_child
def test_another_patch_release_of_a_known_version_is_accepted():
    minor = paddle.__version__.rsplit(".", 1)[0]
    paddle.__version__ = f"{minor}.99"
    paddlemend.install()
    assert not accepts_minus_2()


@in_child
def test_an_operator_whose_signature_changed_stays_stock_and_the_others_are_mended():
    ctypes.CDLL(str(CHANGED_SIGNATURE)).change_signature(b"expand_grad")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        paddlemend.install()
    assert any("leaves expand as it is" in str(warning.message) for warning in caught)
    assert accepts_minus_2()
    assert state_of("expand").state == "stock"
    assert "expand_grad: signature changed" in state_of("expand").reason
    assert state_of("index_add").state == "replaced"


@in_child
def test_a_second_copy_of_the_adapter_is_refused():
    paddlemend.install()
    installation._adapter = None
    copy = Path(os.environ.get("TMPDIR", "/tmp")) / f"copy_of_paddlemend_{os.getpid()}"
    subprocess.run(
        ["cp", "-rL", str(Path(paddlemend.__file__).parent / "lib"), str(copy)], check=True
    )
    from paddlemend.kernels import library

    library.FOLDER, library.KERNELS = copy, copy / library.KERNELS.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paddlemend.install()
    subprocess.run(["rm", "-r", str(copy)], check=True)
    assert "another copy of paddlemend" in state_of("expand").reason


@in_child
def test_second_order_gradients_still_work():
    paddlemend.install()
    x = paddle.to_tensor(np.arange(3, dtype=np.float32).reshape(1, 3), stop_gradient=False)
    y = paddle.expand(x * x, [4, 3]).sum()
    (first,) = paddle.grad(y, x, create_graph=True)
    (second,) = paddle.grad(first.sum(), x)
    np.testing.assert_array_equal(first.numpy(), 8 * x.numpy())
    np.testing.assert_array_equal(second.numpy(), np.full((1, 3), 8, np.float32))


def run_cli(*words: str, **kwargs) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "paddlemend", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
        **kwargs,
    )


def test_the_status_command_shows_every_operator():
    result = run_cli("status")
    assert result.returncode == 0, result.stderr
    for operator in catalogue.OPERATORS:
        assert f"{operator.name}" in result.stdout
    assert "replaced" in result.stdout


def test_the_run_command_mends_paddle_for_the_script_and_hands_it_its_arguments(tmp_path):
    (tmp_path / "neighbour.py").write_text("value = 7\n")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, neighbour, paddle\n"
        "try:\n    paddle.expand(paddle.ones([1, 3]), [-2, 3])\n"
        "except ValueError:\n    print('mended', neighbour.value, __name__, sys.argv[1:])\n"
        "sys.exit(3)\n"
    )
    result = run_cli("run", str(script), "--flag", "-x", "word")
    assert "mended 7 __main__ ['--flag', '-x', 'word']" in result.stdout, result.stderr
    assert result.returncode == 3


def test_the_run_command_refuses_a_script_that_does_not_exist():
    result = run_cli("run", "no_such_script.py")
    assert result.returncode == 2
    assert "script is 'no_such_script.py'; expected a Python file that exists" in result.stderr
