"""Exceptions, breaks, generators and scopes around imports."""

# ruff: noqa: E501 - the modules that they write are one string each
from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "finally_return",
        """
        def f(x):
            try:
                import absent_module
            finally:
                return x + 1.0
    """,
    ),
    _form(
        "finally_return_override",
        """
        def f(x):
            try:
                import math
                return x * math.pi
            finally:
                return x + 1.0
    """,
    ),
    _form(
        "return_in_handler_finally",
        """
        from formpkg.log import LOG
        def f(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0
            finally:
                LOG.append("f")
    """,
    ),
    _form(
        "while_try_break",
        """
        def f(x):
            i = 0
            while True:
                i += 1
                try:
                    import absent_module
                except ImportError:
                    if i > 2:
                        break
                    continue
                finally:
                    i += 1
            return x * i
    """,
    ),
    _form(
        "raise_importerror_explicit",
        """
        def f(x):
            try:
                try:
                    import absent_module
                except ImportError as e:
                    raise ImportError("needs it", name="abc", path="q") from e
            except ImportError as e:
                return x + 1.0, str(e), e.name, e.path, str(e.__cause__)
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "raise_importerror_propagates",
        """
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                raise ImportError("needs it", name="abc", path="q") from None
    """,
        _ANY,
        "raises",
    ),
    _form(
        "raise_runtime_from",
        """
        def helper():
            try:
                import absent_module
            except ImportError as e:
                raise RuntimeError("pip install absent") from e
        def f(x):
            helper()
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "caught_two_up",
        """
        def a(x):
            import absent_module
            return x
        def b(x):
            try:
                y = a(x)
            except KeyError:
                y = x
            return y
        def f(x):
            try:
                return b(x)
            except ModuleNotFoundError as e:
                return x + 1.0, e.name
    """,
    ),
    _form(
        "cleanup_in_helpers",
        """
        from formpkg.log import LOG
        def a(x):
            try:
                import absent_module
            finally:
                LOG.append("a")
            return x
        def b(x):
            try:
                return a(x)
            finally:
                LOG.append("b")
        def f(x):
            try:
                return b(x)
            except ImportError as e:
                LOG.append("f")
                return x + 1.0, e.name
    """,
    ),
    _form(
        "caught_by_a_helper_inside_an_import",
        """
        def helper(x):
            raise ValueError("no")
        def g(x):
            try:
                import absent_module
            except ImportError:
                try:
                    helper(x)
                except ValueError:
                    return x + 1.0
        def f(x):
            try:
                return g(x)
            except ValueError:
                return x - 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "passes_a_finally_beside_an_import",
        """
        from formpkg.log import LOG
        def helper(x):
            raise ValueError("no")
        def g(x):
            try:
                import math
                helper(x)
            finally:
                LOG.append("g")
        def f(x):
            try:
                return g(x)
            except ValueError:
                return x - 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "end_of_an_iterator_beside_an_import",
        """
        def g(x):
            try:
                import math
                return x * next(iter([]))
            except StopIteration:
                return x + 1.0
        def f(x):
            try:
                return g(x)
            except StopIteration:
                return x - 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "caught_in_a_loop_that_does_not_import",
        """
        from formpkg.log import LOG
        def a(x):
            import absent_module
        def b(x):
            for k in range(3):
                try:
                    a(x)
                except Exception as e:
                    LOG.append(k)
                try:
                    LOG.append("t")
                finally:
                    LOG.append("u")
            return x * 3.0
        def f(x):
            try:
                import absent_two
            except ImportError as e:
                return b(x) + 1.0
    """,
    ),
    _form(
        "raised_again_where_nothing_imports",
        """
        from formpkg.log import LOG
        def a(x):
            import absent_module
        def b(x):
            try:
                a(x)
            except Exception as e:
                LOG.append(str(e))
                raise
        def f(x):
            import math
            try:
                b(x)
            except ModuleNotFoundError as e:
                return x * math.pi, e.name
    """,
    ),
    _form(
        "else_raises",
        """
        def f(x):
            try:
                try:
                    import math
                except ImportError:
                    k = 1.0
                else:
                    import absent_module
            except ImportError as e:
                return x + 3.0, e.name
    """,
    ),
    _form(
        "finally_raises_import",
        """
        def f(x):
            try:
                try:
                    import math
                finally:
                    import absent_module
            except ImportError as e:
                return x + 3.0, e.name
    """,
    ),
    _form(
        "except_then_use_after",
        """
        def f(x):
            try:
                from absent_module import thing
            except ImportError:
                thing = None
            if thing is not None:
                return thing(x)
            try:
                from formpkg.consts import scale as thing
            except ImportError:
                thing = None
            if thing is not None:
                return thing(x)
            return x
    """,
    ),
    _form(
        "return_exception_attrs",
        """
        def f(x):
            try:
                from formpkg.consts import nope
            except ImportError as e:
                return x + 1.0, e.msg, e.name, getattr(e, "name_from", "no"), e.args, repr(e), isinstance(e, ModuleNotFoundError)
    """,
        _ANY,
        "more of the exception than its text",
    ),
    _form(
        "except_star_like_order",
        """
        def f(x):
            try:
                import absent_module
            except ModuleNotFoundError as e:
                k = 1.0
            except ImportError:
                k = 2.0
            except Exception:
                k = 3.0
            else:
                k = 4.0
            finally:
                x = x + 1.0
            return x * k
    """,
    ),
    _form(
        "error_str_format",
        """
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                return x + 1.0, f"{e!r}", "%s" % e, "{}".format(e), str(e) + "!"
    """,
        _ANY,
        "more of the exception than its text",
    ),
    _form(
        "store_error_in_list",
        """
        def f(x):
            errors = []
            try:
                import absent_module
            except ImportError as e:
                errors.append(e)
            return x + len(errors)
    """,
    ),
    _form(
        "store_error_str",
        """
        def f(x):
            errors = []
            for _ in range(2):
                try:
                    import absent_module
                except ImportError as e:
                    errors.append(str(e))
            return x + len(errors), errors
    """,
    ),
    _form(
        "error_raised_later",
        """
        def f(x):
            err = None
            try:
                import absent_module
            except ImportError as e:
                err = e
            if err is not None:
                raise err
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "bare_raise_helper",
        """
        def helper():
            raise
        def f(x):
            try:
                import absent_module
            except ImportError:
                helper()
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "assert_in_try",
        """
        def f(x):
            try:
                import math
                assert math.pi > 4, "small"
            except AssertionError as e:
                return x + 1.0, str(e)
            return x
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "attribute_error_in_try",
        """
        def f(x):
            try:
                import math
                return x * math.nothing
            except (ImportError, AttributeError):
                return x + 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "keyerror_in_try",
        """
        D = {}
        def f(x):
            import math
            try:
                return x * D["k"]
            except KeyError as e:
                return x + math.pi, str(e)
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "typeerror_in_try_import",
        """
        def g(a): return a
        def f(x):
            try:
                import math
                return g(x, 1)
            except TypeError as e:
                return x + 1.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "try_op_shape_error",
        """
        import paddle
        def f(x):
            try:
                import math
                return paddle.matmul(x, paddle.ones([5, 5])) * math.pi
            except ValueError as e:
                return x + 1.0
            except Exception:
                return x + 2.0
    """,
        _ANY,
        "operations in the try statement",
    ),
    _form(
        "with_suppress",
        """
        from contextlib import suppress
        def f(x):
            with suppress(ImportError):
                import absent_module
                return x
            return x + 1.0
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "with_user_ctx",
        """
        from formpkg.log import LOG
        class C:
            def __enter__(self):
                LOG.append("enter"); return self
            def __exit__(self, t, v, tb):
                LOG.append(("exit", t and t.__name__)); return True
        def f(x):
            with C() as c:
                import absent_module
            import math
            return x * math.pi
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "helper_with_ctx",
        """
        import paddle
        def h(x):
            with paddle.no_grad():
                import math
                return x * math.pi
        def f(x):
            return h(x) + 1.0
    """,
    ),
    _form(
        "generator_try",
        """
        def values(x):
            try:
                import absent_module
            except ImportError:
                yield x + 1.0
            finally:
                pass
            from math import e
            yield x * e
        def f(x):
            t = x
            for v in values(x):
                t = t + v
            return t
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "generator_raises",
        """
        def values(x):
            yield x
            import absent_module
        def f(x):
            try:
                t = x
                for v in values(x):
                    t = t + v
            except ImportError as e:
                return t * 2.0, e.name
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "generator_closes",
        """
        from formpkg.log import LOG
        def values(x):
            import math
            try:
                yield x * math.pi
                yield x
            finally:
                LOG.append("closed")
        def f(x):
            for v in values(x):
                break
            return v
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "list_of_generator",
        """
        def values(x):
            from math import pi
            yield x * pi
            yield x
        def f(x):
            a = list(values(x))
            return a[0] + a[1]
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "next_generator",
        """
        def values(x):
            from math import pi
            yield x * pi
            yield x
        def f(x):
            g = values(x)
            a = next(g)
            b = next(g)
            return a + b
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "comprehension_dunder_import",
        """
        def f(x):
            return x * sum([len(__import__(n).__name__) for n in ("math", "cmath")])
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "nested_comprehension",
        """
        def f(x):
            import math
            return x * sum(sum(math.floor(math.pi) * j for j in range(i)) for i in range(3))
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "set_comp",
        """
        def f(x):
            from formpkg.consts import K
            return x * len({K * i for i in range(3)})
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "decorator_local",
        """
        import functools
        def deco(fn):
            @functools.wraps(fn)
            def w(*a, **k):
                from formpkg.consts import K
                return fn(*a, **k) * K
            return w
        @deco
        def g(x, y=2.0):
            import math
            return x * y * math.pi
        def f(x):
            return g(x, y=3.0)
    """,
    ),
    _form(
        "decorated_top",
        """
        import functools
        def deco(fn):
            @functools.wraps(fn)
            def w(*a, **k):
                from formpkg.consts import K
                try:
                    import absent_module
                except ImportError:
                    pass
                return fn(*a, **k) * K
            return w
        @deco
        def f(x):
            import math
            return x * math.pi
    """,
    ),
    _form(
        "partial_helper",
        """
        import functools
        def g(k, x):
            from formpkg.consts import scale
            return scale(x, k)
        def f(x):
            return functools.partial(g, 3.0)(x)
    """,
    ),
    _form(
        "property_import",
        """
        class A:
            @property
            def k(self):
                import math
                return math.pi
        a = A()
        def f(x):
            return x * a.k
    """,
    ),
    _form(
        "user_getattr_import",
        """
        class A:
            def __getattr__(self, name):
                import math
                return getattr(math, name)
        a = A()
        def f(x):
            return x * a.pi
    """,
    ),
    _form(
        "init_import",
        """
        class A:
            def __init__(self):
                import math
                self.k = math.pi
        def f(x):
            return x * A().k
    """,
    ),
    _form(
        "getitem_import",
        """
        class A:
            def __getitem__(self, i):
                import math
                return math.pi * i
        a = A()
        def f(x):
            return x * a[2]
    """,
    ),
    _form(
        "super_forward",
        """
        import paddle
        class B(paddle.nn.Layer):
            def forward(self, x):
                import math
                return x * math.pi
        class D(B):
            def forward(self, x):
                from math import e
                return super().forward(x) * e
        n = D()
        def make():
            return n.forward
    """,
    ),
    _form(
        "layer_hooks",
        """
        import paddle
        class B(paddle.nn.Layer):
            def forward(self, x):
                import math
                return x * math.pi
        n = B()
        def hook(layer, inp, out):
            from math import e
            return out * e
        n.register_forward_post_hook(hook)
        def f(x):
            return n(x)
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "sequential_layers",
        """
        import paddle
        class B(paddle.nn.Layer):
            def forward(self, x):
                try:
                    from absent_module import fast
                except ImportError:
                    from paddle.nn.functional import relu as fast
                return fast(x)
        n = paddle.nn.Sequential(B(), paddle.nn.Linear(2, 2), B())
        def f(x):
            return n(x)
    """,
    ),
    _form(
        "class_body_nested_fn",
        """
        def f(x):
            class A:
                from math import pi
                def g(self, x):
                    import math
                    return x * math.e * self.pi
            return A().g(x)
    """,
    ),
    _form(
        "print_before_import",
        """
        import sys
        from formpkg.log import LOG
        class W:
            def write(self, s): LOG.append(s)
            def flush(self): pass
        def f(x):
            print("hello")
            import formpkg.effects
            return x * formpkg.effects.K
        def before(number):
            sys.stdout = W()
    """,
    ),
    _form(
        "inplace_before_import",
        """
        def f(x):
            y = x + 0.0
            y.add_(x)
            import formpkg.effects
            return y * formpkg.effects.K
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "setitem_before_import",
        """
        def f(x):
            y = x + 0.0
            y[0] = 5.0
            import formpkg.effects
            return y * formpkg.effects.K
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "self_attr_before_import",
        """
        import paddle
        class N(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.calls = 0
            def forward(self, x):
                self.calls = self.calls + 1
                import formpkg.effects
                return x * formpkg.effects.K + self.calls
        n = N()
        def f(x):
            return n(x), n.calls
    """,
    ),
    _form(
        "pending_in_caller",
        """
        from formpkg.log import LOG
        def g(x):
            import formpkg.effects2
            return x * formpkg.effects2.K
        def f(x):
            LOG.append("caller")
            y = g(x)
            LOG.append("after")
            return y
    """,
    ),
    _form(
        "pending_in_helper_then_import",
        """
        from formpkg.log import LOG
        def g():
            LOG.append("helper")
        def f(x):
            g()
            from formpkg.effects2 import K
            LOG.append("mid")
            from formpkg.effects import K as K2
            return x * K * K2
    """,
    ),
    _form(
        "effects_in_loop",
        """
        from formpkg.log import LOG
        def f(x):
            for i in range(2):
                LOG.append(i)
                import formpkg.effects2
                x = x * formpkg.effects2.K
            return x
    """,
        _ANY,
        "side effects between imports",
    ),
    _form(
        "effect_object_attr_seen_by_body",
        """
        import pathlib, formpkg
        import formpkg.consts as c
        pathlib.Path(formpkg.__path__[0], "seer.py").write_text("from formpkg.log import LOG\\nimport formpkg.consts as c\\nLOG.append(c.K)\\n")
        def f(x):
            c.K = 77.0
            import formpkg.seer
            return x * c.K
    """,
    ),
    _form(
        "assert_stmt",
        """
        def f(x):
            import math
            assert math.pi > 3, "wrong"
            return x * math.pi
    """,
    ),
    _form(
        "assert_fails",
        """
        def f(x):
            import math
            assert math.pi > 4, "wrong"
            return x * math.pi
    """,
        _ANY,
        "raises",
    ),
    _form(
        "raise_after_import",
        """
        def f(x):
            from formpkg.consts import K
            raise ValueError(f"bad {K}")
    """,
        _ANY,
        "raises",
    ),
    _form(
        "custom_exc_imported",
        """
        import formpkg.consts as c
        class MyErr(Exception): pass
        c.MyErr = MyErr
        def f(x):
            from formpkg.consts import MyErr
            try:
                raise MyErr("a")
            except MyErr as e:
                return x + 1.0, str(e)
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "except_imported_type",
        """
        def f(x):
            from builtins import ImportError as IE
            try:
                import absent_module
            except IE:
                return x + 1.0
    """,
    ),
    _form(
        "except_type_from_module",
        """
        def f(x):
            import builtins
            try:
                import absent_module
            except builtins.ImportError:
                return x + 1.0
    """,
    ),
    _form(
        "importerror_shadowed_global",
        """
        ImportError = ValueError
        def f(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0
            except Exception:
                return x + 2.0
    """,
    ),
    _form(
        "builtins_patched_importerror",
        """
        import builtins
        stock = builtins.ImportError
        def f(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0
            except Exception:
                return x + 2.0
        def before(number):
            builtins.ImportError = KeyError if number == 2 else stock
    """,
    ),
    _form(
        "unbound_constant",
        """
        USE = False
        def f(x):
            if USE:
                import math
            return x * math.pi
    """,
        _ANY,
        "raises",
    ),
    _form(
        "unbound_constant_caught",
        """
        USE = False
        def f(x):
            if USE:
                import math
            try:
                return x * math.pi
            except UnboundLocalError as e:
                return x + 1.0, str(e)
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "unbound_in_helper",
        """
        def g(x, use):
            if use:
                import math
            return x * math.pi
        def f(x):
            return g(x, True) + 1.0
    """,
    ),
    _form(
        "unbound_after_tensor_if",
        """
        def f(x):
            if x.sum() > 100:
                import math
            return x * math.pi
    """,
        _ANY,
        "raises",
    ),
    _form(
        "tensor_if_then_import",
        """
        def f(x):
            if x.sum() > 1:
                import math as m
            else:
                import cmath as m
            return x * m.pi
    """,
        _ANY,
        "breaks at the tensor",
    ),
    _form(
        "import_before_tensor_if",
        """
        def f(x):
            import math
            from formpkg.consts import scale
            if x.sum() > 1:
                x = scale(x)
            return x * math.pi
    """,
        _ANY,
        "breaks at the tensor",
    ),
    _form(
        "break_then_import_effects",
        """
        from formpkg.log import LOG
        def f(x):
            LOG.append("a")
            v = x.numpy()[0]
            LOG.append("b")
            import formpkg.effects2
            LOG.append("c")
            return x * float(v) * formpkg.effects2.K
    """,
    ),
    _form(
        "break_between_imports",
        """
        def f(x):
            import formpkg.effects
            v = float(x.numpy()[0])
            import formpkg.effects2 as e2
            return x * v * e2.K * formpkg.effects.K
    """,
    ),
    _form(
        "break_in_loop_with_import",
        """
        def f(x):
            t = 0.0
            for i in range(3):
                from formpkg.consts import K
                t += float(x.numpy()[0]) * K
            return x * t
    """,
        _ANY,
        "breaks at numpy()",
    ),
    _form(
        "break_in_helper_after_import",
        """
        def g(x):
            import math
            return float(x.numpy()[0]) * math.pi
        def f(x):
            from formpkg.consts import K
            return x * g(x) * K
    """,
    ),
    _form(
        "try_in_helper_after_break",
        """
        def g(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0
        def f(x):
            v = float(x.numpy()[0])
            return g(x) * v
    """,
    ),
    _form(
        "nested_fn_try",
        """
        def f(x):
            def inner(y):
                try:
                    import absent_module
                except ImportError as e:
                    return y + len(e.name)
                return y
            return inner(x)
    """,
    ),
    _form(
        "nested_three",
        """
        def f(x):
            def a():
                def b():
                    def c():
                        from math import pi
                        return pi
                    return c()
                return b()
            return x * a()
    """,
    ),
    _form(
        "closure_over_import_in_loop",
        """
        def f(x):
            fs = []
            for i in range(2):
                import math
                fs.append(lambda y: y * math.pi + i)
            return fs[0](x) + fs[1](x)
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "closure_modified_after",
        """
        def f(x):
            import math as m
            def g(y):
                return y * m.e
            a = g(x)
            import cmath as m
            return a + g(x) * m.pi
    """,
    ),
    _form(
        "nonlocal_import_counter",
        """
        def f(x):
            n = 0
            def g():
                nonlocal n
                from formpkg.consts import K
                n += K
            g(); g()
            return x * n
    """,
    ),
    _form(
        "global_import_in_helper_other_module",
        """
        from .. import helpers
        def f(x):
            y = helpers.with_global(x)
            return y * helpers.borrowed.e
    """,
        _ANY,
        "the global variable is another module's",
    ),
    _form(
        "global_name_in_two_functions",
        """
        def a():
            global gmod
            import math as gmod
        def b(x):
            return x * gmod.pi
        def f(x):
            a()
            return b(x)
    """,
    ),
    _form(
        "global_rebound_between_calls",
        """
        def f(x):
            global gm
            import math as gm
            return x * gm.pi
        def before(number):
            global gm
            if number == 2:
                gm = None
    """,
    ),
    _form(
        "global_seen_by_outside",
        """
        def f(x):
            global gm2
            if "gm2" not in globals():
                import math as gm2
                return x * gm2.pi
            return x * gm2.e
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "global_cached_none_pattern",
        """
        _np = None
        def get():
            global _np
            if _np is None:
                import math as _np
            return _np
        def f(x):
            return x * get().pi
    """,
    ),
    _form(
        "lazy_class_pattern",
        """
        class LazyMod:
            def __init__(self, name): self.name = name; self.mod = None
            def load(self):
                if self.mod is None:
                    import importlib
                    self.mod = importlib.import_module(self.name)
                return self.mod
        lz = LazyMod("math")
        def f(x):
            return x * lz.load().pi
    """,
    ),
    _form(
        "lazy_class_getattr_pattern",
        """
        class LazyMod:
            def __init__(self, name): self._name = name; self._mod = None
            def __getattr__(self, item):
                if self._mod is None:
                    import importlib
                    self._mod = importlib.import_module(self._name)
                return getattr(self._mod, item)
        lz = LazyMod("math")
        def f(x):
            return x * lz.pi
    """,
    ),
    _form(
        "lru_has_module",
        """
        import functools
        from formpkg.log import LOG
        @functools.lru_cache(maxsize=None)
        def has(name):
            LOG.append(name)
            try:
                __import__(name)
                return True
            except ImportError:
                return False
        def f(x):
            return x * (2.0 if has("absent_module") else 3.0) * (5.0 if has("math") else 1.0)
        def before(number):
            import sys, types
            if number == 2:
                sys.modules["absent_module"] = types.ModuleType("absent_module")
            if number == 3:
                has.cache_clear()
    """,
    ),
    _form(
        "lru_has_module_try",
        """
        import functools
        from formpkg.log import LOG
        @functools.lru_cache
        def has():
            LOG.append("body")
            try:
                import absent_module
            except ImportError:
                return False
            return True
        def f(x):
            return x + 1.0 if has() else x - 1.0
        def before(number):
            import sys, types
            if number == 2:
                sys.modules["absent_module"] = types.ModuleType("absent_module")
    """,
    ),
    _form(
        "lru_returns_module",
        """
        import functools
        @functools.lru_cache(None)
        def get():
            import math
            return math
        def f(x):
            return x * get().pi
    """,
    ),
    _form(
        "functools_cache_method",
        """
        import functools
        class A:
            @functools.cached_property
            def mod(self):
                import math
                return math
        a = A()
        def f(x):
            return x * a.mod.pi
    """,
    ),
    _form(
        "contextmanager_import",
        """
        import contextlib
        from formpkg.log import LOG
        @contextlib.contextmanager
        def ctx():
            import math
            LOG.append("in")
            yield math
            LOG.append("out")
        def f(x):
            with ctx() as m:
                return x * m.pi
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "exitstack",
        """
        import contextlib
        def f(x):
            with contextlib.ExitStack() as st:
                import math
                return x * math.pi
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "with_import_inside_raises",
        """
        import contextlib
        from formpkg.log import LOG
        @contextlib.contextmanager
        def ctx():
            try:
                yield
            except ImportError as e:
                LOG.append(e.name)
                raise RuntimeError("wrapped") from e
        def f(x):
            with ctx():
                import absent_module
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "auto_cast",
        """
        import paddle
        def f(x):
            with paddle.amp.auto_cast(enable=False):
                import math
                y = x * math.pi
            from math import e
            return y * e
    """,
        _ANY,
        "with statements",
    ),
    _form(
        "decorator_no_grad",
        """
        import paddle
        @paddle.no_grad()
        def g(x):
            import math
            return x * math.pi
        def f(x):
            return g(x) + 1.0
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "grad_flows",
        """
        import paddle
        def f(x):
            x.stop_gradient = False
            from formpkg.consts import K
            y = (x * K).sum()
            y.backward()
            return y, x.grad
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "generator_send",
        """
        def gen(x):
            from math import pi
            k = yield x * pi
            import cmath
            yield x * k * cmath.e
        def f(x):
            g = gen(x)
            a = next(g)
            b = g.send(3.0)
            return a + b
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "yield_from_import",
        """
        def inner(x):
            from math import e
            yield x * e
        def gen(x):
            yield from inner(x)
            from math import pi
            yield x * pi
        def f(x):
            t = x
            for v in gen(x):
                t = t + v
            return t
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "generator_return_value",
        """
        def inner(x):
            from math import e
            yield x * e
            return 5.0
        def gen(x):
            k = yield from inner(x)
            yield x * k
        def f(x):
            return sum(gen(x))
    """,
        _ANY,
        "what Paddle translates wrongly",
    ),
    _form(
        "genexpr_import_call",
        """
        def f(x):
            return x * sum(__import__(m).pi for m in ("math", "cmath"))
    """,
        _ANY,
        "depends on the Paddle or the Python",
    ),
    _form(
        "dictcomp_import_mods",
        """
        def f(x):
            import math, cmath
            d = {m.__name__: m.pi for m in (math, cmath)}
            return x * d["math"] * d["cmath"]
    """,
    ),
    _form(
        "listcomp_cond_import",
        """
        def f(x):
            from formpkg.consts import TABLE
            return [x * t for t in TABLE if t > 1.5][0]
    """,
    ),
    _form(
        "comp_shadow_import",
        """
        def f(x):
            import math
            r = [math for math in range(3)]
            return x * math.pi * r[2]
    """,
    ),
    _form(
        "class_body_uses_fn_import",
        """
        def f(x):
            import math
            class A:
                k = math.pi
                def g(self, y):
                    return y * math.e * self.k
            return A().g(x)
    """,
    ),
    _form(
        "class_body_import_star_names",
        """
        def f(x):
            class A:
                from formpkg.consts import K, FLAG as flag
                import formpkg.sub.leaf as leaf
            return x * A.K * A.leaf.V * A.flag
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "metaclass_prepare_import",
        """
        class M(type):
            @classmethod
            def __prepare__(mcs, name, bases):
                from math import pi
                return {"pi": pi}
        def f(x):
            class A(metaclass=M):
                k = pi * 2
            return x * A.k
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "exec_import",
        """
        def f(x):
            ns = {}
            exec("import math\\nk = math.pi", ns)
            return x * ns["k"]
    """,
    ),
    _form(
        "eval_import",
        """
        def f(x):
            return x * eval("__import__('math').pi")
    """,
    ),
    _form(
        "eval_in_importing",
        """
        def f(x):
            import math
            return x * eval("math.pi")
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "locals_use",
        """
        def f(x):
            import math
            return x * math.pi, sorted(locals())
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "globals_use",
        """
        K2 = 2.0
        def f(x):
            import math
            return x * math.pi * globals()["K2"]
        def before(number):
            global K2
            K2 = float(number)
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "vars_use",
        """
        def f(x):
            import math
            return x * vars()["math"].pi
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "dir_use",
        """
        def f(x):
            import math
            return x * len(dir())
    """,
        _ANY,
        "the frame is looked at",
    ),
]
