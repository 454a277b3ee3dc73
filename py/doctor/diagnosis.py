"""Runs the defects that the Paddle at hand is known for, stock and mended."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import paddle
from paddlemend.child import prepare_server
from paddlemend.doctor.defect import Defect
from paddlemend.doctor.defects import DEFECTS_BY_OPERATOR
from paddlemend.doctor.reproduction import wrong_when_mended, wrong_when_stock


@dataclass(frozen=True)
class Finding:
    """One defect: what is wrong with the stock answer and with the mended one; "" where right."""

    operator: str
    defect: str
    stock: str
    mended: str


def known_defects(operators: Sequence[str] = ()) -> list[tuple[str, Defect]]:
    """The defects of this release of Paddle with their operators; without names, of all.

    Raises ValueError for a name that is no operator with defects.
    """
    for name in operators:
        if name not in DEFECTS_BY_OPERATOR:
            known = ", ".join(DEFECTS_BY_OPERATOR)
            raise ValueError(f"operator is {name!r}; expected one of {known}")
    return [
        (operator, defect)
        for operator in operators or DEFECTS_BY_OPERATOR
        for defect in DEFECTS_BY_OPERATOR[operator]
        if defect.is_shown_by(paddle.__version__)
    ]


def examine(defects: Sequence[tuple[str, Defect]]) -> Iterator[Finding]:
    """Reproduces each defect in dygraph, in child processes, as many at a time as there are CPUs.

    The findings come in the order of the defects. A call may crash or hang without harm; one that
    gives no answer in a minute counts as wrong.
    """
    prepare_server(["paddle", "numpy"])
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        yield from pool.map(_examine_one, defects)
    finally:
        pool.shutdown(cancel_futures=True)


def _examine_one(entry: tuple[str, Defect]) -> Finding:
    operator, defect = entry
    return Finding(operator, defect.name, wrong_when_stock(defect), wrong_when_mended(defect))
