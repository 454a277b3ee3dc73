"""Puts a Python of a newer Debian into a folder, with the C library it needs.

    fetch_python.py VERSION FOLDER

FOLDER/python runs it. Nothing on the host changes. `DEB_SUITE` chooses the suite (default: forky);
the mirror is that of the machine's own apt configuration.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parent))  # also with PYTHONSAFEPATH=1
from private_apt import PrivateApt, main_mirror

# What the packages depend on but Python starts without.
ASSUMED_INSTALLED = {"media-types": "99", "netbase": "99", "tzdata": "2099a"}

_RUN = """\
#!/bin/sh
# Runs with the C library and the loader that lie beside it.
here=$(dirname "$(readlink -f "$0")")/root
export PYTHONHOME="$here/usr"
exec "$here/usr/lib64/ld-linux-x86-64.so.2" \\
  --library-path "$here/usr/lib/x86_64-linux-gnu" "$here/usr/bin/python{version}" "$@"
"""


def main() -> None:
    version, folder = sys.argv[1], Path(sys.argv[2])
    suite = os.environ.get("DEB_SUITE", "forky")
    with tempfile.TemporaryDirectory() as work:
        apt = PrivateApt(Path(work), [(main_mirror(), suite)], ASSUMED_INSTALLED)
        packages = apt.download_with_dependencies([f"python{version}"])
        root = folder / "root"
        root.mkdir(parents=True)
        for each in ("lib", "lib64", "bin"):  # newer packages have them merged into usr/
            (root / "usr" / each).mkdir(parents=True, exist_ok=True)
            (root / each).symlink_to(f"usr/{each}")
        for package in packages:
            archive = subprocess.run(
                ["dpkg-deb", "--fsys-tarfile", str(package)], check=True, capture_output=True
            ).stdout
            subprocess.run(
                ["tar", "-x", "--keep-directory-symlink", "-C", str(root)],
                check=True,
                input=archive,
            )
    for link in [each for each in root.rglob("*") if each.is_symlink() and not each.exists()]:
        link.unlink()  # to the host's /etc
    program = folder / "python"
    program.write_text(_RUN.format(version=version))
    program.chmod(0o755)
    subprocess.run([str(program), "-c", "import ssl, ctypes, zlib"], check=False)
    subprocess.run([str(program), "-c", "pass"], check=True)


if __name__ == "__main__":
    main()
