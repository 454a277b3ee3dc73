"""Objects that an import gives: of every kind, and how they change between calls."""

from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "class_of_a_new_object_changes",
        """
        class A:
            k = 1.0
        class C(A):
            pass
        def before(number):
            if number == 2:
                C.k = 50.0
            else:
                A.k = float(number)
            C.__len__ = lambda self: number
            C.__call__ = lambda self, x: x + number
            C.__add__ = lambda self, other: float(number) + other
        def f(x):
            import math
            c = C()
            return c(x) * c.k * len(c) * math.pi + (c + 1.0)
    """,
    ),
    _form(
        "methods_of_an_object_change",
        """
        class C:
            def __bool__(self): return True
        c = C()
        def before(number):
            C.__len__ = lambda self: number + 1
            C.__call__ = lambda self, x: x + number
            C.__getitem__ = lambda self, i: i + number
            C.__contains__ = lambda self, i: bool(number % 2)
            C.__eq__ = lambda self, other: bool(number % 2)
            C.__bool__ = lambda self: number > 2
        def f(x):
            import math
            y = c(x) * len(c) * math.pi + c[1]
            return y + (2.0 if 1 in c else 3.0) + (4.0 if c == 1 else 5.0) + (6.0 if c else 7.0)
    """,
        _ANY,
        "once its class has changed, Paddle runs it in several graphs",
    ),
    _form(
        "method_of_a_parent_replaced",
        """
        class A:
            def m(self, x): return x
        class B(A):
            def m(self, x):
                import math
                return super().m(x) * math.pi
        def before(number):
            A.m = lambda self, x: x + number
        def f(x):
            return B().m(x) + (1.0 if hasattr(B(), "flag") else 2.0)
    """,
    ),
    _form(
        "builtin_hidden_later",
        """
        def before(number):
            if number == 2:
                globals()["len"] = lambda value: 40.0
        def f(x):
            import math
            return x * len([1, 2]) * math.pi
    """,
    ),
    _form(
        "class_attribute_of_a_new_object",
        """
        import formpkg.consts
        def before(number):
            formpkg.consts.Config.scale = float(number)
        def f(x):
            from formpkg.consts import Config
            return x * Config().scale
    """,
    ),
    _form(
        "defaults_changed",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import scale
            return scale(x)
        def before(number):
            c.scale.__defaults__ = (float(number + 1),)
    """,
    ),
    _form(
        "kwdefaults_changed",
        """
        import formpkg.consts as c
        def g(x, *, k=1.0): return x * k
        c.kwscale = g
        def f(x):
            from formpkg.consts import kwscale
            return kwscale(x)
        def before(number):
            g.__kwdefaults__ = {"k": float(number + 1)}
    """,
    ),
    _form(
        "code_changed",
        """
        import formpkg.consts as c
        def a(x, factor=2.0): return x + factor
        stock = c.scale.__code__
        def f(x):
            from formpkg.consts import scale
            return scale(x)
        def before(number):
            c.scale.__code__ = a.__code__ if number % 2 else stock
    """,
    ),
    _form(
        "closure_cell_changed",
        """
        import formpkg.consts as c
        def mk():
            k = 1.0
            def g(x): return x * k
            def s(v):
                nonlocal k
                k = v
            return g, s
        c.g, setter = mk()
        def f(x):
            from formpkg.consts import g
            return g(x)
        def before(number):
            setter(float(number))
    """,
    ),
    _form(
        "helper_global_changed",
        """
        import formpkg.consts as c
        exec("def usek(x):\\n    return x * K\\n", c.__dict__)
        def f(x):
            from formpkg.consts import usek
            return usek(x)
        def before(number):
            c.K = float(number)
    """,
    ),
    _form(
        "class_method_replaced",
        """
        import formpkg.consts as c
        class Model:
            def run(self, x): return x * 2.0
        c.model = Model()
        def f(x):
            from formpkg.consts import model
            return model.run(x)
        def before(number):
            k = float(number + 1)
            Model.run = lambda self, x: x * k
    """,
    ),
    _form(
        "instance_attr_changed",
        """
        import formpkg.consts as c
        class Model:
            k = 1.0
            def run(self, x): return x * self.k
        c.model = Model()
        def f(x):
            from formpkg.consts import model
            return model.run(x)
        def before(number):
            c.model.k = float(number)
    """,
    ),
    _form(
        "instance_replaced",
        """
        import formpkg.consts as c
        class Model:
            def __init__(self, k): self.k = k
            def run(self, x): return x * self.k
        def f(x):
            from formpkg.consts import model
            return model.run(x)
        def before(number):
            c.model = Model(float(number))
    """,
    ),
    _form(
        "layer_attr",
        """
        import formpkg.consts as c, paddle
        c.net = paddle.nn.Linear(2, 2)
        def f(x):
            from formpkg.consts import net
            return net(x)
        def before(number):
            if number == 2:
                paddle.seed(3)
                c.net = paddle.nn.Linear(2, 2)
            if number == 3:
                c.net.weight.set_value(c.net.weight * 2.0)
    """,
    ),
    _form(
        "tensor_attr",
        """
        import formpkg.consts as c, paddle
        def f(x):
            from formpkg.consts import T
            return x + T
        def before(number):
            c.T = paddle.to_tensor([float(number), 1.0])
    """,
    ),
    _form(
        "tensor_attr_mod",
        """
        import formpkg.consts as c, paddle
        def f(x):
            import formpkg.consts as m
            return x + m.T * m.T
        def before(number):
            c.T = paddle.to_tensor([float(number), 1.0])
    """,
    ),
    _form(
        "tensor_inplace_changed",
        """
        import formpkg.consts as c, paddle
        c.T = paddle.to_tensor([1.0, 1.0])
        def f(x):
            from formpkg.consts import T
            return x + T
        def before(number):
            c.T[0] = float(number)
    """,
    ),
    _form(
        "numpy_attr",
        """
        import formpkg.consts as c, numpy as np
        def f(x):
            from formpkg.consts import A
            return x * float(A[0])
        def before(number):
            c.A = np.array([float(number), 2.0])
    """,
    ),
    _form(
        "numpy_attr_inplace",
        """
        import formpkg.consts as c, numpy as np
        c.A = np.array([0.0, 2.0])
        def f(x):
            from formpkg.consts import A
            return x * float(A[0])
        def before(number):
            c.A[0] = float(number)
    """,
    ),
    _form(
        "dict_attr_changed",
        """
        import formpkg.consts as c
        c.D = {"k": 1.0}
        def f(x):
            from formpkg.consts import D
            return x * D["k"]
        def before(number):
            c.D["k"] = float(number)
    """,
    ),
    _form(
        "dict_in_changed",
        """
        import formpkg.consts as c
        c.D = {"k": 1.0}
        def f(x):
            from formpkg.consts import D
            return x * (2.0 if "new" in D else 3.0)
        def before(number):
            if number == 2:
                del c.D["k"]; c.D["new"] = 1
    """,
    ),
    _form(
        "dict_get_changed",
        """
        import formpkg.consts as c
        c.D = {"k": 1.0}
        def f(x):
            from formpkg.consts import D
            return x * D.get("new", 3.0)
        def before(number):
            if number == 2:
                del c.D["k"]; c.D["new"] = 1
    """,
    ),
    _form(
        "dict_iter_changed",
        """
        import formpkg.consts as c
        c.D = {"k": 1.0, "j": 2.0}
        def f(x):
            from formpkg.consts import D
            for k in D:
                x = x * D[k] + len(k)
            return x
        def before(number):
            if number == 2:
                del c.D["k"]; c.D["newer"] = 4.0
    """,
    ),
    _form(
        "list_attr_appended",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import TABLE
            for t in TABLE:
                x = x + t
            return x
        def before(number):
            c.TABLE.append(float(number))
    """,
    ),
    _form(
        "set_attr",
        """
        import formpkg.consts as c
        c.S = {1, 2}
        def f(x):
            from formpkg.consts import S
            return x * (2.0 if 3 in S else 1.0)
        def before(number):
            if number == 2:
                c.S.add(3)
    """,
    ),
    _form(
        "list_in",
        """
        import formpkg.consts as c
        c.L = [1, 2]
        def f(x):
            from formpkg.consts import L
            return x * (2.0 if 3 in L else 1.0)
        def before(number):
            if number == 2:
                c.L[0] = 3
    """,
    ),
    _form(
        "tuple_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import P
            a, b = P
            return x * a + b
        def before(number):
            c.P = (float(number), 2)
    """,
    ),
    _form(
        "enum_attr",
        """
        import formpkg.consts as c, enum
        class E(enum.Enum):
            A = 1
            B = 2
        c.E, c.mode = E, E.A
        def f(x):
            from formpkg.consts import E, mode
            if mode is E.A:
                return x + 1.0
            return x - 1.0
        def before(number):
            c.mode = E.A if number % 2 else E.B
    """,
    ),
    _form(
        "enum_eq",
        """
        import formpkg.consts as c, enum
        class E(enum.Enum):
            A = 1
            B = 2
        c.E, c.mode = E, E.A
        def f(x):
            from formpkg.consts import E, mode
            return x * mode.value if mode == E.A else x - 1.0
        def before(number):
            c.mode = E.A if number % 2 else E.B
    """,
    ),
    _form(
        "dataclass_attr",
        """
        import formpkg.consts as c, dataclasses
        @dataclasses.dataclass
        class Cfg:
            a: float = 1.0
            b: int = 2
        c.cfg = Cfg()
        def f(x):
            from formpkg.consts import cfg
            return x * cfg.a + cfg.b
        def before(number):
            c.cfg.a = float(number)
    """,
    ),
    _form(
        "namedtuple_attr",
        """
        import formpkg.consts as c, collections
        NT = collections.namedtuple("NT", "a b")
        def f(x):
            from formpkg.consts import nt
            return x * nt.a + nt.b
        def before(number):
            c.nt = NT(float(number), 1.0)
    """,
    ),
    _form(
        "isinstance_class_imported",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import Config, obj
            if isinstance(obj, Config):
                return x + 1.0
            return x - 1.0
        def before(number):
            c.obj = c.Config() if number % 2 else 3
    """,
    ),
    _form(
        "class_created_in_f",
        """
        def f(x):
            from formpkg.consts import Config
            return x * Config().scale
    """,
    ),
    _form(
        "class_replaced",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import Config
            return x * Config.scale
        def before(number):
            k = float(number)
            c.Config = type("Config", (), {"scale": k})
    """,
    ),
    _form(
        "lambda_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import lam
            return lam(x)
        def before(number):
            c.lam = (lambda k: lambda x: x * k)(float(number))
    """,
    ),
    _form(
        "partial_attr",
        """
        import formpkg.consts as c, functools
        def f(x):
            from formpkg.consts import part
            return part(x)
        def before(number):
            c.part = functools.partial(c.scale, factor=float(number))
    """,
    ),
    _form(
        "bound_method_attr",
        """
        import formpkg.consts as c
        class Model:
            def __init__(self, k): self.k = k
            def run(self, x): return x * self.k
        def f(x):
            from formpkg.consts import run
            return run(x)
        def before(number):
            c.run = Model(float(number)).run
    """,
    ),
    _form(
        "bound_method_instance_changed",
        """
        import formpkg.consts as c
        class Model:
            def __init__(self, k): self.k = k
            def run(self, x): return x * self.k
        m = Model(1.0)
        c.run = m.run
        def f(x):
            from formpkg.consts import run
            return run(x)
        def before(number):
            m.k = float(number)
    """,
    ),
    _form(
        "callable_object_attr",
        """
        import formpkg.consts as c
        class Model:
            def __init__(self, k): self.k = k
            def __call__(self, x): return x * self.k
        c.call = Model(1.0)
        def f(x):
            from formpkg.consts import call
            return call(x)
        def before(number):
            c.call.k = float(number)
    """,
    ),
    _form(
        "lru_cache_attr",
        """
        import formpkg.consts as c, functools
        from formpkg.log import LOG
        @functools.lru_cache(None)
        def g(k):
            LOG.append(k)
            return k * 2.0
        c.g = g
        def f(x):
            from formpkg.consts import g
            return x * g(3.0)
    """,
    ),
    _form(
        "property_object_attr",
        """
        import formpkg.consts as c
        from formpkg.log import LOG
        class P:
            @property
            def k(self):
                LOG.append("k")
                return 2.0
        c.p = P()
        def f(x):
            from formpkg.consts import p
            return x * p.k
    """,
    ),
    _form(
        "none_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import opt
            return x + 1.0 if opt is None else x * opt
        def before(number):
            c.opt = None if number % 2 else 4.0
    """,
    ),
    _form(
        "bool_int_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import flag
            return x * 2 if flag is True else x * 3
        def before(number):
            c.flag = True if number % 2 else 1
    """,
    ),
    _form(
        "nan_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import z
            return x * z
        def before(number):
            c.z = float("nan") if number % 2 else 1.0
    """,
    ),
    _form(
        "str_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import mode
            return x + 1.0 if mode == "a" else x - 1.0
        def before(number):
            c.mode = "a" if number % 2 else "b"
    """,
    ),
    _form(
        "complex_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import z
            return x * abs(z)
        def before(number):
            c.z = complex(number, 1)
    """,
    ),
    _form(
        "dtype_attr",
        """
        import formpkg.consts as c, paddle
        def f(x):
            from formpkg.consts import dt
            return x.astype(dt) + 1
        def before(number):
            c.dt = paddle.int32 if number % 2 else paddle.float64
    """,
    ),
    _form(
        "place_version",
        """
        def f(x):
            import paddle
            if paddle.__version__ >= "2":
                return x + 1.0
            return x
    """,
    ),
    _form(
        "module_dunder_name",
        """
        def f(x):
            import formpkg.consts as c
            return x * len(c.__name__), c.__name__
    """,
    ),
    _form(
        "module_dict_access",
        """
        def f(x):
            import formpkg.consts as c
            return x * c.__dict__["K"]
    """,
    ),
    _form(
        "vars_module",
        """
        def f(x):
            import formpkg.consts as c
            return x * vars(c)["K"]
    """,
    ),
    _form(
        "dir_module",
        """
        def f(x):
            import formpkg.consts as c
            return x * len([d for d in dir(c) if d == "K"])
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "getattr_default",
        """
        import formpkg.consts as cc
        def f(x):
            import formpkg.consts as c
            return x * getattr(c, "maybe", 2.0)
        def before(number):
            if number == 2:
                cc.maybe = 5.0
    """,
    ),
    _form(
        "hasattr_appears",
        """
        import formpkg.consts as cc
        def f(x):
            import formpkg.consts as c
            return x * (2.0 if hasattr(c, "maybe") else 3.0)
        def before(number):
            if number == 2:
                cc.maybe = 5.0
            if number == 3:
                del cc.maybe
    """,
    ),
    _form(
        "getattr_dynamic_name",
        """
        NAME = "K"
        def f(x):
            import formpkg.consts as c
            return x * getattr(c, NAME)
        def before(number):
            global NAME
            NAME = ["K", "FLAG"][number % 2]
    """,
    ),
    _form(
        "setattr_on_module",
        """
        def f(x):
            import formpkg.consts as c
            setattr(c, "newattr", 5.0)
            return x * c.newattr
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "counter_on_module",
        """
        import formpkg.consts as cc
        cc.N = 0
        def f(x):
            import formpkg.consts as c
            c.N += 1
            return x * c.N
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "counter_on_module_from",
        """
        import formpkg.consts as cc
        cc.N = [0]
        def f(x):
            from formpkg.consts import N
            N[0] += 1
            return x * N[0]
    """,
    ),
    _form(
        "delattr_on_module",
        """
        import formpkg.consts as cc
        def f(x):
            import formpkg.consts as c
            k = c.temp
            del c.temp
            return x * k
        def before(number):
            cc.temp = float(number)
    """,
    ),
    _form(
        "descriptor_import",
        """
        class D:
            def __get__(self, o, t):
                import math
                return math.pi
        class A:
            d = D()
        a = A()
        def f(x):
            return x * a.d
    """,
    ),
    _form(
        "slots_obj",
        """
        class A:
            __slots__ = ("k",)
        import formpkg.consts as c
        c.slot = A(); c.slot.k = 1.0
        def f(x):
            from formpkg.consts import slot
            return x * slot.k
        def before(number):
            c.slot.k = float(number)
    """,
    ),
    _form(
        "len_set",
        """
        import formpkg.consts as c
        c.S = {1}
        def f(x):
            from formpkg.consts import S
            return x * len(S)
        def before(number):
            c.S.add(number + 5)
    """,
    ),
    _form(
        "iter_set",
        """
        import formpkg.consts as c
        c.S = {1}
        def f(x):
            from formpkg.consts import S
            for s in sorted(S):
                x = x * s
            return x
        def before(number):
            c.S.add(number + 5)
    """,
    ),
    _form(
        "max_list",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import TABLE
            return x * max(TABLE) * sum(TABLE) * len(TABLE)
        def before(number):
            c.TABLE.append(number * 5.0)
    """,
    ),
    _form(
        "deque_attr",
        """
        import formpkg.consts as c, collections
        c.Q = collections.deque([1.0])
        def f(x):
            from formpkg.consts import Q
            return x * Q[0] * len(Q)
        def before(number):
            c.Q.appendleft(number * 5.0)
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "defaultdict_attr",
        """
        import formpkg.consts as c, collections
        c.DD = collections.defaultdict(float)
        def f(x):
            from formpkg.consts import DD
            return x * (DD["k"] + 1.0)
        def before(number):
            c.DD["k"] = float(number)
    """,
    ),
    _form(
        "counter_attr",
        """
        import formpkg.consts as c, collections
        c.C = collections.Counter()
        def f(x):
            from formpkg.consts import C
            C["n"] += 1
            return x * C["n"]
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "ordered_dict_attr",
        """
        import formpkg.consts as c, collections
        c.OD = collections.OrderedDict(a=1.0)
        def f(x):
            from formpkg.consts import OD
            return x * list(OD.values())[0]
        def before(number):
            c.OD["a"] = float(number)
    """,
    ),
    _form(
        "nested_dict_attr",
        """
        import formpkg.consts as c
        c.D = {"a": {"b": [1.0, 2.0]}}
        def f(x):
            from formpkg.consts import D
            return x * D["a"]["b"][1]
        def before(number):
            c.D["a"]["b"][1] = float(number)
    """,
    ),
    _form(
        "simple_namespace",
        """
        import formpkg.consts as c, types
        c.ns = types.SimpleNamespace(a=1.0)
        def f(x):
            from formpkg.consts import ns
            return x * ns.a
        def before(number):
            c.ns.a = float(number)
    """,
    ),
    _form(
        "config_getattr",
        """
        import formpkg.consts as c
        class Cfg:
            def __init__(self): self.d = {"a": 1.0}
            def __getattr__(self, n):
                try:
                    return self.__dict__["d"][n]
                except KeyError:
                    raise AttributeError(n)
        c.cfg = Cfg()
        def f(x):
            from formpkg.consts import cfg
            return x * cfg.a
        def before(number):
            c.cfg.d["a"] = float(number)
    """,
    ),
    _form(
        "staticmethod_of_imported_class",
        """
        import formpkg.consts as c
        class S:
            @staticmethod
            def mul(x): return x * 2.0
            @classmethod
            def cm(cls, x): return x * cls.k
            k = 3.0
        c.S = S
        def f(x):
            from formpkg.consts import S
            return S.mul(x) + S.cm(x)
        def before(number):
            S.k = float(number)
    """,
    ),
    _form(
        "inherit_imported_class",
        """
        def f(x):
            from formpkg.consts import Config
            class D(Config):
                pass
            return x * D.scale
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "tensor_method_import_patch",
        """
        import paddle
        def f(x):
            from paddle import Tensor
            return Tensor.add(x, x)
    """,
    ),
    _form(
        "nan_compare",
        """
        def f(x):
            from math import nan, inf, isnan
            return x + 1.0 if isnan(nan) and inf > 0 else x
    """,
    ),
    _form(
        "huge_int",
        """
        import formpkg.consts as c
        c.BIG = 2**70
        def f(x):
            from formpkg.consts import BIG
            return x * (BIG % 7)
    """,
    ),
    _form(
        "bytes_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import B
            return x * len(B)
        def before(number):
            c.B = b"a" * number
    """,
    ),
    _form(
        "range_slice_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import R
            return x[R]
        def before(number):
            c.R = slice(0, 1 + number % 2)
    """,
    ),
    _form(
        "ellipsis_attr",
        """
        import formpkg.consts as c
        c.E = ...
        def f(x):
            from formpkg.consts import E
            return x[E] + 1.0
    """,
    ),
    _form(
        "type_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import T
            return x * T(3)
        def before(number):
            c.T = float if number % 2 else int
    """,
    ),
    _form(
        "frozenset_attr",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import FS
            return x * (2.0 if 1 in FS else 3.0)
        def before(number):
            c.FS = frozenset([number])
    """,
    ),
    _form(
        "str_in_str",
        """
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import NAME
            return x * (2.0 if "b" in NAME else 3.0)
        def before(number):
            c.NAME = "ab" if number % 2 else "a"
    """,
    ),
    _form(
        "key_in_dict_value_changes",
        """
        import formpkg.consts as c
        c.D = {"a": 1}
        def f(x):
            from formpkg.consts import D
            y = x * (2.0 if "z" in D else 3.0)
            return y
        def before(number):
            c.D.clear()
            c.D["z" if number % 2 else "a"] = 1
    """,
    ),
    _form(
        "dict_pop_default",
        """
        import formpkg.consts as c
        c.D = {}
        def f(x):
            from formpkg.consts import D
            return x * D.pop("k", 2.0)
        def before(number):
            if number == 2:
                c.D["k"] = 9.0
    """,
    ),
    _form(
        "dict_setdefault",
        """
        import formpkg.consts as c
        c.D = {}
        def f(x):
            from formpkg.consts import D
            return x * D.setdefault("k", 2.0)
        def before(number):
            if number == 2:
                c.D["k"] = 9.0
            if number == 3:
                c.D.clear()
    """,
    ),
    _form(
        "dict_len_bool",
        """
        import formpkg.consts as c
        c.D = {}
        def f(x):
            from formpkg.consts import D
            return x * 2.0 if D else x * 3.0
        def before(number):
            if number == 2:
                c.D["k"] = 9.0
    """,
    ),
    _form(
        "list_bool",
        """
        import formpkg.consts as c
        c.L = []
        def f(x):
            from formpkg.consts import L
            return x * 2.0 if L else x * 3.0
        def before(number):
            if number == 2:
                c.L.append(1)
    """,
    ),
    _form(
        "list_eq",
        """
        import formpkg.consts as c
        c.L = [1]
        def f(x):
            from formpkg.consts import L
            return x * 2.0 if L == [1, 2] else x * 3.0
        def before(number):
            if number == 2:
                c.L.append(2)
    """,
    ),
    _form(
        "list_index_count",
        """
        import formpkg.consts as c
        c.L = [1, 2, 3]
        def f(x):
            from formpkg.consts import L
            return x * L.index(3) * L.count(3)
        def before(number):
            if number == 2:
                c.L.insert(0, 9)
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
]
