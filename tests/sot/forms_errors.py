"""Forms with try statements around imports, and imports that fail."""

from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "try_succeeds",
        """
        def f(x):
            try:
                import math
            except ImportError:
                math = None
            return x * math.pi
    """,
    ),
    _form(
        "try_missing",
        """
        def f(x):
            try:
                import absent_module
            except ImportError:
                absent_module = None
            return x * (2.0 if absent_module is None else 3.0)
    """,
    ),
    _form(
        "try_missing_submodule",
        """
        def f(x):
            try:
                import formpkg.sub.absent as m
            except ModuleNotFoundError as e:
                return x + 1.0, str(e), e.name, e.path, e.msg, e.args, type(e).__name__
            return x
    """,
    ),
    _form(
        "try_missing_not_a_package",
        """
        def f(x):
            try:
                import math.absent
            except ImportError as e:
                return x + 1.0, f"{e}", e.name
            return x
    """,
    ),
    _form(
        "try_missing_parent",
        """
        def f(x):
            try:
                import absent_module.sub.leaf
            except ImportError as e:
                return x + 1.0, str(e), e.name
            return x
    """,
    ),
    _form(
        "try_missing_name",
        """
        def f(x):
            try:
                from formpkg.consts import absent
            except ImportError as e:
                return x + 1.0, str(e), e.name, e.path
            return x
    """,
    ),
    _form(
        "try_missing_name_of_package",
        """
        def f(x):
            try:
                from formpkg.sub import leaf, absent
            except ImportError as e:
                return x * leaf.V if False else x + 1.0, str(e), e.name, e.path
            return x
    """,
    ),
    _form(
        "try_missing_relative",
        """
        def f(x):
            try:
                from .absent import name
            except ImportError as e:
                return x + 1.0, str(e), e.name
            return x
    """,
    ),
    _form(
        "try_wrong_type",
        """
        def f(x):
            try:
                import absent_module
            except ValueError:
                return x
            return x + 1.0
    """,
        _ANY,
        "raises",
    ),
    _form(
        "try_tuple_of_types",
        """
        def f(x):
            try:
                import absent_module
            except (ValueError, ImportError) as e:
                y = x + len(str(e))
            return y
    """,
    ),
    _form(
        "try_bare",
        """
        def f(x):
            try:
                import absent_module
            except:
                y = x + 3.0
            return y
    """,
    ),
    _form(
        "try_exception",
        """
        def f(x):
            try:
                import absent_module
            except Exception:
                y = x + 3.0
            return y
    """,
    ),
    _form(
        "try_own_type",
        """
        class Missing(ImportError):
            pass
        def f(x):
            try:
                import absent_module
            except Missing:
                y = x + 3.0
            except ImportError:
                y = x + 4.0
            return y
    """,
    ),
    _form(
        "try_rebound_type",
        """
        from builtins import ImportError as Kind
        def f(x):
            try:
                import absent_module
            except Kind:
                return x + 1.0
            except ImportError:
                return x + 2.0
        def before(number):
            global Kind
            Kind = ImportError if number % 2 == 0 else ValueError
    """,
    ),
    _form(
        "try_else",
        """
        def f(x):
            try:
                import math
            except ImportError:
                flag = 0.0
            else:
                flag = math.pi
            return x * flag
    """,
    ),
    _form(
        "try_missing_else",
        """
        def f(x):
            try:
                import absent_module
            except ImportError:
                flag = 5.0
            else:
                flag = 1.0
            return x * flag
    """,
    ),
    _form(
        "try_finally",
        """
        def f(x):
            try:
                import math
                y = x * math.pi
            finally:
                k = 2.0
            return y * k
    """,
    ),
    _form(
        "try_finally_log",
        """
        from formpkg.log import LOG
        def f(x):
            try:
                import math
                y = x * math.pi
            finally:
                LOG.append("finally")
            return y
    """,
    ),
    _form(
        "try_missing_finally",
        """
        from formpkg.log import LOG
        def f(x):
            try:
                import absent_module
            except ImportError:
                y = x + 1.0
            else:
                y = x
            finally:
                LOG.append("finally")
            return y
    """,
    ),
    _form(
        "try_missing_only_finally",
        """
        from formpkg.log import LOG
        def f(x):
            try:
                import absent_module
            finally:
                LOG.append("finally")
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "try_chain",
        """
        def f(x):
            try:
                import absent_module as m
            except ImportError:
                try:
                    import absent_too as m
                except ImportError:
                    import math as m
            return x * m.pi
    """,
    ),
    _form(
        "try_chain_names",
        """
        def f(x):
            try:
                import absent_module as m
            except ImportError as first:
                try:
                    from math import absent
                except ImportError as second:
                    return x + 1.0, first.name, second.name
            return x
    """,
    ),
    _form(
        "try_nested",
        """
        def f(x):
            k = 1.0
            try:
                try:
                    import absent_module
                except ValueError:
                    k = 2.0
                finally:
                    k += 0.5
            except ImportError:
                k *= 3.0
            return x * k
    """,
    ),
    _form(
        "try_reraise",
        """
        def f(x):
            try:
                try:
                    import absent_module
                except ImportError:
                    raise
            except ModuleNotFoundError as e:
                return x + 1.0, e.name
            return x
    """,
    ),
    _form(
        "try_reraise_named",
        """
        def f(x):
            try:
                try:
                    import absent_module
                except ImportError as e:
                    raise e
            except ModuleNotFoundError as e:
                return x + 1.0, e.name
            return x
    """,
    ),
    _form(
        "try_raise_other",
        """
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                raise RuntimeError(f"needs {e.name}") from e
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "try_raise_other_caught",
        """
        def f(x):
            try:
                try:
                    import absent_module
                except ImportError as e:
                    raise RuntimeError(f"needs {e.name}") from e
            except RuntimeError as e:
                return x + 1.0, str(e)
            return x
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "try_in_loop",
        """
        def f(x):
            for i in range(3):
                try:
                    import absent_module
                except ImportError:
                    x = x + i
                    continue
                x = x * 2.0
            return x
    """,
        _ANY,
        "depends on the Python",
    ),
    _form(
        "try_around_loop",
        """
        def f(x):
            y = x
            try:
                for i in range(3):
                    y = y + 1.0
                    if i == 1:
                        import absent_module
            except ImportError:
                return y * 10.0
            return y
    """,
        _ANY,
        "operations in the try statement",
    ),
    _form(
        "try_return_in_handler_of_loop",
        """
        def f(x):
            for name in ("absent_module", "math"):
                try:
                    import absent_module
                except ImportError:
                    return x + len(name)
            return x
    """,
        _ANY,
        "depends on the Python",
    ),
    _form(
        "try_flag_cached",
        """
        CACHE = {}
        def f(x):
            if "flag" not in CACHE:
                try:
                    import absent_module
                    CACHE["flag"] = True
                except ImportError:
                    CACHE["flag"] = False
            return x * (2.0 if CACHE["flag"] else 3.0)
    """,
        _ANY,
        "the first calls differ",
    ),
    _form(
        "try_log_in_handler",
        """
        from formpkg.log import LOG
        def f(x):
            LOG.append("before")
            try:
                import absent_module
            except ImportError as e:
                LOG.append(str(e))
            LOG.append("after")
            return x + 1.0
    """,
    ),
    _form(
        "try_keeps_exception",
        """
        KEPT = []
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                KEPT.append(e)
            return x + 1.0
    """,
        _ANY,
        "the exception leaves its handler",
    ),
    _form(
        "try_returns_exception",
        """
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                return x + 1.0, e
    """,
        _ANY,
        "the exception leaves its handler",
    ),
    _form(
        "try_exc_info",
        """
        import sys
        def f(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0, sys.exc_info()[0].__name__, str(sys.exc_info()[1])
    """,
        _ANY,
        "sys.exc_info()",
    ),
    _form(
        "try_isinstance",
        """
        def f(x):
            try:
                import absent_module
            except Exception as e:
                k = 2.0 if isinstance(e, ImportError) else 3.0
                return x * k
    """,
    ),
    _form(
        "try_context",
        """
        def f(x):
            try:
                import absent_module
            except ImportError:
                try:
                    import absent_too
                except ImportError as e:
                    return x + 1.0, str(e.__context__)
    """,
        _ANY,
        "reads the context",
    ),
    _form(
        "try_unbinds_name",
        """
        def f(x):
            e = 1.0
            try:
                import absent_module
            except ImportError as e:
                pass
            try:
                return x * e
            except UnboundLocalError:
                return x + 7.0
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "try_operation_fails_in_graph",
        """
        import paddle
        def arguments():
            return (paddle.to_tensor([NUMBER]),)
        NUMBER = 0
        def before(number):
            global NUMBER
            NUMBER = 1 if number % 2 == 0 else 9
        def f(x, index):
            try:
                from formpkg import consts
                y = paddle.gather(x, index) * consts.K
            except Exception as e:
                y = x + 0.5
            return y
    """,
        _ANY,
        "an operation that fails when the graph runs",
    ),
    _form(
        "try_operation_fails_in_helper",
        """
        import paddle
        from ..helpers import gathers
        def arguments():
            return (paddle.to_tensor([NUMBER]),)
        NUMBER = 0
        def before(number):
            global NUMBER
            NUMBER = 1 if number % 2 == 0 else 9
        def f(x, index):
            return gathers(x, index)
    """,
        _ANY,
        "an operation that fails when the graph runs",
    ),
    _form(
        "finally_when_graph_fails",
        """
        import paddle
        from formpkg.log import LOG
        def arguments():
            return (paddle.to_tensor([9]),)
        def f(x, index):
            try:
                import math
                return paddle.gather(x, index) * math.pi
            finally:
                LOG.append("finally")
    """,
        _ANY,
        "raises",
    ),
    _form(
        "missing_propagates", "def f(x):\n    import absent_module\n    return x\n", _ANY, "raises"
    ),
    _form(
        "missing_name_propagates",
        """
        def f(x):
            from formpkg.consts import absent
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "missing_propagates_after_log",
        """
        from formpkg.log import LOG
        def f(x):
            LOG.append("before")
            y = x + 1.0
            import absent_module
            return y
    """,
        _ANY,
        "raises",
    ),
    _form(
        "missing_in_helper_propagates",
        """
        from ..helpers import raising
        def f(x):
            return raising(x + 1.0)
    """,
        _ANY,
        "raises",
    ),
    _form(
        "boom_propagates",
        """
        def f(x):
            import formpkg.boom
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "boom_caught",
        """
        def f(x):
            try:
                import formpkg.boom
            except ValueError as e:
                return x + 1.0, str(e)
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "boom_from_caught",
        """
        def f(x):
            try:
                from formpkg import boom
            except ValueError:
                return x + 1.0
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "body_needs_absent",
        """
        def f(x):
            try:
                import formpkg.needs_absent
            except ImportError as e:
                return x + 1.0, e.name
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "circular_fails",
        """
        def f(x):
            try:
                from formpkg.circular_c import early
            except ImportError as e:
                return x + 1.0, str(e)
            return x * early
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "break_then_try_missing",
        """
        def f(x):
            y = x * float(x.numpy()[0])
            try:
                import absent_module
            except ImportError:
                y = y + 1.0
            return y
    """,
        _ANY,
        "breaks at numpy()",
    ),
    _form(
        "break_after_import",
        """
        def f(x):
            import math
            y = x * math.pi
            k = float(y.numpy()[0])
            return y * k * math.e
    """,
        _ANY,
        "breaks at numpy()",
    ),
    _form(
        "break_in_try_after_import",
        """
        def f(x):
            try:
                import math
                k = float((x * math.pi).numpy()[0])
            except ImportError:
                k = 0.0
            return x * k
    """,
        _ANY,
        "breaks at numpy()",
    ),
    _form(
        "with_in_try",
        """
        import paddle
        def f(x):
            try:
                import absent_module
            except ImportError:
                with paddle.no_grad():
                    x = x + 1.0
            return x
    """,
        _ANY,
        "with statements",
    ),
]
