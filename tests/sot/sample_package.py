"""The package that the forms import from, written to a folder for each trial."""

from __future__ import annotations

from pathlib import Path

_SOURCES = {
    "__init__.py": "TOP = 1.5\n",
    "log.py": "LOG = []\n",
    "consts.py": """
        K = 3.0
        FLAG = True
        NAN, INF = float("nan"), float("inf")
        TABLE = [1.0, 2.0]
        class Config:
            scale = 4.0
        def scale(x, factor=2.0):
            return x * factor
    """,
    "other.py": "K = 7.0\ndef scale(x):\n    return x * 9.0\n",
    "effects.py": "from formpkg.log import LOG\nLOG.append('effects body')\nK = 5.0\n",
    "effects2.py": "from formpkg.log import LOG\nLOG.append(f'effects2 saw {LOG}')\nK = 6.0\n",
    "boom.py": "from formpkg.log import LOG\nLOG.append('boom body')\nraise ValueError('boom')\n",
    "needs_absent.py": "from formpkg.log import LOG\nLOG.append('body')\nimport absent_module\n",
    "lazy.py": """
        from formpkg.log import LOG
        def __getattr__(name):
            LOG.append(name)
            if name == "dynamic":
                return 2.5
            if name == "counter":
                return float(LOG.count("counter"))
            raise AttributeError(name)
        static = 1.25
    """,
    "lazy_package/__init__.py": """
        from formpkg.log import LOG
        def __getattr__(name):
            LOG.append(name)
            if name == "dynamic":
                return 2.5
            raise AttributeError(name)
    """,
    "lazy_package/leaf.py": "K = 8.0\n",
    "circular_a.py": """
        K = 1.0
        from formpkg import circular_b
        L = circular_b.K + 1.0
    """,
    "circular_b.py": "from formpkg import circular_a\nK = circular_a.K * 2.0\n",
    "circular_c.py": "from formpkg.circular_d import late\nearly = 1.0\n",
    "circular_d.py": "from formpkg.circular_c import early\nlate = 2.0\n",
    "sub/__init__.py": "S = 0.5\n",
    "sub/leaf.py": "V = 11.0\ndef double(x):\n    return x * 2.0\n",
    "sub/unloaded.py": "from formpkg.log import LOG\nLOG.append('unloaded body')\nV = 12.0\n",
    "sub/deep/__init__.py": "",
    "sub/deep/leaf.py": "V = 13.0\nfrom ..leaf import V as SIBLING\n",
    "shadow/__init__.py": "leaf = 21.0\n",
    "shadow/leaf.py": "V = 22.0\n",
    "namespace/part.py": "V = 31.0\n",
    "helpers.py": """
        def absolute(x):
            import math
            return x * math.e
        def relative(x):
            from .sub.leaf import double
            return double(x)
        def chain(x):
            return absolute(x) + relative(x)
        def missing(x):
            try:
                import absent_module
            except ImportError:
                return x * 5.0
            return x
        def raising(x):
            import absent_module
            return x
        def with_global(x):
            global borrowed
            import math as borrowed
            return x * borrowed.pi
        def gathers(x, index):
            import paddle
            try:
                from formpkg import consts
                return paddle.gather(x, index) * consts.K
            except Exception:
                return x
    """,
    "forms/__init__.py": "V = 41.0\n",
    "forms/sibling.py": "V = 42.0\n",
}


def write(folder: Path, forms: dict[str, str]) -> None:
    """Writes `formpkg` with the modules of `forms`, name -> source, in `formpkg.forms`."""
    sources = {**_SOURCES, **{f"forms/{name}.py": source for name, source in forms.items()}}
    for name, source in sources.items():
        path = folder / "formpkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedented(source))


def dedented(source: str) -> str:
    """A source without the indentation of its first line."""
    lines = source.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return "\n".join(line[margin:] for line in lines).rstrip() + "\n"
