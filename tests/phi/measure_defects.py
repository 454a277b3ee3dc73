"""Prints which defects the Paddle at hand shows, stock and mended, in every mode.

    ./bazelw run --config=paddle-3.1 //tests/phi:measure_defects -- [WORD …]

With words, only the defects whose name contains one of them.
"""

from __future__ import annotations

import sys

import paddle
from paddlemend.child import prepare_server
from paddlemend.doctor.defects import DEFECTS
from paddlemend.doctor.modes import MODES
from paddlemend.doctor.reproduction import wrong_when_mended, wrong_when_stock


def marks(wrong_in, defect) -> str:
    """One character a mode: X where the answer is wrong."""
    return "".join("X" if wrong_in(defect, mode) else "." for mode in MODES)


def main() -> None:
    prepare_server(["paddle", "numpy"])
    words = sys.argv[1:]
    print(f"{'stock':8}{'mended':8}Paddle {paddle.__version__}: X wrong, in {', '.join(MODES)}")
    for defect in DEFECTS:
        if not words or any(word in defect.name for word in words):
            stock, mended = marks(wrong_when_stock, defect), marks(wrong_when_mended, defect)
            print(f"{stock:8}{mended:8}{defect.name}", flush=True)


if __name__ == "__main__":
    main()
