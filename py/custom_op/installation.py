"""install() and uninstall() of the build side of paddle.utils.cpp_extension."""

from __future__ import annotations

import sys
import threading
from types import ModuleType

from paddlemend.import_hook import when_imported
from paddlemend.redirect import AttributeRedirect, Redirect

_PACKAGE = "paddle.utils.cpp_extension"
_MODULE = f"{_PACKAGE}.cpp_extension"

_lock = threading.RLock()
_wanted = False
_awaited = False
_redirects: list[Redirect | AttributeRedirect] = []
_refusal = ""


def install() -> None:
    """Has `paddle.utils.cpp_extension` of this process build by `paddlemend.custom_op`.

    Its functions stay the objects that they are; its BuildExtension is ours. Again, it changes
    nothing. Where Paddle is not imported yet, it follows the import.
    """
    global _wanted, _awaited
    with _lock:
        _wanted = True
        if _MODULE in sys.modules:
            _apply(sys.modules[_MODULE])
        elif not _awaited:
            _awaited = True
            when_imported(_MODULE, mend_if_wanted)


def uninstall() -> None:
    """Gives `paddle.utils.cpp_extension` back as it was."""
    global _wanted
    with _lock:
        _wanted = False
        for redirect in _redirects:
            redirect.set_on(False)
        _redirects.clear()


def state() -> str:
    """Whether it is "on" or "off"; or "off: " and why it is in spite of `install()`."""
    if not _wanted:
        return "off"
    return f"off: {_refusal}" if _refusal else "on"


def mend_imported(module: ModuleType) -> None:
    """What the wheel's .pth file has done to `paddle.utils.cpp_extension.cpp_extension`."""
    global _wanted
    with _lock:
        _wanted = True
        _apply(module)


def mend_if_wanted(module: ModuleType) -> None:
    """The same, unless `uninstall()` was called before the import."""
    with _lock:
        if _wanted:
            _apply(module)


def _apply(module: ModuleType) -> None:
    global _refusal
    if _redirects:
        return
    _refusal = _why_not(module)
    if _refusal:
        return
    for name, replacement in _FUNCTIONS.items():
        _redirects.append(Redirect(getattr(module, name), replacement))
    if hasattr(sys.modules.get("setuptools"), "__version__"):  # else there is none to derive from
        from paddlemend.custom_op.build_extension import BuildExtension

        # The package, if it is there already, took the class by name.
        holders = [module, sys.modules.get(_PACKAGE)]
        _redirects.extend(
            AttributeRedirect(holder, "BuildExtension", BuildExtension)
            for holder in holders
            if hasattr(holder, "BuildExtension")
        )
    for redirect in _redirects:
        redirect.set_on(True)


def _why_not(module: ModuleType) -> str:
    """Why the module must stay as it is, or ""."""
    if not sys.platform.startswith("linux"):
        return f"the platform is {sys.platform}, expected Linux"
    if module.core.is_compiled_with_rocm():
        return "this Paddle is built with ROCm"
    missing = [name for name in (*_FUNCTIONS, "BuildExtension") if not hasattr(module, name)]
    return f"this Paddle's cpp_extension has no {', '.join(missing)}" if missing else ""


# Run with the names of Paddle's modules: each imports what it calls.


def _setup(**attr):
    from paddlemend.custom_op import setup

    setup(**attr)


def _cpp_extension(sources, *args, **kwargs):
    from paddlemend.custom_op import CppExtension

    return CppExtension(sources, *args, **kwargs)


def _cuda_extension(sources, *args, **kwargs):
    from paddlemend.custom_op import CUDAExtension

    return CUDAExtension(sources, *args, **kwargs)


def _load(
    name,
    sources,
    extra_cxx_cflags=None,
    extra_cuda_cflags=None,
    extra_ldflags=None,
    extra_include_paths=None,
    extra_library_paths=None,
    build_directory=None,
    verbose=False,
):
    from paddlemend.custom_op import load

    return load(
        name,
        sources,
        extra_cxx_cflags,
        extra_cuda_cflags,
        extra_ldflags,
        extra_include_paths,
        extra_library_paths,
        build_directory,
        verbose,
    )


_FUNCTIONS = {
    "setup": _setup,
    "CppExtension": _cpp_extension,
    "CUDAExtension": _cuda_extension,
    "load": _load,
}
