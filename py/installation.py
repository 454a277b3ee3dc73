"""install() and uninstall() of all that paddlemend mends."""

from __future__ import annotations

from collections.abc import Iterable

from paddlemend.custom_op import installation as custom_op_installation
from paddlemend.kernels import installation as kernels_installation
from paddlemend.sot import installation as sot_installation


def install(
    kernels: Iterable[str] | None = None,
    keep: Iterable[str] = (),
    *,
    sot: bool = True,
    custom_op: bool = True,
) -> None:
    """Mends the Paddle of this process: corrected kernels, imports in what SOT translates, and how
    custom operators are built.

    Dygraph, static PIR programs, SOT and full-graph `to_static` all use the kernels. Static
    programs that ran before keep the kernels they ran with, so call it right after `import paddle`.
    Calling it again changes nothing, or adds what is named then; after `uninstall()` it switches
    everything on again. Call it from one thread, while no other thread runs operators.

    Args:
        kernels: names of mended operators in the catalogue, such as ["expand"]; None for all.
        keep: names of behaviour changes, such as ["copysign.integer_dtype"], in which programs
            shall see the wheel's behaviour, until `uninstall()`. Any other is announced by a
            warning at its first use.
        sot: whether SOT shall translate import statements; False leaves it as it is.
        custom_op: whether `paddle.utils.cpp_extension` shall build by `paddlemend.custom_op`; False
            leaves it as it is (in a process that the wheel's .pth file has mended: mended).

    Raises:
        ValueError: a name is not that of a mended operator or a behaviour change in the catalogue.
        UnsupportedPaddleError: the Paddle here is not one that an adapter was made for.
        ImportError: there is no Paddle.

    An operator whose kernels in this Paddle have another signature than the adapter was built for
    is left as it is: a RuntimeWarning says so, and `status()` gives the reason.
    """
    kernels_installation.install(kernels, keep)
    if sot:
        sot_installation.install()
    if custom_op:
        custom_op_installation.install()


def uninstall() -> None:
    """Gives every operator of this process back to the wheel's kernels, and SOT and
    `paddle.utils.cpp_extension` to the wheel.

    Nothing is unloaded: static programs keep running. Without an install it does nothing.
    """
    custom_op_installation.uninstall()
    sot_installation.uninstall()
    kernels_installation.uninstall()
