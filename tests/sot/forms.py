"""Ways to import inside a function, one entry each.

A form is a module of the sample package with a function `f(x)`, or `make()` that returns one. Its
`before(number)` runs before each call. It is called four times, by the interpreter and translated.
"""

from __future__ import annotations

from dataclasses import dataclass

_ANY = None


@dataclass(frozen=True)
class Form:
    """`graphs` is the number of graphs that each call runs.

    None leaves it open: the form cannot be one graph everywhere, and `why` says so.
    """

    name: str
    source: str
    graphs: int | None = 1
    why: str = ""


def _form(name: str, source: str, graphs: int | None = 1, why: str = "") -> Form:
    import sample_package

    return Form(name, sample_package.dedented(source), graphs, why)


def _body(name: str, *lines: str, graphs: int | None = 1, why: str = "", head: str = "") -> Form:
    body = "\n".join(f"    {line}" for line in lines)
    return Form(name, f"{head}\ndef f(x):\n{body}\n", graphs, why)


_PLAIN = [
    _body("import_module", "import math", "return x * math.pi"),
    _body("import_builtin_attribute", "import numpy as np", "return x * np.pi"),
    _body("import_numpy_call", "import numpy as np", "return x * float(np.sqrt(4.0))"),
    _body("import_paddle", "import paddle", "return paddle.add(x, x)"),
    _body("import_functional", "import paddle.nn.functional as F", "return F.relu(x)"),
    _body("import_dotted", "import os.path", "return x * len(os.path.sep)"),
    _body("import_dotted_as", "import os.path as p", "return x * len(p.sep)"),
    _body("import_dotted_user", "import formpkg.sub.leaf", "return x * formpkg.sub.leaf.V"),
    _body("import_dotted_as_user", "import formpkg.sub.leaf as leaf", "return x * leaf.V"),
    _body("import_deep_as", "import formpkg.sub.deep.leaf as leaf", "return x * leaf.SIBLING"),
    _body("import_several", "import math, cmath as c, os.path", "return x * math.pi * c.e"),
    _body("from_constant", "from math import pi", "return x * pi"),
    _body("from_user_constant", "from formpkg.consts import K", "return x * K"),
    _body("from_module", "from formpkg.sub import leaf", "return leaf.double(x) * leaf.V"),
    _body("from_function_as", "from formpkg.consts import scale as s", "return s(x)"),
    _body("from_several", "from formpkg.consts import K, FLAG, scale", "return scale(x, K) + FLAG"),
    _body(
        "from_parenthesised",
        "from formpkg.consts import (",
        "    K,",
        "    scale as s,",
        ")",
        "return s(x, K)",
    ),
    _body("from_paddle", "from paddle.nn import functional as F", "return F.relu(x)"),
    _body("from_class", "from formpkg.consts import Config", "return x * Config.scale"),
    _body("from_table", "from formpkg.consts import TABLE", "return x * TABLE[1]"),
    _body("from_submodule_name", "from formpkg import sub", "return x * sub.S"),
    _body(
        "not_finite",
        "import math",
        "from formpkg.consts import INF",
        "y = x * 2.0",
        "return y + (0.0 if math.nan != math.nan and INF > 1 else 1.0)",
    ),
    _body("infinity_in_graph", "import math", "return x + math.inf"),
    _body(
        "two_of_one",
        "import formpkg.sub.leaf, formpkg.consts",
        "return x * formpkg.sub.leaf.V * formpkg.consts.K",
    ),
    _body("import_only", "import math", "return x + 1.0"),
    _body("unused_import", "import formpkg.effects", "return x + 1.0"),
    _body("in_expression_of_call", "from operator import mul", "return mul(x, 2.0)"),
    _body("reimport", "import math", "import math", "return x * math.pi"),
]

_RELATIVE = [
    _body("relative_module", "from . import sibling", "return x * sibling.V"),
    _body("relative_module_as", "from . import sibling as s", "return x * s.V"),
    _body("relative_name", "from .sibling import V", "return x * V"),
    _body("relative_package_name", "from . import V", "return x * V"),
    _body("relative_parent", "from .. import TOP", "return x * TOP"),
    _body("relative_parent_module", "from .. import consts", "return x * consts.K"),
    _body("relative_parent_name", "from ..consts import K, scale as s", "return s(x, K)"),
    _body("relative_cousin", "from ..sub.leaf import V", "return x * V"),
    _body("relative_unloaded", "from ..sub import unloaded", "return x * unloaded.V"),
    _body("relative_deep", "from ..sub.deep import leaf", "return x * leaf.V"),
    _body(
        "relative_beyond",
        "try:",
        "    from .... import nothing",
        "except ImportError as e:",
        "    return x + 1.0, str(e), e.name, e.path",
    ),
    _body(
        "relative_without_package",
        "try:",
        "    from . import sibling",
        "except ImportError as e:",
        "    return x + 1.0, str(e)",
        "return x",
        head="__package__ = ''\n__spec__ = None\n__name__ = 'alone'",
        graphs=_ANY,
        why="the package has to be guarded, and there is none",
    ),
    _body(
        "relative_by_name",
        "from . import sibling",
        "return x * sibling.V",
        head="__package__ = None\n__spec__ = None",
    ),
]

_PLACES = [
    _form(
        "nested_function",
        """
        def f(x):
            def inner(y):
                import math
                return y * math.pi
            return inner(x)
    """,
    ),
    _form(
        "closure",
        """
        def f(x):
            import math
            def inner(y):
                return y * math.pi
            return inner(x)
    """,
    ),
    _form(
        "outer_closure",
        """
        def make():
            import math
            k = 2.0
            def f(x):
                from math import e
                return x * math.pi * k * e
            return f
    """,
    ),
    _form(
        "lambda_over_import",
        """
        def f(x):
            import math
            return (lambda y: y * math.pi)(x)
    """,
    ),
    _form("lambda_calls_import", "f = lambda x: x * __import__('math').pi\n"),
    _form(
        "for_loop",
        """
        def f(x):
            for i in range(3):
                import math
                x = x * math.pi + i
            return x
    """,
    ),
    _form(
        "for_loop_list",
        """
        def f(x):
            for k in [1.0, 2.0]:
                from math import e
                x = x * e + k
            return x
    """,
    ),
    _form(
        "while_loop",
        """
        def f(x):
            i = 0
            while i < 3:
                import math
                x = x * math.pi
                i += 1
            return x
    """,
    ),
    _form(
        "if_constant",
        """
        USE = True
        def f(x):
            if USE:
                import math
                return x * math.pi
            from math import e
            return x * e
        def before(number):
            global USE
            USE = number != 2
    """,
    ),
    _form(
        "if_tensor",
        """
        def f(x):
            if x.sum() > 0:
                import math
                return x * math.pi
            from math import e
            return x * e
    """,
        _ANY,
        "breaks at the tensor",
    ),
    _form(
        "conditional_expression",
        """
        def f(x):
            import math
            return x * (math.pi if math.pi > 3 else math.e)
    """,
    ),
    _form(
        "list_comprehension",
        """
        def f(x):
            import math
            return sum([x * math.pi * i for i in range(3)])
    """,
        _ANY,
        "sum() of tensors",
    ),
    _form(
        "list_comprehension_items",
        """
        def f(x):
            import math
            values = [x * math.pi * i for i in range(3)]
            return values[0] + values[1] + values[2]
    """,
    ),
    _form(
        "comprehension_keeps_variable",
        """
        def f(x):
            import math
            i = 10.0
            values = [x * i for i in range(3)]
            return values[1] * i + math.pi
    """,
    ),
    _form(
        "dict_comprehension",
        """
        def f(x):
            import math
            values = {i: x * math.pi * i for i in range(3)}
            return values[1] + values[2]
    """,
    ),
    _form(
        "generator_expression",
        """
        def f(x):
            import math
            return list(x * math.pi for _ in range(2))
    """,
        _ANY,
        "Paddle cannot translate generator expressions",
    ),
    _form(
        "generator",
        """
        def values(x):
            import math
            yield x * math.pi
            yield x * math.e
        def f(x):
            total = x
            for value in values(x):
                total = total + value
            return total
    """,
        _ANY,
        "depends on the Paddle",
    ),
    _form(
        "with_no_grad",
        """
        import paddle
        def f(x):
            with paddle.no_grad():
                import math
                return x * math.pi
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "class_body",
        """
        def f(x):
            class Local:
                import math
                k = math.pi
            return x * Local.k
    """,
        _ANY,
        "class bodies",
    ),
    _form(
        "method",
        """
        class Model:
            def run(self, x):
                from math import pi
                return x * pi
        model = Model()
        def f(x):
            return model.run(x)
    """,
    ),
    _form(
        "class_method",
        """
        class Model:
            @classmethod
            def run(cls, x):
                from math import pi
                return x * pi
        def f(x):
            return Model.run(x)
    """,
        _ANY,
        "depends on the Paddle",
    ),
    _form(
        "static_method",
        """
        class Model:
            @staticmethod
            def run(x):
                from math import pi
                return x * pi
        def f(x):
            return Model.run(x)
    """,
    ),
    _form(
        "dunder_call",
        """
        class Model:
            def __call__(self, x):
                import math
                return x * math.pi
        model = Model()
        def f(x):
            return model(x)
    """,
    ),
    _form(
        "layer_forward",
        """
        import paddle
        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.linear = paddle.nn.Linear(2, 2)
            def forward(self, x):
                import paddle.nn.functional as F
                return F.relu(self.linear(x))
        net = Net()
        def f(x):
            return net(x)
    """,
    ),
    _form(
        "layer_forward_direct",
        """
        import paddle
        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.linear = paddle.nn.Linear(2, 2)
            def forward(self, x):
                import paddle.nn.functional as F
                try:
                    import absent_module
                except ImportError:
                    fast = False
                return F.relu(self.linear(x)) if not fast else x
        net = Net()
        def make():
            return net.forward
    """,
    ),
    _form(
        "helper_absolute",
        """
        from ..helpers import absolute
        def f(x):
            return absolute(x)
    """,
    ),
    _form(
        "helper_relative",
        """
        from .. import helpers
        def f(x):
            return helpers.relative(x)
    """,
    ),
    _form(
        "helper_chain",
        """
        from ..helpers import chain
        def f(x):
            return chain(x)
    """,
    ),
    _form(
        "helper_missing",
        """
        from ..helpers import missing
        def f(x):
            return missing(x) + 1.0
    """,
    ),
    _form(
        "helper_imported_inside",
        """
        def f(x):
            from ..helpers import chain
            return chain(x)
    """,
    ),
    _form(
        "helper_raising_caught",
        """
        def f(x):
            from ..helpers import raising
            try:
                y = raising(x)
            except ImportError:
                y = x + 2.0
            return y
    """,
    ),
    _form(
        "helper_with_foreign_global",
        """
        from .. import helpers
        def f(x):
            return helpers.with_global(x), helpers.borrowed.__name__, "borrowed" in globals()
    """,
        _ANY,
        "the global variable is another module's",
    ),
    _form(
        "type_checking",
        """
        from typing import TYPE_CHECKING
        def f(x):
            if TYPE_CHECKING:
                import absent_module
            import math
            return x * math.pi
    """,
    ),
    _form(
        "default_arguments",
        """
        def f(x, k=2.0, *rest, scale=3.0, **others):
            from formpkg.consts import K
            try:
                import absent_module
            except ImportError:
                pass
            return x * k * scale * K + len(rest) + len(others)
    """,
    ),
    _form(
        "recursion",
        """
        def f(x, depth=3):
            from math import pi
            return f(x * pi, depth - 1) if depth else x
    """,
    ),
]

_NAMES = [
    _form(
        "global_statement",
        """
        def f(x):
            global m
            import math as m
            return x * m.pi
    """,
    ),
    _form(
        "global_statement_seen",
        """
        def f(x):
            global pi, leaf
            from math import pi
            import formpkg.sub.leaf as leaf
            return other(x)
        def other(x):
            return x * pi * leaf.V
    """,
    ),
    _form(
        "global_in_nested",
        """
        def f(x):
            def inner(y):
                global m
                import math as m
                return y * m.pi
            return inner(x), m.e
    """,
        _ANY,
        "a function made in the frame has globals of its own for Paddle",
    ),
    _form(
        "nonlocal_statement",
        """
        def f(x):
            m = None
            def inner(y):
                nonlocal m
                import math as m
                return y * m.pi
            y = inner(x)
            return y * m.e
    """,
        _ANY,
        "depends on the Paddle",
    ),
    _form(
        "name_clash",
        """
        math = 5.0
        def f(x):
            y = x * math
            return g(y)
        def g(y):
            import math
            return y * math.pi
    """,
    ),
    _form(
        "parameter_clash",
        """
        def f(x, math=None):
            import math
            return x * math.pi
    """,
    ),
    _form(
        "delete_and_import_again",
        """
        def f(x):
            import math
            y = x * math.pi
            del math
            from math import e as math
            return y * math
    """,
    ),
    _form(
        "unbound_before",
        """
        def f(x):
            try:
                y = x * math.pi
            except UnboundLocalError as e:
                y = x
            import math
            return y * math.pi
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "shadows_builtin",
        """
        def f(x):
            from formpkg.consts import scale as abs
            return abs(x)
    """,
    ),
    _form(
        "star_by_exec",
        """
        def f(x):
            scope = {}
            exec("from formpkg.consts import *", scope)
            return x * scope["K"]
    """,
        _ANY,
        "exec",
    ),
    _form(
        "returns_module",
        """
        def f(x):
            import math
            return x * math.pi, math
    """,
    ),
    _form(
        "module_in_list",
        """
        def f(x):
            import math, cmath
            modules = [math, cmath]
            return x * modules[0].pi * modules[1].e
    """,
    ),
    _form(
        "module_in_dict_returned",
        """
        def f(x):
            import math
            return {"m": math, "y": x * math.pi}
    """,
    ),
    _form(
        "attribute_shadows_submodule",
        """
        def f(x):
            from formpkg.shadow import leaf
            return x * leaf
        import formpkg.shadow.leaf
        formpkg.shadow.leaf = 21.0
    """,
    ),
    _form(
        "submodule_attribute",
        """
        def f(x):
            import formpkg
            import formpkg.sub.leaf
            return x * formpkg.sub.leaf.V * formpkg.TOP
    """,
    ),
    _form(
        "namespace_package",
        """
        def f(x):
            from formpkg.namespace import part
            import formpkg.namespace
            return x * part.V * formpkg.namespace.part.V
    """,
    ),
    _form(
        "missing_attribute",
        """
        def f(x):
            import math
            return x * math.nothing
    """,
        _ANY,
        "raises",
    ),
    _form(
        "missing_attribute_caught",
        """
        def f(x):
            import math
            try:
                k = math.nothing
            except AttributeError as e:
                return x + 1.0, str(e)
            return x * k
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "hasattr_of_module",
        """
        def f(x):
            import math
            return x * (2.0 if hasattr(math, "nothing") else 3.0) * getattr(math, "zip", 4.0)
    """,
        _ANY,
        "an attribute that is not there",
    ),
    _form(
        "sets_attribute",
        """
        def f(x):
            import formpkg.consts as c
            c.K = 4.0
            from formpkg.consts import K
            return x * K * c.K
    """,
        _ANY,
        "depends on the Paddle",
    ),
]

FORMS = [*_PLAIN, *_RELATIVE, *_PLACES, *_NAMES]
