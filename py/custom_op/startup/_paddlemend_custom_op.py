"""Mends `paddle.utils.cpp_extension` in processes that import it.

The wheel puts this module and a .pth file, which calls `watch()` when Python starts, beside the
package. Nothing else is imported, and nothing of Paddle changed, until Paddle is imported.
PADDLEMEND_CUSTOM_OP=0 turns it off.
"""

import sys

_PACKAGE = "paddle.utils.cpp_extension"
_MODULE = _PACKAGE + ".cpp_extension"


def watch():
    """Has the import of the module end with its mending; again, it changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds the package and its module as the finders after it do, and wraps their loaders."""

    def find_spec(self, name, path=None, target=None):
        if name not in (_PACKAGE, _MODULE):
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        if spec.loader is not None:
            action = _without_setuptools if name == _PACKAGE else _mend
            spec.loader.exec_module = action(spec.loader.exec_module)
        return spec


def _mend(execute):
    """The import of the module, then what paddlemend has to do with it."""

    def exec_module(module):
        execute(module)
        try:
            from paddlemend.custom_op.installation import mend_imported

            mend_imported(module)
        except Exception as error:  # Paddle works without
            import warnings

            warnings.warn(
                "paddlemend leaves %s as it is: %r" % (_PACKAGE, error),
                RuntimeWarning,
                stacklevel=2,
            )

    return exec_module


def _without_setuptools(execute):
    """The import of the package; without setuptools what needs it fails when it is called, not
    `import paddle`."""

    def exec_module(module):
        import importlib.util

        if importlib.util.find_spec("setuptools") is not None:
            execute(module)
            return
        from paddlemend.custom_op.no_setuptools import placeholders

        with placeholders():
            execute(module)

    return exec_module
