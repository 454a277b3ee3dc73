"""install() and uninstall() of the import handlers; functions without imports notice nothing."""

from __future__ import annotations

import importlib
import sys
import threading
import types

import paddle
from isolation import in_child
from paddlemend.sot import installation
from trial import Counter


def function_with_import(x):
    import math

    return x * math.pi


def function_without_import(x):
    return x * 2.0 + 1.0


def function_with_try_without_import(x):
    try:
        return x * 2.0
    except ValueError:
        return x


def translate(function):
    from paddle.jit.sot import symbolic_translate

    return symbolic_translate(function)


def tensor():
    return paddle.to_tensor([1.0, 2.0])


def graphs_of(function):
    counter = Counter()
    function(tensor())
    return counter.count


EXECUTOR = "paddle.jit.sot.opcode_translator.executor"


def sot_state():
    """Every function and class of the translator's modules, and every member of the classes."""
    state = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith("paddle.jit.sot") or module is None:
            continue
        for attribute, value in vars(module).items():
            if callable(value):
                state[name, attribute] = id(value)
            if isinstance(value, type) and value.__module__.startswith("paddle.jit.sot"):
                state.update(
                    {
                        (value, each): id(member)
                        for each, member in vars(value).items()
                        if callable(member) or isinstance(member, (property, staticmethod))
                    }
                )
            if isinstance(value, types.FunctionType):
                state[value, "__code__"] = id(value.__code__)
    return state


def factory_state():
    from paddle.jit.sot.opcode_translator.executor.variables import VariableFactory

    names = VariableFactory.registered_funcs
    return {key: list(each) for key, each in names.items()}, set(VariableFactory.mapping_str_func)


@in_child
def test_uninstall_restores_every_attribute():
    translate(function_without_import)(tensor())  # what Paddle sets up at first use is there
    importlib.import_module(f"{EXECUTOR}.opcode_inline_executor")  # and at the first call within
    before, registered, finders = sot_state(), factory_state(), list(sys.meta_path)
    installation.install()
    assert sot_state() != before
    translate(function_with_import)(tensor())
    installation.uninstall()
    after = sot_state()
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert factory_state() == registered
    assert sys.meta_path == finders


@in_child
def test_the_handlers_follow_when_paddle_imports_sot():
    installation.install()
    assert installation.state() == "on"
    assert graphs_of(translate(function_with_import)) == 1


@in_child
def test_uninstall_before_sot_is_imported_leaves_it_stock():
    installation.install()
    installation.uninstall()
    assert graphs_of(translate(function_with_import)) == 0
    assert installation.state() == "off"


@in_child
def test_install_and_uninstall_take_turns():
    translated = translate(function_with_import)
    assert graphs_of(translated) == 0
    for _ in range(2):
        installation.install()
        installation.install()
        assert graphs_of(translated) == 1
        installation.uninstall()
        assert graphs_of(translated) == 0


@in_child
def test_a_reference_to_symbolic_translate_taken_before_is_mended():
    from paddle.jit.sot import symbolic_translate

    def function(x):
        try:
            import absent_module
        except ImportError:
            absent_module = None
        return x + 1.0 if absent_module is None else x

    installation.install()
    assert graphs_of(symbolic_translate(function)) == 1


@in_child
def test_functions_without_imports_have_the_guards_of_stock():
    assert _guards() == _guards_after_install()


def _guards():
    from paddle.jit.sot.opcode_translator.executor.executor_cache import OpcodeExecutorCache

    expressions = []
    for function in (function_without_import, function_with_try_without_import):
        translate(function)(tensor())
        entry = OpcodeExecutorCache().cache.get(function.__code__)
        entries = entry[0] if isinstance(entry, tuple) else entry or []
        expressions.append([guard.inlined_expr for _, guard in entries])
    OpcodeExecutorCache().clear()
    return expressions


def _guards_after_install():
    installation.install()
    return _guards()


@in_child
def test_several_threads_get_what_the_interpreter_gives():
    installation.install()
    functions = [_numbered(number) for number in range(4)]
    translated = [translate(function) for function in functions]
    _run_in_threads(functions, translated, calls=5)
    assert [graphs_of(each) for each in translated] == [1] * 4  # once no other thread is left


@in_child
def test_several_threads_run_the_graphs_of_what_is_translated():
    installation.install()
    functions = [_numbered(number) for number in range(4)]
    translated = [translate(function) for function in functions]
    assert [graphs_of(each) for each in translated] == [1] * 4
    counter = Counter()
    _run_in_threads(functions, translated, calls=50)
    assert counter.count == 8 * 50


def _run_in_threads(functions, translated, calls):
    """Two threads call each function; all that it gives is compared with the interpreter's."""
    expected = [function(tensor()).numpy().tolist() for function in functions]
    results, errors = [], []

    def work(number):
        try:
            for _ in range(calls):
                value = translated[number](tensor()).numpy().tolist()
                results.append((number, value))
        except BaseException as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=work, args=(number % 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(results) == 8 * calls
    assert [value for number, value in results if value != expected[number]] == []


def _numbered(number):
    scope = {}
    exec(
        f"def f(x):\n    import math\n    try:\n        import absent_{number}\n"
        f"    except ImportError:\n        k = {number}.0\n    return x * math.pi + k\n",
        scope,
    )
    return scope["f"]


@in_child
def test_an_import_that_waits_for_another_thread_does_not_stop_translations():
    installation.install()
    entered, leave = threading.Event(), threading.Event()
    loader = types.SimpleNamespace(
        create_module=lambda spec: None,
        exec_module=lambda module: (entered.set(), leave.wait(30)),
    )
    from importlib.machinery import ModuleSpec

    class Finder:
        @staticmethod
        def find_spec(name, path, target=None):
            return ModuleSpec(name, loader) if name == "virtual_slow" else None

    sys.meta_path.insert(0, Finder)

    def slow(x):
        import virtual_slow

        return x + 1.0 if virtual_slow else x

    thread = threading.Thread(target=lambda: translate(slow)(tensor()))
    thread.start()
    assert entered.wait(30)
    assert translate(function_with_import)(tensor()).shape == [2]  # by the interpreter
    leave.set()
    thread.join(30)
    assert not thread.is_alive()
    assert graphs_of(translate(function_with_import)) == 1


@in_child
def test_layers_under_to_static_are_one_graph():
    installation.install()

    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.linear = paddle.nn.Linear(2, 2)

        def forward(self, x):
            try:
                import absent_module
            except ImportError:
                import paddle.nn.functional as functional
            else:
                functional = absent_module
            return functional.relu(self.linear(x)).sum()

    net = Net()
    expected = net(tensor())
    static = paddle.jit.to_static(net, full_graph=False)
    for _ in range(3):
        counter = Counter()
        found = static(tensor())
        assert counter.count == 1
        assert float(found) == float(expected)
    found.backward()
    assert net.linear.weight.grad is not None


@in_child
def test_a_function_that_is_called_while_a_module_is_imported_is_translated():
    installation.install()
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

    translated = translate(function_with_import)
    counts = []

    class Calling(Loader):
        def create_module(self, spec):
            return None

        def exec_module(self, module):
            counts.append(graphs_of(translated))

    finder = types.SimpleNamespace(
        find_spec=lambda name, path, target=None: (
            ModuleSpec(name, Calling()) if name == "virtual_calling" else None
        )
    )
    sys.meta_path.insert(0, finder)
    __import__("virtual_calling")
    assert counts == [1]
