"""The Python versions that can be selected with --config=python-X.Y; the first is the default."""

PYTHON_VERSIONS = ["3.11", "3.9", "3.10", "3.12", "3.13"]

# Those that have Torch, and the suites that need it.
TORCH_PYTHONS = ["3.11"]

def python_tag(version):
    """"3.11" -> "cp311"."""
    return "cp" + version.replace(".", "")

def underscored(version):
    """"3.11" -> "3_11", for repository and target names."""
    return version.replace(".", "_")
