"""The cells setuptools x route of one Paddle and one Python: which exist, and which CI covers."""

from __future__ import annotations

SETUPTOOLS = ["61.3.1", "65.5.1", "69.5.1", "79.0.1", "80.9.0", "82.0.1", "84.2.1"]

# What runs in the project's folder; {out} is an empty folder.
INSTALLING = {
    "setup.py install": [["setup.py", "install"]],
    "pip install .": [["-m", "pip", "install", "--no-build-isolation", "."]],
    "pip install -e .": [["-m", "pip", "install", "--no-build-isolation", "-e", "."]],
    "setup.py develop": [["setup.py", "develop"]],
    "python -m build": [
        ["-m", "build", "--wheel", "--no-isolation", "-o", "{out}"],
        ["-m", "pip", "install", "--no-index", "--find-links", "{out}", "relu_ops"],
    ],
}

# Installed somewhere else than in site-packages; the site is below {out}.
ELSEWHERE = {
    "pip install --target": [
        ["-m", "pip", "install", "--no-build-isolation", "--target", "{out}", "."]
    ],
    "pip install --prefix": [
        ["-m", "pip", "install", "--no-build-isolation", "--prefix", "{out}", "."]
    ],
    "setup.py install --prefix": [["setup.py", "install", "--prefix", "{out}"]],
}

ROUTES = {**INSTALLING, **ELSEWHERE}

# What a user of today most likely has.
USUAL = [
    (setuptools, route)
    for setuptools in ("80.9.0", "84.2.1")
    for route in ("setup.py install", "pip install .", "pip install -e .")
]

PARTS = ("ci", "usual", "full")

# (Paddle, Python) of --config=ci.
CONFIGURATIONS = [("3.3", "3.11"), ("3.0", "3.11"), ("3.3", "3.13")]


def why_not(setuptools: str, python: str, route: str) -> str:
    """Why a cell cannot exist, or ""."""
    major = int(setuptools.split(".")[0])
    minor = int(python.split(".")[1])
    if major < 66 and minor >= 12:
        return f"setuptools {setuptools} needs pkgutil.ImpImporter, which Python 3.12 removed"
    if major >= 83 and minor < 10:
        return f"setuptools {setuptools} needs Python 3.10"
    if route == "pip install -e ." and major < 64:
        return f"setuptools {setuptools} has no PEP 660, and pip has nothing else"
    return ""


def cells(paddle: str, python: str, part: str) -> list[tuple[str, str]]:
    """The cells (setuptools, route) of a part of PARTS that exist.

    CI's part has every pair of setuptools and INSTALLING route once, in 35 builds less those that
    cannot exist; it is dealt out such that every setuptools and every route meets each of the
    CONFIGURATIONS.
    """
    exist = [
        (setuptools, route)
        for setuptools in SETUPTOOLS
        for route in ROUTES
        if not why_not(setuptools, python, route)
    ]
    if part == "full":
        return exist
    if part == "usual":
        return [cell for cell in exist if cell in USUAL]
    here = (paddle, python)
    routes = list(INSTALLING)
    chosen = []
    for setuptools, route in exist:
        if route not in routes:
            continue
        turn = SETUPTOOLS.index(setuptools) + routes.index(route)
        possible = [at for at in CONFIGURATIONS if not why_not(setuptools, at[1], route)]
        if possible[turn % len(possible)] == here:
            chosen.append((setuptools, route))
    return chosen
