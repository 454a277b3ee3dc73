"""Downloads one Debian package and unpacks it.

    fetch.py (--suite SUITE | --host-suites) [--sha256 HASH] PACKAGE[=VERSION] FOLDER

With --sha256 the .deb must have that hash. The mirror is that of the machine's own apt
configuration.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parent))  # also with PYTHONSAFEPATH=1
from private_apt import PrivateApt, host_sources, main_mirror


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--suite", help="for example bookworm")
    where.add_argument("--host-suites", action="store_true", help="the suites this machine uses")
    parser.add_argument("--sha256")
    parser.add_argument("package")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()

    sources = host_sources() if options.host_suites else [(main_mirror(), options.suite)]
    with tempfile.TemporaryDirectory() as work:
        deb = PrivateApt(Path(work), sources, {}).download(options.package)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        if options.sha256 and digest != options.sha256:
            sys.exit(f"{deb.name}: sha256 is {digest}, the lock says {options.sha256}")
        options.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", str(deb), str(options.folder)], check=True)


if __name__ == "__main__":
    main()
