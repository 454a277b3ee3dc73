"""What functions do with what they import, and with the functions that import."""

from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "nonlocal_two",
        """
        def f(x):
            m = k = None
            def a():
                nonlocal m
                def b():
                    nonlocal k
                    from math import e as k
                b()
                import math as m
            a()
            return x * m.pi * k
    """,
    ),
    _form(
        "global_del",
        """
        def f(x):
            global gm
            import math as gm
            y = x * gm.pi
            del gm
            return y, "gm" in globals()
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "global_function_clash",
        """
        def scale(x):
            return x * 100.0
        def f(x):
            y = scale(x)
            g()
            return y + scale(x)
        def g():
            global scale
            from formpkg.consts import scale
    """,
    ),
    _form(
        "local_shadow_of_paddle",
        """
        import paddle
        def f(x):
            import formpkg.consts as paddle
            return paddle.scale(x)
    """,
    ),
    _form(
        "dunder_import_kwargs",
        """
        def f(x):
            return x * __import__("formpkg.sub.leaf", fromlist=["V"]).V
    """,
    ),
    _form(
        "dunder_import_positional",
        """
        def f(x):
            return x * __import__("formpkg.sub.leaf", None, None, ("V",), 0).V
    """,
    ),
    _form(
        "dunder_import_star",
        """
        def f(x):
            m = __import__("formpkg.sub", fromlist=("*",))
            return x * m.S
    """,
    ),
    _form(
        "dunder_import_level",
        """
        def f(x):
            m = __import__("sub.leaf", globals(), locals(), ["V"], 2)
            return x * m.V
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "dunder_import_level1",
        """
        def f(x):
            m = __import__("", globals(), None, ["sibling"], 1)
            return x * m.sibling.V
    """,
    ),
    _form(
        "dunder_import_missing",
        """
        def f(x):
            try:
                m = __import__("absent_module")
            except ImportError as e:
                return x + 1.0, e.name
    """,
    ),
    _form(
        "dunder_import_missing_from",
        """
        def f(x):
            m = __import__("formpkg.sub", fromlist=["nonexistent"])
            return x * m.S, hasattr(m, "nonexistent")
    """,
    ),
    _form(
        "builtins_dunder_import",
        """
        import builtins
        def f(x):
            return x * builtins.__import__("math").pi
    """,
    ),
    _form(
        "star_all",
        """
        import pathlib, formpkg
        p = pathlib.Path(formpkg.__path__[0], "starp"); p.mkdir()
        (p/"__init__.py").write_text("__all__ = ['one', 'K']\\nK=1.5\\n")
        (p/"one.py").write_text("from formpkg.log import LOG\\nLOG.append('one')\\nV=2.0\\n")
        def f(x):
            m = __import__("formpkg.starp", fromlist=("*",))
            return x * m.one.V * m.K
    """,
    ),
    _form(
        "importlib_alias",
        """
        import importlib as il
        def f(x):
            m = il.import_module(name="math")
            return x * m.pi
    """,
    ),
    _form(
        "import_module_package_kw",
        """
        import importlib
        def f(x):
            m = importlib.import_module("..sub.leaf", package="formpkg.forms")
            return x * m.V
    """,
    ),
    _form(
        "import_module_side_effect",
        """
        import importlib
        from formpkg.log import LOG
        def f(x):
            LOG.append("a")
            m = importlib.import_module("formpkg.effects")
            LOG.append("b")
            return x * m.K
    """,
    ),
    _form(
        "import_module_loop",
        """
        import importlib
        def f(x):
            for n in ("math", "cmath"):
                x = x * importlib.import_module(n).pi
            return x
    """,
    ),
    _form(
        "import_module_getattr",
        """
        import importlib
        def f(x):
            return x * getattr(importlib.import_module("math"), "pi")
    """,
    ),
    _form(
        "import_module_missing_try_chain",
        """
        import importlib
        def load():
            for n in ("absent_module", "absent_b", "math"):
                try:
                    return importlib.import_module(n)
                except ImportError:
                    continue
        def f(x):
            return x * load().pi
    """,
    ),
    _form(
        "tensor_guard_shapes",
        """
        import paddle
        N = 0
        def f(x, y):
            from formpkg.consts import K
            return (y * K).sum() + x
        def arguments():
            return (paddle.ones([N + 1, 2]),)
        def before(number):
            global N
            N = number
    """,
    ),
    _form(
        "training_flag",
        """
        import paddle
        class Net(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.d = paddle.nn.Dropout(1.0)
            def forward(self, x):
                from paddle.nn.functional import relu
                return self.d(relu(x))
        n = Net()
        def make():
            return n.forward
        def before(number):
            n.train() if number % 2 else n.eval()
    """,
    ),
    _form(
        "kwargs_call",
        """
        def g(x, *a, **k):
            from formpkg.consts import scale
            return scale(x, **k) + sum(a)
        def f(x):
            return g(x, 1.0, 2.0, factor=5.0)
    """,
    ),
    _form(
        "returns_function",
        """
        def f(x):
            from formpkg.consts import scale
            return scale(x), scale
    """,
    ),
    _form(
        "returns_closure",
        """
        def f(x):
            import math
            def g(y):
                return y * math.pi
            return g(x), g
    """,
    ),
    _form(
        "returns_class",
        """
        def f(x):
            from formpkg.consts import Config
            return x, Config
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "module_as_arg",
        """
        def g(m, x):
            return x * m.pi
        def f(x):
            import math
            return g(math, x)
    """,
    ),
    _form(
        "module_compare",
        """
        import math as top
        def f(x):
            import math
            return x + 1.0 if math is top else x - 1.0
    """,
    ),
    _form(
        "module_eq_none",
        """
        def f(x):
            import math
            if math is not None and math:
                return x * math.pi
            return x
    """,
    ),
    _form(
        "module_isinstance",
        """
        import types
        def f(x):
            import math
            return x + 1.0 if isinstance(math, types.ModuleType) else x
    """,
    ),
    _form(
        "module_in_self",
        """
        class A: pass
        a = A()
        def f(x):
            import math
            a.m = math
            return x * a.m.pi
    """,
    ),
    _form(
        "module_in_dict_global",
        """
        D = {}
        def f(x):
            import math
            D["m"] = math
            return x * D["m"].pi
    """,
    ),
    _form(
        "tuple_unpack_modules",
        """
        def f(x):
            import math, cmath
            a, b = math, cmath
            a, b = b, a
            return x * a.e * b.pi
    """,
    ),
    _form(
        "ternary_import_call",
        """
        def f(x):
            m = __import__("math") if True else None
            return x * m.pi
    """,
    ),
    _form(
        "walrus",
        """
        def f(x):
            if (m := __import__("math")).pi > 3:
                return x * m.e
            return x
    """,
    ),
    _form(
        "import_in_default_arg",
        """
        def f(x, m=__import__("math")):
            import cmath
            return x * m.pi * cmath.e
    """,
    ),
    _form(
        "many_changes",
        """
        import formpkg.consts as c
        N = 0
        def f(x):
            global N
            N += 1
            from formpkg.consts import K
            return x * K + N
        def before(number):
            c.K = float(number)
    """,
    ),
    _form(
        "subclass_import_in_classmethod_super",
        """
        class A:
            @classmethod
            def k(cls):
                from math import pi
                return pi
        class B(A):
            @classmethod
            def k(cls):
                from math import e
                return super().k() * e
        def f(x):
            return x * B.k()
    """,
    ),
    _form(
        "static_and_instance",
        """
        class A:
            @staticmethod
            def s():
                from formpkg.consts import K
                return K
            def i(self):
                from .sibling import V
                return self.s() * V
        a = A()
        def f(x):
            return x * a.i()
    """,
    ),
    _form(
        "metaclass_call",
        """
        class M(type):
            def __call__(cls, x):
                import math
                return x * math.pi
        class A(metaclass=M): pass
        def f(x):
            return A(x)
    """,
    ),
    _form(
        "operator_overload",
        """
        class V:
            def __init__(self, x): self.x = x
            def __add__(self, o):
                import math
                return self.x * math.pi + o
        def f(x):
            return V(x) + 1.0
    """,
    ),
    _form(
        "map_filter",
        """
        def g(k):
            from math import floor
            return floor(k)
        def f(x):
            return x * sum(map(g, [1.5, 2.5]))
    """,
    ),
    _form(
        "sorted_key",
        """
        def g(k):
            from math import cos
            return cos(k)
        def f(x):
            return x * sorted([1.0, 2.0], key=g)[0]
    """,
    ),
    _form(
        "reduce_lambda",
        """
        def f(x):
            from functools import reduce
            from operator import mul
            return x * reduce(mul, [1.0, 2.0, 3.0])
    """,
    ),
    _form(
        "star_args_expr",
        """
        def f(x):
            from paddle import concat
            return concat(*([x, x],), **{"axis": 0})
    """,
    ),
    _form(
        "nested_tuple_import_from",
        """
        def f(x):
            from math import (pi, e,
                tau)
            return x * pi * e * tau
    """,
    ),
    _form(
        "import_twice_diff_level",
        """
        def f(x):
            from . import sibling
            from formpkg.forms import sibling as s2
            import formpkg.forms.sibling as s3
            return x * sibling.V * s2.V * s3.V
    """,
    ),
    _form(
        "loop_else_import",
        """
        def f(x):
            for i in range(2):
                x = x + i
            else:
                from formpkg.consts import K
            return x * K
    """,
    ),
    _form(
        "loop_over_modules",
        """
        def f(x):
            import math, cmath
            for m in (math, cmath):
                x = x * m.pi
            return x
    """,
    ),
    _form(
        "loop_import_break",
        """
        def f(x):
            for i in range(5):
                from formpkg.consts import K
                if i * K > 5:
                    break
                x = x + K
            return x
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "while_import_tensor_cond",
        """
        def f(x):
            i = 0
            while x.sum() < 50:
                from formpkg.consts import K
                x = x * K
                i += 1
            return x, i
    """,
        _ANY,
        "breaks at the tensor",
    ),
    _form(
        "if_tensor_import_both",
        """
        def f(x):
            if x.max() > 1.5:
                from formpkg.effects import K
            else:
                from formpkg.consts import K
            return x * K
    """,
        _ANY,
        "breaks at the tensor",
    ),
    _form(
        "match_stmt_import",
        """
        def f(x):
            import math
            if hasattr(math, "lcm"):
                return x * math.lcm(4, 6)
            return x
    """,
    ),
    _form(
        "del_local_error",
        """
        def f(x):
            import math
            del math
            try:
                return x * math.pi
            except UnboundLocalError as e:
                return x + 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "unbound_propagates",
        """
        def f(x):
            if x is None:
                import math
            return x * math.pi
    """,
        _ANY,
        "raises",
    ),
    _form(
        "unbound_after_except",
        """
        def f(x):
            try:
                import absent_module as m
            except ImportError:
                pass
            return x * m.K
    """,
        _ANY,
        "raises",
    ),
    _form(
        "name_error_global",
        """
        def f(x):
            from formpkg.consts import K
            return x * K * undefined_name
    """,
        _ANY,
        "raises",
    ),
    _form(
        "no_op_graph",
        """
        def f(x):
            import math
            return math.pi
    """,
        _ANY,
        "no operation of a graph",
    ),
    _form(
        "no_tensor_branch",
        """
        def g():
            try:
                import absent_module
                return True
            except ImportError:
                return False
        def f(x):
            return x + 1.0 if g() else x - 1.0
    """,
    ),
    _form(
        "cached_flag_module",
        """
        _has = None
        def has():
            global _has
            if _has is None:
                try:
                    import absent_module
                    _has = True
                except ImportError:
                    _has = False
            return _has
        def f(x):
            return x + 1.0 if has() else x - 1.0
    """,
    ),
    _form(
        "docstring_and_annotations",
        """
        def f(x):
            "Doc."
            import math
            k: float = math.pi
            return x * k
    """,
    ),
    _form(
        "string_methods",
        """
        def f(x):
            from string import ascii_letters
            return x * len(ascii_letters.upper())
    """,
    ),
    _form(
        "os_environ",
        """
        import os as _os
        def f(x):
            import os
            return x * float(os.environ.get("PM_TEST", "2.0"))
        def before(number):
            _os.environ["PM_TEST"] = str(float(number))
    """,
    ),
    _form(
        "os_environ_in",
        """
        import os as _os
        def f(x):
            import os
            return x * (2.0 if "PM_TEST" in os.environ else 3.0)
        def before(number):
            if number == 2:
                _os.environ["PM_TEST"] = "1"
    """,
    ),
    _form(
        "os_getenv",
        """
        import os as _os
        def f(x):
            from os import getenv
            return x * float(getenv("PM_TEST", "2.0"))
        def before(number):
            _os.environ["PM_TEST"] = str(float(number))
    """,
    ),
    _form(
        "time_import",
        """
        def f(x):
            import time
            t = time.time()
            return x + (1.0 if t > 0 else 0.0)
    """,
    ),
    _form(
        "random_import",
        """
        def f(x):
            import random
            random.seed(3)
            return x * random.random()
    """,
    ),
    _form(
        "random_noseed",
        """
        import random as r
        r.seed(5)
        def f(x):
            import random
            return x * random.random()
    """,
    ),
    _form(
        "random_uniform",
        """
        import random as r
        r.seed(5)
        def f(x):
            from random import uniform, randint
            return x * uniform(1.0, 2.0) + randint(1, 9)
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "np_random",
        """
        import numpy as np
        np.random.seed(3)
        def f(x):
            import numpy as np
            return x * float(np.random.rand())
    """,
    ),
    _form(
        "np_random_gen",
        """
        import numpy as _np
        _rng = _np.random.default_rng(3)
        import formpkg.consts as c
        c.rng = _rng
        def f(x):
            from formpkg.consts import rng
            return x * float(rng.random())
    """,
    ),
    _form(
        "time_perf_counter_step",
        """
        import formpkg.consts as c
        it = iter(range(100))
        c.tick = lambda: next(it)
        def f(x):
            from formpkg.consts import tick
            return x * tick()
    """,
    ),
    _form(
        "itertools_count",
        """
        import itertools, formpkg.consts as c
        c.counter = itertools.count(1)
        def f(x):
            from formpkg.consts import counter
            return x * next(counter)
    """,
    ),
    _form(
        "list_iter_obj",
        """
        import formpkg.consts as c
        c.it = iter([1.0, 2.0, 3.0, 4.0, 5.0])
        def f(x):
            from formpkg.consts import it
            return x * next(it)
    """,
    ),
    _form(
        "generator_obj",
        """
        import formpkg.consts as c
        def g():
            k = 1.0
            while True:
                k += 1.0
                yield k
        c.it = g()
        def f(x):
            from formpkg.consts import it
            return x * next(it)
    """,
    ),
    _form(
        "uuid_import",
        """
        def f(x):
            import uuid
            return x * (1.0 if len(str(uuid.uuid4())) == 36 else 2.0)
    """,
    ),
    _form(
        "logging_import",
        """
        from formpkg.log import LOG
        import logging as _l
        class H(_l.Handler):
            def emit(self, r): LOG.append(r.getMessage())
        _l.getLogger("t").addHandler(H())
        def f(x):
            import logging
            logging.getLogger("t").warning("hi %s", 3)
            return x + 1.0
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "warnings_import",
        """
        from formpkg.log import LOG
        import warnings as _w
        def show(message, category, filename, lineno, file=None, line=None):
            LOG.append((str(message), filename.split('/')[-1], lineno))
        _w.showwarning = show
        _w.simplefilter("always")
        def f(x):
            import warnings
            warnings.warn("careful")
            return x + 1.0
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "copy_deepcopy",
        """
        import formpkg.consts as c
        c.L = [1.0, [2.0]]
        def f(x):
            from copy import deepcopy
            from formpkg.consts import L
            m = deepcopy(L)
            m[1][0] = 5.0
            return x * L[1][0] * m[1][0]
    """,
    ),
    _form(
        "json_import",
        """
        def f(x):
            import json
            return x * json.loads("[1.0, 2.5]")[1]
    """,
    ),
    _form(
        "inspect_import",
        """
        def f(x):
            import inspect
            return x * len(inspect.signature(f).parameters)
    """,
    ),
    _form(
        "typing_import",
        """
        def f(x):
            from typing import List, Optional
            y: Optional[List[int]] = None
            return x + 1.0
    """,
    ),
    _form(
        "dataclass_import_inside",
        """
        def f(x):
            from dataclasses import dataclass
            @dataclass
            class P:
                a: float = 2.0
            return x * P().a
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "functools_wraps_inside",
        """
        def f(x):
            from functools import wraps
            def deco(fn):
                @wraps(fn)
                def w(y):
                    return fn(y) * 2.0
                return w
            @deco
            def g(y):
                return y + 1.0
            return g(x)
    """,
    ),
    _form(
        "operator_import",
        """
        def f(x):
            import operator
            return operator.add(x, operator.itemgetter(1)([1.0, 2.0]))
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "collections_import",
        """
        def f(x):
            from collections import OrderedDict, namedtuple
            d = OrderedDict(a=2.0)
            return x * d["a"]
    """,
    ),
    _form(
        "sys_version",
        """
        def f(x):
            import sys
            if sys.version_info >= (3, 8):
                return x + 1.0
            return x
    """,
    ),
    _form(
        "sys_platform",
        """
        def f(x):
            import sys
            return x + 1.0 if sys.platform == "linux" else x
    """,
    ),
    _form(
        "platform_import",
        """
        def f(x):
            import platform
            return x + 1.0 if platform.system() == "Linux" else x
    """,
    ),
    _form(
        "paddle_submodule_fn",
        """
        def f(x):
            import paddle.nn.functional as F
            from paddle.incubate import nn as inn
            return F.softmax(x) + F.gelu(x)
    """,
    ),
    _form(
        "paddle_distributed",
        """
        def f(x):
            import paddle.distributed as dist
            return x * dist.get_world_size()
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "paddle_flags",
        """
        def f(x):
            import paddle
            if paddle.is_compiled_with_cuda():
                return x
            return x + 1.0
    """,
    ),
    _form(
        "paddle_device",
        """
        def f(x):
            from paddle import device
            return x + 1.0 if device.get_device() == "cpu" else x
    """,
    ),
    _form(
        "paddle_get_flags",
        """
        def f(x):
            from paddle import get_default_dtype
            return x + 1.0 if get_default_dtype() == "float32" else x
    """,
    ),
    _form(
        "paddle_in_dynamic",
        """
        def f(x):
            from paddle import in_dynamic_mode
            return x + 1.0 if in_dynamic_mode() else x - 1.0
    """,
    ),
    _form(
        "paddle_rand_after_seed",
        """
        def f(x):
            import paddle
            paddle.seed(3)
            return x + paddle.rand([2])
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "paddle_to_tensor",
        """
        def f(x):
            import paddle
            return x + paddle.to_tensor([1.0, 2.0])
    """,
    ),
    _form(
        "numpy_ops",
        """
        def f(x):
            import numpy as np
            a = np.arange(2).astype("float32")
            return x + float(a.sum())
    """,
    ),
    _form(
        "paddle_nn_layer_inside",
        """
        def f(x):
            from paddle import nn
            act = nn.ReLU()
            return act(x)
    """,
    ),
    _form(
        "two_functions_same_module",
        """
        def a(x):
            from formpkg.consts import K
            return x * K
        def b(x):
            from formpkg.consts import K as Z
            return x + Z
        def f(x):
            return b(a(x))
    """,
    ),
    _form(
        "self_import",
        """
        def f(x):
            from . import self_import as me
            return x * me.KK
        KK = 3.0
    """,
    ),
    _form(
        "self_import_fn",
        """
        def g(x):
            return x * 2.0
        def f(x):
            from formpkg.forms.self_import_fn import g as gg
            return gg(x)
    """,
    ),
    _form(
        "import_parent_pkg_attr_set_late",
        """
        import formpkg
        def f(x):
            import formpkg as p
            return x * p.LATE
        def before(number):
            formpkg.LATE = float(number)
    """,
    ),
    _form(
        "deleted_during_and_reimported",
        """
        import sys
        def f(x):
            import formpkg.effects as e
            return x * e.K
        def before(number):
            if number in (1, 2):
                sys.modules.pop("formpkg.effects", None)
                import formpkg
                if hasattr(formpkg, "effects"):
                    del formpkg.effects
    """,
    ),
    _form(
        "module_becomes_none",
        """
        import sys
        def f(x):
            try:
                import formpkg.effects as e
            except ImportError as err:
                return x - 1.0, str(err), err.name
            return x * e.K
        def before(number):
            if number == 2:
                sys.modules["formpkg.effects"] = None
            if number == 3:
                del sys.modules["formpkg.effects"]
    """,
    ),
    _form(
        "subpackage_shadow_attr_fn",
        """
        import formpkg.sub.leaf, formpkg.sub
        formpkg.sub.leaf_fn = lambda x: x + 1.0
        def f(x):
            from formpkg.sub import leaf_fn, leaf
            return leaf_fn(x) * leaf.V
    """,
    ),
    _form(
        "kwargs_only_fn",
        """
        def f(x, *, scale=2.0):
            import math
            return x * scale * math.pi
    """,
    ),
    _form(
        "varargs_fn",
        """
        def f(*args, **kw):
            import math
            return args[0] * math.pi
    """,
    ),
    _form(
        "posonly_fn",
        """
        def f(x, /, y=1.0):
            import math
            return x * y * math.pi
    """,
    ),
    _form(
        "default_mutable",
        """
        def f(x, acc=[]):
            import math
            acc.append(1.0)
            return x * len(acc) * math.pi
    """,
    ),
    _form(
        "recursive_import_try",
        """
        def f(x, n=2):
            try:
                import absent_module
            except ImportError:
                if n == 0:
                    return x
                return f(x + 1.0, n - 1)
    """,
    ),
    _form(
        "long_chain",
        """
        def a(x):
            from formpkg.consts import K
            return b(x * K)
        def b(x):
            try:
                from formpkg.absent import z
            except ImportError:
                from formpkg.sub.leaf import double
                return c(double(x))
        def c(x):
            import importlib
            return d(x * importlib.import_module("math").pi)
        def d(x):
            return (lambda y: y + __import__("cmath").e)(x)
        def f(x):
            return a(x)
    """,
    ),
]
