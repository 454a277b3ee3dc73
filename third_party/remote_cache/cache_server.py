"""A Bazel remote cache on this machine: nginx with WebDAV out of Debian's packages.

    python3 third_party/remote_cache/cache_server.py FOLDER [--port 8980]

Nothing is installed, and no root is needed. FOLDER keeps nginx, the entries and the users. Who
reads and who writes are two users: a reader's PUT is refused by the server, whatever a client is
told to do. The passwords are those in the environment variables PADDLEMEND_CACHE_READ_PASSWORD and
PADDLEMEND_CACHE_WRITE_PASSWORD. Ends with Ctrl-C.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parent.parent / "debian"))
from private_apt import PrivateApt, host_sources

READER, WRITER = "reader", "writer"

# What the package of nginx depends on but the program runs without.
ASSUMED_INSTALLED = {
    "debconf": "99",
    "iproute2": "99",
    "libc6": "99",
}

# {folder} is absolute. Bazel's keys are /ac/HASH and /cas/HASH; a PUT goes to a temporary file
# first, so that nobody reads half an entry.
CONFIGURATION = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/temporary/body;
  proxy_temp_path {folder}/temporary/proxy;
  fastcgi_temp_path {folder}/temporary/fastcgi;
  uwsgi_temp_path {folder}/temporary/uwsgi;
  scgi_temp_path {folder}/temporary/scgi;
  client_max_body_size 0;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/entries;
    auth_basic "paddlemend cache";
    auth_basic_user_file {folder}/readers;
    location / {{
      dav_methods PUT;
      create_full_put_path on;
      limit_except GET {{
        auth_basic "paddlemend cache, writing";
        auth_basic_user_file {folder}/writers;
      }}
    }}
  }}
}}
"""


class CacheServer:
    """nginx below `folder`, on 127.0.0.1; the context manager starts and stops it.

    Args:
      folder: of the server, created if absent.
      passwords: of READER and WRITER.
      port: where it listens; 0 for a free one.
    """

    def __init__(self, folder: Path, passwords: dict[str, str], port: int = 0) -> None:
        self.folder = folder.absolute()
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._passwords = passwords

    @property
    def entries(self) -> Path:
        """The folder of the entries: ac/HASH and cas/HASH."""
        return self.folder / "entries"

    def __enter__(self) -> CacheServer:
        program = fetch_nginx(self.folder / "nginx")
        for name in ["entries", "temporary"]:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._write_users("readers", [READER, WRITER])
        self._write_users("writers", [WRITER])
        configuration = self.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(
            CONFIGURATION.format(folder=self.folder, port=self.port, user=user)
        )
        libraries = self.folder / "nginx/usr/lib/x86_64-linux-gnu"
        self._process = subprocess.Popen(
            [program, "-p", self.folder, "-c", configuration, "-e", self.folder / "error.log"],
            env={"LD_LIBRARY_PATH": str(libraries)},
        )
        self._wait_until_it_answers()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=30)

    def _write_users(self, name: str, users: list[str]) -> None:
        lines = [f"{user}:{_salted(self._passwords[user])}\n" for user in users]
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text("".join(lines))

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"nginx did not start: {(self.folder / 'error.log').read_text()}")


def fetch_nginx(folder: Path) -> Path:
    """The program, fetched into `folder` if it is not there; apt checks signatures and hashes."""
    program = folder / "usr/sbin/nginx"
    if not program.exists():
        work = Path(f"{folder}.work")
        shutil.rmtree(work, ignore_errors=True)
        apt = PrivateApt(work, host_sources(), ASSUMED_INSTALLED)
        for package in apt.download_with_dependencies(["nginx"]):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True)
        shutil.rmtree(work)
    return program


def _salted(password: str) -> str:
    """nginx's {SSHA} form."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8980)
    options = parser.parse_args()
    passwords = {}
    for user, kind in [(READER, "READ"), (WRITER, "WRITE")]:
        variable = f"PADDLEMEND_CACHE_{kind}_PASSWORD"
        if not os.environ.get(variable):
            parser.error(f"${variable} is not set; expected the password of the user {user!r}")
        passwords[user] = os.environ[variable]
    with CacheServer(options.folder, passwords, options.port) as server:
        print(f"serving {server.entries} at {server.url}")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
