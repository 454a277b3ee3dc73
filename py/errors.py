"""The exceptions of paddlemend."""

from __future__ import annotations


class InstallError(RuntimeError):
    """install() could not do what it was asked; Paddle is as it was before the call."""


class UnsupportedPaddleError(InstallError):
    """The Paddle of this process is not one that this paddlemend knows."""
