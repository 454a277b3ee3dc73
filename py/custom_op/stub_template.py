"""The template of a stub; `write_stub` fills in the capital words."""

import os as _os
import sys as _sys

_LIBRARY = "@LIBRARY@"
_BUILT_FOR = "@PADDLE@"

__custom_ops__ = []


def __bootstrap__():
    import ctypes
    import importlib.machinery
    import importlib.util
    import linecache

    import paddle

    this = _sys.modules[__name__]
    library = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), _LIBRARY)
    running = paddle.__version__

    def refuse(why):
        versions = "was built for Paddle %s and this is Paddle %s" % (_BUILT_FOR, running)
        if running == _BUILT_FOR:
            versions = "cannot be loaded"
        text = "%s %s: %s" % (__name__, versions, why)
        return ImportError(text, name=__name__, path=library)

    def minor(version):
        return version.split(".")[:2]

    if not _os.path.exists(library):
        raise ImportError(
            "%s has lost its library %s: install it again" % (__name__, library),
            name=__name__,
            path=library,
        )
    # Releases of one minor version share their C++ interface; 0.0.0 is a build of Paddle's sources.
    if minor(_BUILT_FOR) != minor(running) and "0.0.0" not in (_BUILT_FOR, running):
        raise refuse("build it again for this one")

    from paddle.utils.cpp_extension import extension_utils

    try:
        operators = extension_utils.load_op_meta_info_and_register_op(library)
    except (OSError, RuntimeError) as error:
        raise refuse(str(error)) from error

    # Functions and classes of pybind11 in the same library.
    if hasattr(ctypes.PyDLL(library), "PyInit_" + __name__.rpartition(".")[2]):
        loader = importlib.machinery.ExtensionFileLoader(__name__, library)
        spec = importlib.util.spec_from_file_location(__name__, library, loader=loader)
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        _sys.modules[__name__] = this  # some extension modules put themselves there
        for name, value in vars(module).items():
            if not (name.startswith("__") and name.endswith("__")):
                setattr(this, name, value)
        if module.__doc__:
            this.__doc__ = module.__doc__

    for operator in sorted(operators):
        text = extension_utils._custom_api_content(operator)
        file = "<custom operator %s of %s>" % (operator, __name__)
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)  # for to_static
        names = {"__name__": __name__}
        exec(compile(text, file, "exec"), names)
        setattr(this, operator, names[operator])
        __custom_ops__.append(operator)


__bootstrap__()
del __bootstrap__
