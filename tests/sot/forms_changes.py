"""Forms whose outside world changes: modules loaded, replaced, deleted, hooked."""

from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "negative_zero",
        """
        import paddle
        K = 0.0
        def f(x):
            import math
            return math.pi / paddle.full_like(x, K)
        def before(number):
            global K
            K = -0.0 if number % 2 else 0.0
    """,
        _ANY,
        "a program of Paddle's has one constant for 0.0 and -0.0",
    ),
    _form(
        "first_time_effects",
        """
        def f(x):
            import formpkg.effects
            return x * formpkg.effects.K
    """,
    ),
    _form(
        "first_time_effects_from",
        """
        def f(x):
            from formpkg.effects import K
            return x * K
    """,
    ),
    _form(
        "first_time_two",
        """
        def f(x):
            from formpkg.effects import K
            from formpkg.effects2 import K as L
            return x * K * L
    """,
    ),
    _form(
        "deleted_from_modules",
        """
        import sys
        def f(x):
            import formpkg.effects
            return x * formpkg.effects.K
        def before(number):
            if number:
                del sys.modules["formpkg.effects"]
    """,
    ),
    _form(
        "deleted_inside",
        """
        import sys
        def f(x):
            import formpkg.effects
            del sys.modules["formpkg.effects"]
            import formpkg.effects as again
            return x * again.K
    """,
        _ANY,
        "the import system changes in the function",
    ),
    _form(
        "pending_effect",
        """
        from formpkg.log import LOG
        def f(x):
            LOG.append("pending")
            import formpkg.effects2
            return x * formpkg.effects2.K
    """,
    ),
    _form(
        "pending_global",
        """
        STATE = 0
        def f(x):
            global STATE
            STATE = STATE + 1
            import formpkg.effects
            return x * formpkg.effects.K + STATE
    """,
        _ANY,
        "the number of graphs depends on the Paddle",
    ),
    _form(
        "body_changes_what_was_read",
        """
        import sys, types
        from formpkg import consts
        def before(number):
            consts.K = 3.0
            sys.modules.pop("virtual_changer", None)
            sys.path_hooks
        def f(x):
            y = x * consts.K
            import formpkg.changer
            return y * consts.K
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "changer.py").write_text(
            "from formpkg import consts\\nconsts.K = 100.0\\n")
    """,
        _ANY,
        "the first calls differ",
    ),
    _form(
        "swapped_in_modules",
        """
        import sys, types
        def f(x):
            import virtual_module
            return x * virtual_module.k
        def before(number):
            module = types.ModuleType("virtual_module")
            module.k = float(number)
            sys.modules["virtual_module"] = module
    """,
    ),
    _form(
        "object_in_modules",
        """
        import sys, types
        def f(x):
            import virtual_object
            from virtual_object import k as j
            return x * virtual_object.k * j
        def before(number):
            sys.modules["virtual_object"] = types.SimpleNamespace(k=float(number + 1))
    """,
    ),
    _form(
        "none_in_modules",
        """
        import sys
        def f(x):
            try:
                import virtual_none
            except ImportError as e:
                return x + 1.0, str(e), e.name
            return x
        sys.modules["virtual_none"] = None
    """,
    ),
    _form(
        "attribute_changed",
        """
        from formpkg import consts
        def f(x):
            import formpkg.consts as c
            return x * c.K
        def before(number):
            consts.K = float(number)
    """,
    ),
    _form(
        "attribute_changed_from",
        """
        from formpkg import consts
        def f(x):
            from formpkg.consts import K
            return x * K
        def before(number):
            consts.K = float(number)
    """,
    ),
    _form(
        "attribute_changes_type",
        """
        from formpkg import consts
        def f(x):
            from formpkg.consts import K
            return x * K
        def before(number):
            consts.K = 1 if number % 2 else 1.0
    """,
    ),
    _form(
        "attribute_deleted",
        """
        from formpkg import consts
        def f(x):
            try:
                from formpkg.consts import K
            except ImportError:
                K = 9.0
            return x * K
        def before(number):
            if number == 1:
                del consts.K
            if number == 3:
                consts.K = 5.0
    """,
    ),
    _form(
        "function_replaced",
        """
        from formpkg import consts, other
        stock = consts.scale
        def f(x):
            from formpkg.consts import scale
            return scale(x)
        def before(number):
            consts.scale = other.scale if number % 2 else stock
    """,
    ),
    _form(
        "function_replaced_same_code",
        """
        from formpkg import consts
        def scaled(k):
            def scale(x, factor=k):
                return x * factor
            return scale
        def f(x):
            import formpkg.consts
            from formpkg.consts import scale
            return scale(x) + formpkg.consts.scale(x)
        def before(number):
            consts.scale = scaled(float(number))
    """,
    ),
    _form(
        "class_attribute_changed",
        """
        from formpkg import consts
        def f(x):
            from formpkg.consts import Config
            return x * Config.scale
        def before(number):
            consts.Config.scale = float(number)
    """,
    ),
    _form(
        "table_changed",
        """
        from formpkg import consts
        def f(x):
            from formpkg.consts import TABLE
            return x * TABLE[1]
        def before(number):
            consts.TABLE[1] = float(number)
    """,
    ),
    _form(
        "reloaded",
        """
        import importlib
        from formpkg import consts
        def f(x):
            from formpkg.consts import K, scale
            return scale(x) * K
        def before(number):
            if number == 1:
                consts.K = 50.0
            if number == 2:
                importlib.reload(consts)
    """,
    ),
    _form(
        "missing_then_appears",
        """
        import sys, types
        def f(x):
            try:
                import virtual_late
            except ImportError:
                return x + 1.0
            return x * virtual_late.k
        def before(number):
            if number == 2:
                module = types.ModuleType("virtual_late")
                module.k = 6.0
                sys.modules["virtual_late"] = module
    """,
    ),
    _form(
        "missing_file_appears",
        """
        import importlib, pathlib
        import formpkg
        def f(x):
            try:
                from formpkg import appears
            except ImportError as e:
                return x + 1.0
            return x * appears.K
        def before(number):
            if number == 2:
                path = pathlib.Path(formpkg.__path__[0], "appears.py")
                path.write_text("from formpkg.log import LOG\\nLOG.append('appears')\\nK = 2.0\\n")
                importlib.invalidate_caches()
    """,
    ),
    _form(
        "appears_then_missing",
        """
        import sys, types
        def f(x):
            try:
                import virtual_gone
            except ImportError:
                return x + 1.0
            return x * virtual_gone.k
        def before(number):
            if number == 0:
                module = types.ModuleType("virtual_gone")
                module.k = 6.0
                sys.modules["virtual_gone"] = module
            if number == 2:
                del sys.modules["virtual_gone"]
    """,
    ),
    _form(
        "path_extended_inside",
        """
        import pathlib, sys
        import formpkg
        folder = pathlib.Path(formpkg.__path__[0], "extra")
        folder.mkdir(exist_ok=True)
        (folder / "virtual_extra.py").write_text("K = 3.5\\n")
        def f(x):
            sys.path.insert(0, str(folder))
            import virtual_extra
            return x * virtual_extra.K
        def before(number):
            sys.path[:] = [each for each in sys.path if each != str(folder)]
            sys.modules.pop("virtual_extra", None)
    """,
        _ANY,
        "the import system changes in the function",
    ),
    _form(
        "module_getattr",
        """
        def f(x):
            from formpkg.lazy import dynamic
            return x * dynamic
    """,
    ),
    _form(
        "module_getattr_static_name",
        """
        def f(x):
            from formpkg.lazy import static
            return x * static
    """,
    ),
    _form(
        "module_getattr_two",
        """
        def f(x):
            from formpkg.lazy import dynamic, static
            return x * dynamic * static
    """,
    ),
    _form(
        "module_getattr_changes",
        """
        def f(x):
            from formpkg.lazy import counter
            return x * counter
    """,
    ),
    _form(
        "module_getattr_missing",
        """
        def f(x):
            try:
                from formpkg.lazy import absent
            except ImportError as e:
                return x + 1.0, str(e)
            return x
    """,
        _ANY,
        "a __getattr__ that raises",
    ),
    _form(
        "module_getattr_by_attribute",
        """
        def f(x):
            import formpkg.lazy as lazy
            return x * lazy.dynamic
    """,
        _ANY,
        "a __getattr__ asked by an attribute",
    ),
    _form(
        "module_getattr_of_package",
        """
        def f(x):
            from formpkg.lazy_package import dynamic, leaf
            return x * dynamic * leaf.K
    """,
    ),
    _form(
        "module_getattr_after_effect",
        """
        from formpkg.log import LOG
        def f(x):
            LOG.append("before")
            from formpkg.lazy import dynamic
            return x * dynamic
    """,
        _ANY,
        "a __getattr__ after side effects",
    ),
    _form(
        "module_with_class",
        """
        import sys, types
        class Odd(types.ModuleType):
            @property
            def k(self):
                from formpkg.log import LOG
                LOG.append("property")
                return 2.0
        sys.modules["virtual_odd"] = Odd("virtual_odd")
        def f(x):
            import virtual_odd
            return x * virtual_odd.k
    """,
        _ANY,
        "a property of a module",
    ),
    _form(
        "module_with_class_from",
        """
        import sys, types
        class Odd(types.ModuleType):
            @property
            def k(self):
                from formpkg.log import LOG
                LOG.append("property")
                return 2.0
        sys.modules["virtual_odd"] = Odd("virtual_odd")
        def f(x):
            from virtual_odd import k
            return x * k
    """,
        _ANY,
        "a property of a module",
    ),
    _form(
        "circular",
        """
        def f(x):
            from formpkg.circular_a import K, L
            return x * K * L
    """,
    ),
    _form(
        "builtins_import_overridden",
        """
        import builtins
        from formpkg.log import LOG
        stock = builtins.__import__
        def hook(name, *rest):
            if name.startswith(("math", "formpkg")):
                LOG.append(name)
            return stock(name, *rest)
        def f(x):
            import math
            from formpkg.consts import K
            return x * math.pi * K
        def before(number):
            builtins.__import__ = hook if number in (1, 2) else stock
    """,
        _ANY,
        "the override runs in every call",
    ),
    _form(
        "builtins_import_overridden_in_helper",
        """
        import builtins
        from formpkg.log import LOG
        from ..helpers import absolute
        stock = builtins.__import__
        def hook(name, *rest):
            if name.startswith(("math", "formpkg")):
                LOG.append(name)
            return stock(name, *rest)
        def f(x):
            return absolute(x) + 1.0
        def before(number):
            builtins.__import__ = hook if number in (1, 2) else stock
    """,
        _ANY,
        "the override runs in every call",
    ),
    _form(
        "own_builtins",
        """
        import builtins
        from formpkg.log import LOG
        def hook(name, *rest):
            LOG.append(name)
            return builtins.__import__(name, *rest)
        _scope = {"__builtins__": {**vars(builtins), "__import__": hook}, "__name__": "own"}
        exec("def f(x):\\n    import math\\n    return x * math.pi\\n", _scope)
        def make():
            return _scope["f"]
    """,
        _ANY,
        "builtins of its own",
    ),
    _form(
        "finder_virtual",
        """
        import importlib.abc, importlib.machinery, sys
        from formpkg.log import LOG
        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                if name.startswith(("virtual", "absent")):
                    LOG.append(f"find {name}")
                if name == "virtual_found":
                    return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec):
                return None
            def exec_module(self, module):
                LOG.append("exec")
                module.k = 4.0
        sys.meta_path.insert(0, Finder())
        def f(x):
            import virtual_found
            return x * virtual_found.k
        def before(number):
            if number == 2:
                del sys.modules["virtual_found"]
    """,
    ),
    _form(
        "finder_counts_missing",
        """
        import importlib.abc, sys
        from formpkg.log import LOG
        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name.startswith(("virtual", "absent")):
                    LOG.append(f"find {name}")
        sys.meta_path.insert(0, Finder())
        def f(x):
            try:
                import absent_module
            except ImportError as e:
                return x + 1.0, str(e)
            return x
    """,
        _ANY,
        "a finder that may notice",
    ),
    _form(
        "import_module_call",
        """
        import importlib
        def f(x):
            return x * importlib.import_module("math").pi
    """,
    ),
    _form(
        "import_module_dotted",
        """
        from importlib import import_module
        def f(x):
            return x * import_module("formpkg.sub.leaf").V
    """,
    ),
    _form(
        "import_module_relative",
        """
        import importlib
        def f(x):
            return x * importlib.import_module(".sibling", __package__).V
    """,
    ),
    _form(
        "import_module_inside",
        """
        def f(x):
            import importlib
            m = importlib.import_module("formpkg.effects")
            return x * m.K
    """,
    ),
    _form(
        "import_module_missing",
        """
        import importlib
        def f(x):
            try:
                importlib.import_module("absent_module")
            except ImportError as e:
                return x + 1.0, str(e), e.name
            return x
    """,
    ),
    _form(
        "import_module_name_changes",
        """
        import importlib
        NAME = "math"
        def f(x):
            return x * importlib.import_module(NAME).pi
        def before(number):
            global NAME
            NAME = "math" if number % 2 else "cmath"
    """,
    ),
    _form(
        "import_module_bad_argument",
        """
        import importlib
        def f(x):
            return x * importlib.import_module(".sibling").V
    """,
        _ANY,
        "raises",
    ),
    _form("dunder_import", "def f(x):\n    return x * __import__('math').pi\n"),
    _form(
        "dunder_import_dotted",
        """
        def f(x):
            return x * __import__("formpkg.sub.leaf").sub.leaf.V
    """,
    ),
    _form(
        "dunder_import_fromlist",
        """
        def f(x):
            return x * __import__("formpkg.sub.leaf", globals(), None, ["V"]).V
    """,
        _ANY,
        "globals()",
    ),
    _form(
        "modules_lookup",
        """
        import sys
        def f(x):
            import math
            return x * sys.modules["math"].pi
    """,
    ),
    _form(
        "equal_code_in_two_modules",
        """
        import types
        def template(x):
            from .leaf import V
            return x * V
        def in_package(name):
            scope = {"__name__": f"{name}.m", "__package__": name, "__builtins__": __builtins__}
            return types.FunctionType(template.__code__, scope)
        functions = [in_package("formpkg.sub"), in_package("formpkg.sub.deep")]
        TURN = 0
        def f(x):
            return functions[TURN](x)
        def before(number):
            global TURN
            TURN = number % 2
    """,
        _ANY,
        "depends on the Paddle",
    ),
    _form(
        "version_check",
        """
        def f(x):
            import sys
            return x * (2.0 if sys.version_info[0] >= 3 else 1.0)
    """,
        _ANY,
        "sys.version_info",
    ),
    _form(
        "lazy_loader",
        """
        import importlib.util, sys
        def f(x):
            import formpkg.effects as e
            return x * e.K
        spec = importlib.util.find_spec("formpkg.effects")
        loader = importlib.util.LazyLoader(spec.loader)
        spec.loader = loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["formpkg.effects"] = module
        import formpkg
        formpkg.effects = module
        loader.exec_module(module)
    """,
        _ANY,
        "the module loads itself when it is read",
    ),
]
