"""Modules that are odd or change: lazy, replaced, hooked, patched, found in sys.modules."""

# ruff: noqa: E501 - the modules that they write are one string each
from __future__ import annotations

from forms import _ANY, _form

FORMS = [
    _form(
        "as_attr_differs",
        """
        import formpkg.shadow.leaf
        formpkg.shadow.leaf = 21.0
        def f(x):
            import formpkg.shadow.leaf as d
            return x * d
    """,
    ),
    _form(
        "as_attr_deleted_uses_modules",
        """
        import formpkg.sub.leaf
        def before(number):
            if number in (1, 3):
                del formpkg.sub.leaf
            else:
                import sys
                formpkg.sub.leaf = sys.modules["formpkg.sub.leaf"]
        def f(x):
            import formpkg.sub.leaf as d
            return x * d.V
    """,
    ),
    _form(
        "as_parent_attr_other_module",
        """
        import formpkg.sub.leaf, formpkg.other, sys
        def before(number):
            formpkg.sub = sys.modules["formpkg.sub"] if number % 2 == 0 else type("O", (), {"leaf": formpkg.consts2})
        import types
        formpkg.consts2 = types.SimpleNamespace(V=100.0)
        def f(x):
            import formpkg.sub.leaf as d
            return x * d.V
    """,
    ),
    _form(
        "dotted_attr_deleted",
        """
        import formpkg.sub.leaf
        def before(number):
            if number == 2:
                del formpkg.sub.leaf
        def f(x):
            import formpkg.sub.leaf
            return x * formpkg.sub.leaf.V
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "parent_deleted_from_modules",
        """
        import sys
        from formpkg.log import LOG
        def f(x):
            import formpkg.sub.leaf as d
            return x * d.V
        def before(number):
            if number == 2:
                sys.modules.pop("formpkg.sub", None)
    """,
    ),
    _form(
        "parent_deleted_dotted",
        """
        import sys
        def f(x):
            import formpkg.sub.leaf
            return x * formpkg.sub.leaf.V, formpkg.sub is sys.modules["formpkg.sub"]
        def before(number):
            if number == 2:
                sys.modules.pop("formpkg.sub", None)
    """,
        _ANY,
        "an exception that no import raised",
    ),
    _form(
        "child_replaced_dotted",
        """
        import sys, types
        def f(x):
            import formpkg.sub.leaf
            return x * formpkg.sub.leaf.V
        def before(number):
            if number == 2:
                m = types.ModuleType("formpkg.sub.leaf"); m.V = 99.0
                sys.modules["formpkg.sub.leaf"] = m
            if number == 3:
                sys.modules["formpkg.sub"].leaf = sys.modules["formpkg.sub.leaf"]
    """,
    ),
    _form(
        "child_replaced_from",
        """
        import sys, types
        def f(x):
            from formpkg.sub import leaf
            return x * leaf.V
        def before(number):
            if number == 2:
                m = types.ModuleType("formpkg.sub.leaf"); m.V = 99.0
                sys.modules["formpkg.sub.leaf"] = m
            if number == 3:
                sys.modules["formpkg.sub"].leaf = sys.modules["formpkg.sub.leaf"]
    """,
    ),
    _form(
        "getattr_added",
        """
        from formpkg.log import LOG
        import formpkg.consts as c
        def f(x):
            try:
                from formpkg.consts import absent
            except ImportError:
                absent = 2.0
            return x * absent
        def before(number):
            if number == 2:
                def g(name):
                    LOG.append(name)
                    if name == "absent":
                        return 7.0
                    raise AttributeError(name)
                c.__getattr__ = g
            if number == 3:
                del c.__getattr__
    """,
    ),
    _form(
        "getattr_added_present_name",
        """
        from formpkg.log import LOG
        import formpkg.consts as c
        def f(x):
            from formpkg.consts import K
            return x * K
        def before(number):
            if number == 2:
                def g(name):
                    LOG.append(name)
                    raise AttributeError(name)
                c.__getattr__ = g
    """,
    ),
    _form(
        "module_class_changed",
        """
        import types
        from formpkg.log import LOG
        import formpkg.consts as c
        class M(types.ModuleType):
            @property
            def K(self):
                LOG.append("prop")
                return 8.0
        def f(x):
            import formpkg.consts
            return x * formpkg.consts.K
        def before(number):
            if number == 2:
                c.__class__ = M
    """,
    ),
    _form(
        "module_class_changed_from",
        """
        import types
        from formpkg.log import LOG
        import formpkg.consts as c
        class M(types.ModuleType):
            @property
            def K(self):
                LOG.append("prop")
                return 8.0
        def f(x):
            from formpkg.consts import K
            return x * K
        def before(number):
            if number == 2:
                c.__class__ = M
    """,
    ),
    _form(
        "lazy_package_class",
        """
        import sys, types, importlib
        from formpkg.log import LOG
        class Lazy(types.ModuleType):
            def __getattr__(self, name):
                LOG.append(name)
                if name in ("V",):
                    value = getattr(importlib.import_module("formpkg.sub.leaf"), name)
                    setattr(self, name, value)
                    return value
                raise AttributeError(f"module {self.__name__} has no attribute {name}")
        m = Lazy("formpkg.lazyp"); m.__path__ = []; m.__file__="x"
        sys.modules["formpkg.lazyp"] = m
        import formpkg
        formpkg.lazyp = m
        def f(x):
            from formpkg.lazyp import V
            return x * V
    """,
    ),
    _form(
        "lazy_submodule_pep562",
        """
        import pathlib, formpkg
        p = pathlib.Path(formpkg.__path__[0], "lz"); p.mkdir()
        (p/"__init__.py").write_text('from formpkg.log import LOG\\nimport importlib\\ndef __getattr__(name):\\n    LOG.append(name)\\n    if name == "inner":\\n        return importlib.import_module("." + name, __name__)\\n    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")\\n')
        (p/"inner.py").write_text("from formpkg.log import LOG\\nLOG.append('inner body')\\nV = 4.5\\n")
        def f(x):
            from formpkg.lz import inner
            return x * inner.V
    """,
    ),
    _form(
        "lazy_submodule_pep562_attr",
        """
        import pathlib, formpkg
        p = pathlib.Path(formpkg.__path__[0], "lz"); p.mkdir()
        (p/"__init__.py").write_text('from formpkg.log import LOG\\nimport importlib\\ndef __getattr__(name):\\n    LOG.append(name)\\n    if name == "inner":\\n        return importlib.import_module("." + name, __name__)\\n    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")\\n')
        (p/"inner.py").write_text("from formpkg.log import LOG\\nLOG.append('inner body')\\nV = 4.5\\n")
        def f(x):
            import formpkg.lz
            return x * formpkg.lz.inner.V
    """,
    ),
    _form(
        "import_changes_syspath",
        """
        import pathlib, formpkg, sys
        p = pathlib.Path(formpkg.__path__[0], "extra2"); p.mkdir()
        (p/"virtual_p.py").write_text("K = 3.25\\n")
        pathlib.Path(formpkg.__path__[0], "adds_path.py").write_text(f"import sys\\nsys.path.append({str(p)!r})\\n")
        def f(x):
            import formpkg.adds_path
            import virtual_p
            return x * virtual_p.K
    """,
    ),
    _form(
        "import_changes_syspath_missing",
        """
        import pathlib, formpkg, sys
        p = pathlib.Path(formpkg.__path__[0], "extra2"); p.mkdir()
        (p/"virtual_p.py").write_text("K = 3.25\\n")
        def f(x):
            try:
                import virtual_p
            except ImportError:
                return x + 1.0
            return x * virtual_p.K
        def before(number):
            if number == 1:
                sys.path.append(str(p))
            if number == 3:
                sys.path.remove(str(p)); del sys.modules["virtual_p"]
    """,
    ),
    _form(
        "import_warns",
        """
        import pathlib, formpkg, warnings
        from formpkg.log import LOG
        pathlib.Path(formpkg.__path__[0], "warns.py").write_text("import warnings\\nwarnings.warn('old module', DeprecationWarning, stacklevel=2)\\nwarnings.warn('here')\\nK=2.0\\n")
        def show(message, category, filename, lineno, file=None, line=None):
            LOG.append((str(message), category.__name__, filename.split('/')[-1], lineno))
        warnings.showwarning = show
        warnings.simplefilter("always")
        def f(x):
            import formpkg.warns
            return x * formpkg.warns.K
    """,
    ),
    _form(
        "import_warns_missing_registry",
        """
        import pathlib, formpkg, warnings, sys
        from formpkg.log import LOG
        pathlib.Path(formpkg.__path__[0], "warns.py").write_text("import warnings\\nwarnings.warn('old module', UserWarning, stacklevel=2)\\nK=2.0\\n")
        def show(message, category, filename, lineno, file=None, line=None):
            LOG.append((str(message), category.__name__, filename.split('/')[-1], lineno))
        warnings.showwarning = show
        warnings.resetwarnings()
        warnings.simplefilter("default")
        def f(x):
            import formpkg.warns
            return x * formpkg.warns.K
        def before(number):
            sys.modules.pop("formpkg.warns", None)
    """,
    ),
    _form(
        "import_body_sees_caller",
        """
        import pathlib, formpkg, sys
        from formpkg.log import LOG
        pathlib.Path(formpkg.__path__[0], "looks.py").write_text('import sys\\nfrom formpkg.log import LOG\\nf = sys._getframe(1)\\nwhile f and "importlib" in f.f_code.co_filename:\\n    f = f.f_back\\nLOG.append((f.f_code.co_filename.split("/")[-1], f.f_globals.get("__name__")))\\nK = 2.0\\n')
        def f(x):
            import formpkg.looks
            return x * formpkg.looks.K
    """,
    ),
    _form(
        "module_replaces_itself",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "selfrep.py").write_text('import sys\\nclass M:\\n    K = 6.0\\n    def scale(self, x):\\n        return x * 3.0\\nsys.modules[__name__] = M()\\n')
        def f(x):
            import formpkg.selfrep as m
            from formpkg.selfrep import K
            return m.scale(x) * K
    """,
    ),
    _form(
        "module_deletes_itself",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "selfdel.py").write_text('import sys\\nfrom formpkg.log import LOG\\nLOG.append("body")\\ndel sys.modules[__name__]\\n')
        def f(x):
            try:
                import formpkg.selfdel as m
            except Exception as e:
                return x + 1.0, type(e).__name__, str(e)
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_syntax_error",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "synt.py").write_text("def (:\\n")
        def f(x):
            try:
                import formpkg.synt
            except SyntaxError as e:
                return x + 1.0, type(e).__name__, e.lineno
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_system_exit",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "exits.py").write_text("from formpkg.log import LOG\\nLOG.append('x')\\nraise SystemExit(3)\\n")
        def f(x):
            try:
                import formpkg.exits
            except SystemExit as e:
                return x + 1.0, e.code
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_keyboard_interrupt",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "kbi.py").write_text("from formpkg.log import LOG\\nLOG.append('x')\\nraise KeyboardInterrupt\\n")
        def g(x):
            import formpkg.kbi
            return x
        def f(x):
            try:
                return g(x)
            except KeyboardInterrupt as e:
                return x + 1.0
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_raises_importerror_own",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "own_ie.py").write_text("from formpkg.log import LOG\\nLOG.append('x')\\nraise ImportError('no cuda', name='cuda', path='/p')\\n")
        def f(x):
            try:
                import formpkg.own_ie
            except ImportError as e:
                return x + 1.0, str(e), e.name, e.path
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_raises_then_succeeds",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "flaky.py").write_text('from formpkg.log import LOG\\nLOG.append("x")\\nif len(LOG) < 3:\\n    raise RuntimeError("not yet")\\nK = 2.0\\n')
        def f(x):
            try:
                from formpkg.flaky import K
            except RuntimeError as e:
                return x + 1.0
            return x * K
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "module_imports_missing_optional",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "optional.py").write_text('from formpkg.log import LOG\\nLOG.append("body")\\ntry:\\n    import absent_module\\n    HAS = True\\nexcept ImportError:\\n    HAS = False\\n')
        def f(x):
            from formpkg.optional import HAS
            return x * (2.0 if HAS else 3.0)
    """,
    ),
    _form(
        "find_spec_inside",
        """
        def f(x):
            import importlib.util
            if importlib.util.find_spec("absent_module") is not None:
                return x
            return x + 1.0
    """,
    ),
    _form(
        "find_spec_none_then_present",
        """
        import sys, types, importlib.machinery
        def f(x):
            from importlib.util import find_spec
            if find_spec("virtual_fs") is not None:
                return x * 2.0
            return x + 1.0
        def before(number):
            if number == 2:
                m = types.ModuleType("virtual_fs"); m.__spec__ = importlib.machinery.ModuleSpec("virtual_fs", None)
                sys.modules["virtual_fs"] = m
    """,
    ),
    _form(
        "reload_inside",
        """
        import importlib
        def f(x):
            import formpkg.effects as e
            importlib.reload(e)
            return x * e.K
    """,
    ),
    _form(
        "modules_in_check",
        """
        import sys
        def f(x):
            if "formpkg.effects" in sys.modules:
                return x * 2.0
            import formpkg.effects
            return x + formpkg.effects.K
    """,
    ),
    _form(
        "modules_get",
        """
        import sys
        def f(x):
            m = sys.modules.get("formpkg.effects")
            if m is None:
                import formpkg.effects as m
            return x * m.K
    """,
        _ANY,
        "the import system changes in the function",
    ),
    _form(
        "modules_pop_inside",
        """
        import sys
        def f(x):
            sys.modules.pop("formpkg.effects", None)
            import formpkg.effects
            return x + formpkg.effects.K
    """,
        _ANY,
        "the import system changes in the function",
    ),
    _form(
        "modules_set_inside",
        """
        import sys, types
        M = types.ModuleType("virtual_set"); M.K = 2.0
        def f(x):
            sys.modules["virtual_set"] = M
            import virtual_set
            return x * virtual_set.K
    """,
        _ANY,
        "the import system changes in the function",
    ),
    _form(
        "registry_grows_on_import",
        """
        import pathlib, formpkg
        import formpkg.consts as c
        c.REG = {}
        pathlib.Path(formpkg.__path__[0], "registers.py").write_text("from formpkg.consts import REG\\nREG['a'] = 4.0\\n")
        def f(x):
            n = len(c.REG)
            import formpkg.registers
            return x * n + len(c.REG)
    """,
    ),
    _form(
        "registry_in_before",
        """
        import pathlib, formpkg
        import formpkg.consts as c
        c.REG = {}
        pathlib.Path(formpkg.__path__[0], "registers.py").write_text("from formpkg.consts import REG\\nREG['a'] = 4.0\\n")
        def f(x):
            if "a" not in c.REG:
                import formpkg.registers
                return x * c.REG["a"]
            return x * c.REG["a"] + 1.0
    """,
    ),
    _form(
        "list_reg_grows",
        """
        import pathlib, formpkg
        import formpkg.consts as c
        c.REG = []
        pathlib.Path(formpkg.__path__[0], "registers.py").write_text("from formpkg.consts import REG\\nREG.append(4.0)\\n")
        def f(x):
            y = x
            for k in c.REG:
                y = y + k
            import formpkg.registers
            for k in c.REG:
                y = y * k
            return y
    """,
    ),
    _form(
        "import_patches_function",
        """
        import pathlib, formpkg
        pathlib.Path(formpkg.__path__[0], "patcher.py").write_text("import formpkg.consts as c\\ns = c.scale\\ndef scale(x, factor=2.0):\\n    return s(x, factor) + 100.0\\nc.scale = scale\\n")
        from formpkg import consts
        def f(x):
            a = consts.scale(x)
            import formpkg.patcher
            return a + consts.scale(x)
    """,
    ),
    _form(
        "import_patches_paddle",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "patcher.py").write_text("import paddle\\npaddle.my_op = lambda x: x + 5.0\\n")
        def f(x):
            import formpkg.patcher
            return paddle.my_op(x)
    """,
    ),
    _form(
        "import_patches_tensor_method",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "patcher.py").write_text("import paddle\\npaddle.Tensor.my_op = lambda self, k: self + k\\n")
        def f(x):
            import formpkg.patcher
            return x.my_op(3.0)
    """,
    ),
    _form(
        "import_changes_default_dtype",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "dt.py").write_text("import paddle\\npaddle.set_default_dtype('float64')\\n")
        def f(x):
            import formpkg.dt
            return paddle.ones([2]).astype('float64') * 3.0, str(paddle.ones([2]).dtype)
    """,
    ),
    _form(
        "import_seeds",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "seeds.py").write_text("import paddle\\npaddle.seed(7)\\n")
        def f(x):
            import formpkg.seeds
            return paddle.rand([2]) + x
    """,
    ),
    _form(
        "import_runs_ops",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "ops.py").write_text("import paddle\\nT = paddle.ones([2]) * 3.0\\nN = paddle.nn.Linear(2, 2)\\nV = float(T.sum())\\n")
        def f(x):
            y = x * 2.0
            from formpkg.ops import T, N, V
            return y + T + N(x) * V
    """,
    ),
    _form(
        "import_defines_to_static",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "jits.py").write_text("import paddle\\n@paddle.jit.to_static(full_graph=False)\\ndef g(x):\\n    import math\\n    return x * math.pi\\nV = g(paddle.ones([2]))\\n")
        def f(x):
            y = x * 2.0
            from formpkg.jits import g, V
            return y + g(x) + V
    """,
        _ANY,
        "what Paddle cannot translate",
    ),
    _form(
        "body_calls_back_f",
        """
        import pathlib, formpkg, paddle
        pathlib.Path(formpkg.__path__[0], "back.py").write_text("from formpkg.forms import body_calls_back_f as m\\nimport paddle\\nV = m.g(paddle.ones([2]))\\n")
        def g(x):
            import math
            return x * math.pi
        def f(x):
            from formpkg.back import V
            return g(x) + V
    """,
    ),
    _form(
        "package_changed",
        """
        def f(x):
            from . import V
            return x * V
        def before(number):
            global __package__
            __package__ = "formpkg.forms" if number % 2 == 0 else "formpkg.sub.deep"
            import formpkg.sub.deep
            formpkg.sub.deep.V = 77.0
    """,
    ),
    _form(
        "spec_parent_mismatch",
        """
        import warnings
        warnings.simplefilter("ignore")
        __spec__ = None
        __package__ = "formpkg.sub"
        def f(x):
            from .leaf import V
            return x * V
    """,
    ),
    _form(
        "name_main_relative",
        """
        __package__ = None
        __spec__ = None
        __name__ = "__main__"
        def f(x):
            from .leaf import V
            return x * V
    """,
        _ANY,
        "the frame is looked at",
    ),
    _form(
        "relative_beyond_propagates",
        """
        def f(x):
            from ..... import q
            return x
    """,
        _ANY,
        "raises",
    ),
    _form(
        "path_hook_added",
        """
        import sys, importlib.abc, importlib.machinery
        from formpkg.log import LOG
        class Fnd(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                if name == "absent_module":
                    LOG.append("asked")
                    return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, m): m.V = 5.0
        fnd = Fnd()
        def f(x):
            try:
                import absent_module
            except ImportError:
                return x + 1.0
            return x * absent_module.V
        def before(number):
            if number == 1:
                sys.meta_path.insert(0, fnd)
            if number == 3:
                sys.meta_path.remove(fnd); del sys.modules["absent_module"]
    """,
    ),
    _form(
        "finder_blocks",
        """
        import sys
        from formpkg.log import LOG
        class B:
            def find_spec(self, name, path=None, target=None):
                if name == "formpkg.effects":
                    raise ImportError("blocked", name=name)
        b = B()
        def f(x):
            try:
                import formpkg.effects
            except ImportError as e:
                return x + 1.0, str(e)
            return x * formpkg.effects.K
        def before(number):
            if number == 0:
                sys.meta_path.insert(0, b)
            if number == 2:
                sys.meta_path.remove(b)
    """,
        _ANY,
        "a finder that may notice",
    ),
    _form(
        "loader_exec_raises_importerror",
        """
        import sys, importlib.abc, importlib.machinery
        from formpkg.log import LOG
        class Fnd(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                if name == "virtual_l":
                    return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, m):
                LOG.append("exec")
                raise ImportError("no", name="virtual_l", path="x")
        sys.meta_path.insert(0, Fnd())
        def f(x):
            try:
                import virtual_l
            except ImportError as e:
                return x + 1.0, str(e), e.name, e.path
            return x
    """,
        _ANY,
        "a module body that raises",
    ),
    _form(
        "zip_import",
        """
        import zipfile, pathlib, formpkg, sys
        p = str(pathlib.Path(formpkg.__path__[0], "z.zip"))
        with zipfile.ZipFile(p, "w") as z:
            z.writestr("virtual_zip.py", "K = 6.5\\n")
        sys.path.append(p)
        def f(x):
            import virtual_zip
            return x * virtual_zip.K
    """,
    ),
    _form(
        "pkg_path_extended",
        """
        import formpkg, pathlib
        p = pathlib.Path(formpkg.__path__[0], "more"); p.mkdir()
        (p / "viapath.py").write_text("K = 2.25\\n")
        def f(x):
            try:
                from formpkg import viapath
            except ImportError:
                return x + 1.0
            return x * viapath.K
        def before(number):
            if number == 2:
                formpkg.__path__.append(str(p))
    """,
    ),
    _form(
        "namespace_extended",
        """
        import sys, pathlib, formpkg
        a = pathlib.Path(formpkg.__path__[0], "nsa", "virtual_ns"); a.mkdir(parents=True)
        b = pathlib.Path(formpkg.__path__[0], "nsb", "virtual_ns"); b.mkdir(parents=True)
        (a / "one.py").write_text("K = 1.5\\n"); (b / "two.py").write_text("K = 2.5\\n")
        sys.path.append(str(a.parent))
        def f(x):
            from virtual_ns import one
            try:
                from virtual_ns import two
            except ImportError:
                return x * one.K
            return x * one.K * two.K
        def before(number):
            if number == 2:
                sys.path.append(str(b.parent))
    """,
    ),
    _form(
        "module_attr_module_rebound",
        """
        import formpkg.sub, formpkg.other, formpkg.sub.leaf
        real = formpkg.sub.leaf
        def f(x):
            import formpkg.sub
            return x * getattr(formpkg.sub.leaf, "V", 0.5)
        def before(number):
            formpkg.sub.leaf = real if number % 2 else formpkg.other
    """,
    ),
]
