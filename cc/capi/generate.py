"""Generates the C ABI and the Python binding from the headers of the kernels.

    python cc/capi/generate.py --header|--source|--python|--stub [--template FILE] --output FILE
        HEADER...

Run from the root of the repository: the paths of the headers become #include lines. The form that
declarations must have is described in operator_model.py, the results in render_c.py,
render_python.py and render_stub.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from operator_model import DeclarationError, read_operators
from render_c import render_header, render_source
from render_python import render_python
from render_stub import render_stub


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--header", action="store_true", help="the public C header")
    mode.add_argument("--source", action="store_true", help="the C++ source behind the header")
    mode.add_argument("--python", action="store_true", help="the pybind11 source")
    mode.add_argument("--stub", action="store_true", help="the types of the Python module")
    parser.add_argument("--template", help="paddlemend.h.in, for --header")
    parser.add_argument("--output", required=True)
    parser.add_argument("headers", nargs="+", metavar="HEADER")
    options = parser.parse_args()
    if options.header and not options.template:
        parser.error("--header needs --template")
    try:
        operators = read_operators(options.headers)
    except DeclarationError as error:
        print(error, file=sys.stderr)
        return 1
    if options.header:
        template = Path(options.template).read_text(encoding="utf-8")
        text = render_header(operators, template)
    elif options.source:
        text = render_source(operators)
    elif options.python:
        text = render_python(operators)
    else:
        text = render_stub(operators)
    Path(options.output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
