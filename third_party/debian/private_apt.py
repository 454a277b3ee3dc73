"""apt in a private world: own sources, lists, cache and package state.

It needs no root and changes nothing on the host.

apt still checks every signature and hash against the host's Debian keyring.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path


def host_sources() -> list[tuple[str, str]]:
    """(mirror, suite) pairs of the machine's own apt configuration."""
    command = [
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(SUITE)",
        "Created-By: Packages",
    ]
    printed = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    pairs = list(
        dict.fromkeys(
            tuple(line.split()) for line in printed.splitlines() if len(line.split()) == 2
        )
    )
    if not pairs:
        sys.exit("no package source is configured for apt (`apt-get indextargets` prints none)")
    return pairs


def main_mirror() -> str:
    """The mirror that carries whole suites (not a security or an updates archive)."""
    return next(uri for uri, _ in host_sources() if "security" not in uri)


class PrivateApt:
    """apt-get with everything it keeps under `folder`.

    Args:
      folder: created if absent.
      sources: (mirror, suite) pairs; a suite like "bookworm" of the main component.
      assumed_installed: package -> version that dependencies may take for granted.
    """

    def __init__(
        self, folder: Path, sources: list[tuple[str, str]], assumed_installed: dict[str, str]
    ):
        self.folder = folder
        for name in ["lists/partial", "cache/archives/partial", "sources", "state"]:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for number, (mirror, suite) in enumerate(sources):
            (folder / f"sources/{number}.sources").write_text(
                f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n"
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
            )
        (folder / "state/status").write_text(
            "".join(
                f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n"
                "Architecture: amd64\nMulti-Arch: foreign\nMaintainer: none\n"
                "Description: assumed\n\n"
                for name, version in assumed_installed.items()
            )
        )
        # A mirror that is not reached is the reason to give, not that nothing can be located. Of a
        # machine's own sources, some may be out of reach.
        error_mode = "any" if len(sources) == 1 else "persistent-failure"
        self.configuration = folder / "apt.conf"
        self.configuration.write_text(
            f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{folder}/sources";\n'
            f'Dir::State::Lists "{folder}/lists"; Dir::State::status "{folder}/state/status";\n'
            f'Dir::State::extended_states "{folder}/state/extended"; Dir::Cache "{folder}/cache";\n'
            f'Dir::Log "{folder}/state"; APT::Install-Recommends "false"; APT::Sandbox::User "";\n'
            'Debug::NoLocking "true"; Acquire::Languages "none"; Acquire::Retries "3";\n'
            'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";\n'
            f'APT::Update::Error-Mode "{error_mode}";\n'
        )

    def get(self, *words: str, cwd: Path | None = None) -> None:
        """Runs apt-get quietly; ends the program if it fails, below what it says."""
        environment = {
            **os.environ,
            "APT_CONFIG": str(self.configuration),
            "DEBIAN_FRONTEND": "noninteractive",
        }
        command = ["apt-get", "-qq", *words]
        result = subprocess.run(
            command, check=False, env=environment, stdout=subprocess.DEVNULL, cwd=cwd
        )
        if result.returncode != 0:
            sys.exit(f"`{shlex.join(command)}` failed with status {result.returncode}")

    def download_with_dependencies(self, packages: list[str]) -> list[Path]:
        """The .deb files of `packages` and of what they need beyond `assumed_installed`."""
        self.get("update")
        self.get("-y", "--download-only", "install", *packages)
        return sorted((self.folder / "cache/archives").glob("*.deb"))

    def download(self, package: str) -> Path:
        """The .deb file of `package` ("name" or "name=version") alone."""
        self.get("update")
        self.get("download", package, cwd=self.folder)
        return next(self.folder.glob("*.deb"))
