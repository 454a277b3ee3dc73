"""Assembles Bazel 7.7.1 out of Debian packages in a folder: no root, no change to the host.

    assemble.py PREFIX

Debian's `bazel-bootstrap` expects its jars, its Java and its rules at absolute system paths. The
packages are downloaded with a private apt configuration (apt checks their signatures), unpacked,
and those paths rewritten to PREFIX, which can not be moved afterwards. `DEB_SUITE` chooses the
suite (default: forky); the mirror is that of the machine's own apt configuration. The package set
stays in PREFIX.debs, because a suite moves on; packages.txt there records the versions.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "debian"))
from private_apt import PrivateApt, main_mirror

WANTED = [
    "bazel-bootstrap",
    "openjdk-21-jre-headless",
    "libblake3-0",  # needed by libunix_jni.so, which does not declare it
    "patchelf",
    "python3-pip-whl",  # pip for a Python that has none
]

# What the packages depend on but Bazel never reads: declared installed, so that apt leaves their
# closures out (128 packages instead of 246).
ASSUMED_INSTALLED = {
    "build-essential": "99",
    "ca-certificates": "20990101",
    "ca-certificates-java": "20990101",
    "debconf": "9.9",
    "default-jdk-headless": "2:1.99-0",
    "default-jre-headless": "2:1.99-0",
    "java-common": "99",
    "junit4": "99",
    "libc6-dev": "9-1",
    "libjs-jquery": "99",
    "libmaven3-core-java": "99",
    "libnss3": "2:9",
    "libpam-modules": "99",
    "libpam-modules-bin": "99",
    "libpam-runtime": "99",
    "libpython3-stdlib": "3.99",
    "perl": "9.9",
    "python3": "3.99-1",
    "python3-minimal": "3.99",
    "unzip": "99",
    "util-linux": "99",
    "zlib1g-dev": "1:9-1",
}

# Modules that @bazel_tools names but Debian does not ship; no build here reads their content.
STUB_MODULES = ["apple_support", "buildozer", "protobuf", "zlib"]

STUB_BUILDOZER_EXTENSION = """\
def _repo_impl(ctx):
    ctx.file("BUILD.bazel", "exports_files(['buildozer.exe'])")
    ctx.file("buildozer.exe", "#!/bin/sh\\nexit 1\\n")

_repo = repository_rule(implementation = _repo_impl)

def _extension_impl(_ctx):
    _repo(name = "buildozer_binary")

buildozer_binary = module_extension(implementation = _extension_impl)
"""

# Where Debian keeps the rules; WORKSPACE mode names them as repositories.
WORKSPACE_REPOSITORIES = {
    "bazel_features": "tools/features",
    "bazel_skylib": "tools/skylib",
    "rules_cc": "rules/cc",
    "rules_java": "rules/java",
    "rules_java_builtin": "rules/java",
    "rules_license": "rules/license",
    "rules_proto": "rules/proto",
    "rules_python": "rules/python",
}


def run(*command: str | Path, **kwargs) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], check=True, text=True, **kwargs)


def download(work: Path, debs: Path) -> None:
    """Fills `debs` with the package set, once."""
    if (debs / "packages.txt").exists():
        return
    suite = os.environ.get("DEB_SUITE", "forky")
    apt = PrivateApt(work, [(main_mirror(), suite)], ASSUMED_INSTALLED)
    shutil.rmtree(debs, ignore_errors=True)  # what an earlier call, which was stopped, left
    debs.mkdir()
    for deb in apt.download_with_dependencies(WANTED):
        shutil.move(str(deb), debs / deb.name)
    versions = "\n".join(sorted(deb.stem for deb in debs.glob("*.deb")))
    (debs / "packages.txt").write_text(versions + "\n")


def unpack(debs: Path, prefix: Path) -> None:
    for deb in sorted(debs.glob("*.deb")):
        run("dpkg-deb", "-x", deb, prefix)
    for name in ["doc", "man", "locale", "javascript", "maven-repo", "lintian", "info"]:
        shutil.rmtree(prefix / "usr/share" / name, ignore_errors=True)
    shutil.rmtree(prefix / "var", ignore_errors=True)


def relink_into_prefix(prefix: Path) -> None:
    """Symlinks of the packages are absolute; point them into the prefix."""
    for link in list(prefix.rglob("*")):
        if link.is_symlink() and os.readlink(link).startswith(("/etc/", "/usr/")):
            target = f"{prefix}{os.readlink(link)}"
            link.unlink()
            link.symlink_to(target)


def patch_programs(prefix: Path) -> None:
    """Binds the unpacked programs to the unpacked C library.

    DT_RPATH, not LD_LIBRARY_PATH: it is not inherited, so build actions keep using the host's
    compiler and libc.
    """
    libraries = prefix / "usr/lib/x86_64-linux-gnu"
    java = java_home(prefix)
    loader = libraries / "ld-linux-x86-64.so.2"
    patchelf = [loader, "--library-path", libraries, prefix / "usr/bin/patchelf"]
    programs = [prefix / "usr/bin/bazel", java / "bin/java", java / "lib/jspawnhelper"]
    programs += (prefix / "usr/libexec/x86_64-linux-gnu/bazel").iterdir()
    for program in programs:
        rpath = (
            f"{java}/lib:{java}/lib/server:{libraries}" if java in program.parents else libraries
        )
        run(*patchelf, "--set-interpreter", loader, "--force-rpath", "--set-rpath", rpath, program)


def java_home(prefix: Path) -> Path:
    return prefix / "usr/lib/jvm/java-21-openjdk-amd64"


def read_manifest(jar: Path) -> str:
    with zipfile.ZipFile(jar) as archive:
        try:
            text = archive.read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
        except KeyError:
            return ""
    return re.sub(r"\r?\n ", "", text)  # unfold continuation lines


def copy_without_class_path(jar: Path, copy: Path, manifest: str) -> None:
    lines = [line for line in manifest.splitlines() if not line.startswith("Class-Path:")]
    folded = "".join(re.sub(r"(.{70})(?=.)", r"\1\r\n ", line) + "\r\n" for line in lines)
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            is_manifest = item.filename == "META-INF/MANIFEST.MF"
            target.writestr(item, folded.encode() if is_manifest else source.read(item))


def flatten_class_path(prefix: Path) -> None:
    """Copies every jar that the server needs into one folder and lists them all.

    Debian chains jars through absolute `Class-Path:` manifests, which would read (or miss) the
    host's /usr/share/java.
    """
    listing = prefix / "usr/share/bazel/bazel_classpath_debian_depends.txt"
    jars = prefix / "jars"
    jars.mkdir(exist_ok=True)
    todo = listing.read_text().split()
    seen: set[Path] = set()
    order: list[Path] = []
    while todo:
        name = todo.pop(0)
        jar = Path(f"{prefix}{name}").resolve()
        if (
            jar in seen or not jar.exists()
        ):  # Debian lists a few optional jars that it does not ship
            continue
        seen.add(jar)
        manifest = read_manifest(jar)
        copy = jars / Path(name).name
        order.append(copy)
        chained = re.search(r"^Class-Path:(.*)$", manifest, re.MULTILINE)
        if chained:
            copy_without_class_path(jar, copy, manifest)
            entries = [entry.removeprefix("file:") for entry in chained.group(1).split()]
            todo += [
                os.path.normpath(os.path.join(os.path.dirname(name), entry)) for entry in entries
            ]
        else:
            shutil.copyfile(jar, copy)
    listing.write_text("\n".join(map(str, order)) + "\n")
    shutil.rmtree(prefix / "usr/share/java", ignore_errors=True)


def write_stubs(prefix: Path) -> list[str]:
    """Stub modules and repositories; returns their bazelrc lines."""
    lines = []
    for name in STUB_MODULES:
        folder = prefix / "stubs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "MODULE.bazel").write_text(f'module(name = "{name}")\n')
        (folder / "BUILD.bazel").touch()
        lines.append(f"common --override_module={name}={folder}")
    (prefix / "stubs/buildozer/buildozer_binary.bzl").write_text(STUB_BUILDOZER_EXTENSION)

    coverage = prefix / "stubs/remote_coverage_tools"
    coverage.mkdir(exist_ok=True)
    (coverage / "WORKSPACE").touch()
    (coverage / "report.sh").write_text("#!/bin/sh\nexit 0\n")
    (coverage / "report.sh").chmod(0o755)
    (coverage / "BUILD.bazel").write_text(
        'package(default_visibility = ["//visibility:public"])\n'
        'sh_binary(name = "coverage_report_generator", srcs = ["report.sh"])\n'
    )
    lines.append(f"common:workspace --override_repository=remote_coverage_tools={coverage}")
    return lines


def write_launcher(prefix: Path) -> None:
    """PREFIX/bazel and its bazelrc."""
    shared = prefix / "usr/share/bazel"
    debian = (prefix / "etc/bazel/bazelrc").read_text().splitlines()
    dropped = ("try-import", "build --host_javabase", "build --sandbox_debug")
    lines = [
        line.replace("/usr/share/bazel", str(shared))
        for line in debian
        if not line.startswith(dropped)
    ]
    lines.append(f"startup --server_javabase={java_home(prefix)}")
    lines += write_stubs(prefix)
    for repository, folder in WORKSPACE_REPOSITORIES.items():
        lines.append(f"common:workspace --override_repository={repository}={shared / folder}")
    # A bazelrc is split into words as by a shell, and the home of a user may have a space.
    text = "\n".join(lines).replace(str(prefix), shlex.quote(str(prefix)))
    (prefix / "bazelrc").write_text(text + "\n")
    launcher = prefix / "bazel"
    launcher.write_text(
        f'#!/bin/sh\nexec "{prefix}/usr/bin/bazel" --nosystem_rc --bazelrc="{prefix}/bazelrc" '
        '"$@"\n'
    )
    launcher.chmod(0o755)


def expose_pip(prefix: Path) -> None:
    wheels = sorted((prefix / "usr/share/python-wheels").glob("pip-*.whl"))
    shutil.copyfile(wheels[-1], prefix / "pip.whl")


def assemble(prefix: Path) -> None:
    """Fills `prefix` anew; `complete` lies there when all is."""
    work, debs = Path(f"{prefix}.work"), Path(f"{prefix}.debs")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(prefix, ignore_errors=True)
    prefix.mkdir(parents=True)
    download(work, debs)
    unpack(debs, prefix)
    relink_into_prefix(prefix)
    patch_programs(prefix)
    flatten_class_path(prefix)
    write_launcher(prefix)
    expose_pip(prefix)
    shutil.rmtree(work, ignore_errors=True)
    (prefix / "complete").touch()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: assemble.py PREFIX")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is no error to be reported
    try:
        assemble(Path(sys.argv[1]).absolute())
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{shlex.join(error.cmd)}` failed with status {error.returncode}")
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
