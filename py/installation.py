"""install() and uninstall() of all that paddlemend mends."""

from __future__ import annotations

from collections.abc import Iterable

from paddlemend.kernels import installation as kernels_installation
from paddlemend.sot import installation as sot_installation


def install(
    kernels: Iterable[str] | None = None, keep: Iterable[str] = (), *, sot: bool = True
) -> None:
    """Mends the Paddle of this process: corrected kernels, and imports in what SOT translates.

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


def uninstall() -> None:
    """Gives every operator of this process back to the wheel's kernels, and SOT to the wheel.

    Nothing is unloaded: static programs keep running. Without an install it does nothing.
    """
    sot_installation.uninstall()
    kernels_installation.uninstall()
