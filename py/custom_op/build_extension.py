"""The build_ext command: libraries and stubs as declared outputs, objects apart."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, ClassVar

import setuptools
from paddlemend.custom_op import execution, toolchain
from paddlemend.custom_op.distribution import modules
from paddlemend.custom_op.errors import BuildError
from paddlemend.custom_op.extensions import OperatorExtension, library_of
from paddlemend.custom_op.layout import Layout, layout
from paddlemend.custom_op.names import check_name
from paddlemend.custom_op.place import place, remove_empty
from paddlemend.custom_op.plan import Library, make_plan
from paddlemend.custom_op.stub import is_stub, write_stub
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

OBJECTS = "objects-"  # begins the names of the folders of objects


class BuildExtension(build_ext):
    """Builds operators with the same files and flags on every setuptools.

    Objects stay in the build folder, for the next build by whatever route; what is installed, and
    what an in-place build puts beside the sources, are the two files of each extension, which
    every other command takes from `get_outputs()` and `get_output_mapping()`.
    """

    options: ClassVar[dict[str, Any]] = {}

    @classmethod
    def with_options(cls, **options: Any) -> type[BuildExtension]:
        """The command with Paddle's options: `output_dir` is where the library alone is put, as
        `name.so`; `no_python_abi_suffix` is accepted, since no library has such a suffix."""
        return type(cls.__name__, (cls,), {"options": {**cls.options, **options}})

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.options.get("output_dir"):
            self.build_lib = os.fspath(self.options["output_dir"])
        if self._operators():
            # An egg, which setup.py of a project that calls setuptools' setup() installs before
            # setuptools 80, is a folder: no library loads from a zip file.
            self.distribution.zip_safe = False

    def run(self) -> None:
        # Again, for projects that call the setup() of setuptools.
        taken = set(modules(self.distribution))
        for ext in self._operators():
            check_name(self.get_ext_fullname(ext.name), taken)
        self._remove_former_operators()
        if self._operators():
            self._withdraw_limited_api()
        super().run()

    def _withdraw_limited_api(self) -> None:
        """Has the wheel's tag name this Python, whatever the project says."""
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if getattr(wheel, "py_limited_api", False):
            print(
                f"py_limited_api is {wheel.py_limited_api!r}, and the wheel is for this Python "
                "alone: pybind11, which paddle/extension.h includes, needs more than Python's "
                "limited API",
                flush=True,
            )
            wheel.py_limited_api = False

    def build_extension(self, ext: setuptools.Extension) -> None:
        if not isinstance(ext, OperatorExtension):
            super().build_extension(ext)
            return
        import paddle

        try:
            toolchain.check_abi(toolchain.cxx())
            folder = self._objects(ext)
            if self.force:
                shutil.rmtree(folder, ignore_errors=True)
            built = execution.run(make_plan(self._library(ext), folder, Path.cwd()), folder)
        except BuildError as error:
            raise CompileError(f"{ext.name}: {error}") from None
        target = Path(self.build_lib, self._layout(ext).library)
        place(built, target)
        if not self._is_alone:
            stub = Path(self.build_lib, self._layout(ext).stub)
            write_stub(stub, target.name, paddle.__version__)

    def _library(self, ext: OperatorExtension) -> Library:
        """The extension with what the command line adds for all."""
        library = library_of(ext)
        library.include_dirs = [*library.include_dirs, *(self.include_dirs or [])]
        library.library_dirs = [*library.library_dirs, *(self.library_dirs or [])]
        library.libraries = [*library.libraries, *(self.libraries or [])]
        library.macros = [*(self.define or []), *library.macros]
        library.undefined_macros = [*library.undefined_macros, *(self.undef or [])]
        library.objects = [*library.objects, *(self.link_objects or [])]
        library.runtime_dirs = [*library.runtime_dirs, *(self.rpath or []), *self._paddles(ext)]
        if self.debug:
            for flags in library.flags.values():
                flags += ["-g", "-O0"]
        return library

    def _paddles(self, ext: OperatorExtension) -> list[str]:
        """Where Paddle's libraries are at run time: beside the extension in site-packages.

        A Paddle that is imported already, as the stub does, is found wherever it is.
        """
        if self._is_alone:
            return toolchain.library_dirs(use_cuda=False)
        up = "/".join([".."] * len(self._layout(ext).library.parent.parts))
        return [f"$ORIGIN/{up}/paddle/{folder}" for folder in ("base", "libs")]

    def _objects(self, ext: OperatorExtension) -> Path:
        """Where the objects of an extension are kept, for this Python and Paddle."""
        import paddle

        base = self.get_finalized_command("build").build_base
        python = f"{sysconfig.get_platform()}-{sysconfig.get_config_var('SOABI')}"
        return Path(base, f"{OBJECTS}{python}-paddle-{paddle.__version__}", ext.name).absolute()

    @property
    def _is_alone(self) -> bool:
        """Whether the library is wanted without a stub, by the option `output_dir`."""
        return bool(self.options.get("output_dir"))

    def _layout(self, ext: setuptools.Extension) -> Layout:
        name = self.get_ext_fullname(ext.name)
        if self._is_alone:
            return Layout(PurePath(name.rpartition(".")[2] + ".so"), PurePath())
        return layout(name)

    def _operators(self) -> list[OperatorExtension]:
        return [ext for ext in self.extensions or [] if isinstance(ext, OperatorExtension)]

    def _others(self) -> list[setuptools.Extension]:
        return [ext for ext in self.extensions or [] if not isinstance(ext, OperatorExtension)]

    def _remove_former_operators(self) -> None:
        """Removes from the build folder what an extension left that this project has no more."""
        base = Path(self.get_finalized_command("build").build_base)
        if base not in Path(self.build_lib).parents:
            return  # not a folder of our own
        for left in Path(self.build_lib).rglob(".*.partial"):
            left.unlink()
        kept = {Path(self.build_lib, self._layout(ext).stub) for ext in self._operators()}
        for library in list(Path(self.build_lib).rglob("*_pd_.so")):
            name = library.name[: -len("_pd_.so")]
            for stub in (library.with_name("__init__.py"), library.with_name(f"{name}.py")):
                if stub not in kept and is_stub(stub):
                    stub.unlink()
                    library.unlink(missing_ok=True)
                    remove_empty(library.parent, Path(self.build_lib))

    # What distutils and setuptools ask about the files.

    def get_ext_filename(self, fullname: str) -> str:
        """The library relative to the folder that is on sys.path."""
        for ext in self._operators():
            if fullname == self.get_ext_fullname(ext.name):
                return os.fspath(self._layout(ext).library)
        return super().get_ext_filename(fullname)

    def get_ext_fullpath(self, ext_name: str) -> str:
        """Where the library is built to."""
        for ext in self._operators():
            if ext_name == ext.name:
                file = self._layout(ext).library
                if self.inplace:
                    return os.fspath(self._beside_sources(ext, file))
                return os.path.join(self.build_lib, file)
        with self._without_operators():  # as distutils asks with the last part of the name alone
            return super().get_ext_fullpath(ext_name)

    def get_outputs(self) -> list[str]:
        """All files that the command makes, in the build folder."""
        with self._without_operators():
            others = super().get_outputs()
        return [*others, *(built for built, _ in self._pairs())]

    def get_output_mapping(self) -> dict[str, str]:
        """File in the build folder -> file beside the sources, for in-place builds."""
        if not self.inplace:
            return {}
        with self._without_operators():
            others = super().get_output_mapping()
        return {**others, **{built: os.fspath(source) for built, source in self._pairs()}}

    def copy_extensions_to_source(self) -> None:
        """Puts the files of each extension beside the sources."""
        with self._without_operators():
            super().copy_extensions_to_source()
        for ext in self._operators():
            stub = self._beside_sources(ext, self._layout(ext).stub)
            if stub.is_file() and not is_stub(stub):
                raise CompileError(
                    f"{ext.name}: {stub} is a file of yours that an in-place build would replace; "
                    "give the extension another name"
                )
        for built, target in self._pairs():
            try:
                place(Path(built), target)
            except OSError as error:
                raise CompileError(f"cannot write {target}: {error.strerror}") from None
        if getattr(self, "editable_mode", False):  # since setuptools 64
            self._declare_namespaces()

    def _declare_namespaces(self) -> None:
        """Has an editable install find the folders of dotted names that are no packages of the
        project: build_py, which would look for their files, has run before."""
        packages = self.distribution.packages = list(self.distribution.packages or [])
        for ext in self._operators():
            parts = self.get_ext_fullname(ext.name).split(".")
            parents = (".".join(parts[:count]) for count in range(1, len(parts)))
            packages += [name for name in parents if name not in packages]

    def _pairs(self) -> Iterator[tuple[str, Path]]:
        """Each file in the build folder, as others cut that folder's name off, and in-place."""
        for ext in self._operators():
            files = self._layout(ext).files
            for file in files[:1] if self._is_alone else files:
                built = os.path.join(self.build_lib, file)
                if not ext.optional or os.path.exists(built):  # an optional one may have failed
                    yield built, self._beside_sources(ext, file)

    def _beside_sources(self, ext: OperatorExtension, file: PurePath) -> Path:
        """Where an in-place build puts a file of the layout: in the folder of the package."""
        package = self.get_ext_fullname(ext.name).rpartition(".")[0]
        folder = Path(self.get_finalized_command("build_py").get_package_dir(package))
        return (folder / (file.name if package else file)).absolute()

    def _without_operators(self) -> _Extensions:
        return _Extensions(self, self._others())


class _Extensions:
    """A block in which a command has these extensions only."""

    def __init__(self, command: build_ext, extensions: list[setuptools.Extension]) -> None:
        self._command = command
        self._extensions = extensions

    def __enter__(self) -> None:
        self._all, self._command.extensions = self._command.extensions, self._extensions

    def __exit__(self, *_: object) -> None:
        self._command.extensions = self._all
