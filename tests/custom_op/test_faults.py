"""What goes wrong in a build ends with a clear line and harms neither the tree nor later builds."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import time
import zipfile

import pytest
from environment import HERE, compilers, files_below, setup_py

TEN = (
    'name="ten_ops", ext_modules=CppExtension(sources=["relu_op.cc"] + '
    '["s%d.cc" % i for i in range(9)])'
)


def ten_sources(project):
    files = {"setup.py": setup_py(TEN), **{f"s{i}.cc": f"int f{i}();\n" for i in range(9)}}
    return project(files)


def test_one_changed_source_of_ten_is_compiled_alone(environment, project):
    there = environment()
    folder = ten_sources(project)
    first = there.run("setup.py", "build", cwd=folder).stdout
    assert "[11/11] link" in first
    (folder / "s3.cc").write_text("int f3(); int g3();\n")
    second = there.run("setup.py", "build", cwd=folder).stdout
    assert [line for line in second.splitlines() if re.match(r"\[\d+/", line)] == [
        "[1/2] s3.cc",
        "[2/2] link ten_ops.so",
    ]
    assert "[1/" not in there.run("setup.py", "build", cwd=folder).stdout


def test_force_compiles_everything_again(environment, project):
    there = environment()
    folder = project()
    there.run("setup.py", "build_ext", cwd=folder)
    assert "[2/2]" in there.run("setup.py", "build_ext", "--force", cwd=folder).stdout


def test_a_failed_compile_stops_with_the_compilers_message_last(environment, project):
    folder = ten_sources(project)
    (folder / "s3.cc").write_text("int f() { return nonsense; }\n")
    (folder / "s4.o").write_text("mine")
    result = environment().run("setup.py", "install", cwd=folder, ok=False, LC_ALL="C")
    assert result.returncode
    assert result.stdout.rstrip().endswith("^~~~~~~~")
    assert "error: 'nonsense' was not declared" in result.stdout.rstrip().splitlines()[-3]
    assert (folder / "s4.o").read_text() == "mine"
    assert not list((folder / "build").rglob("ten_ops_pd_.so"))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PATH": "{bin}"}, "no C++ compiler: "),
        ({"CXX": "/no/such/g++"}, "no C++ compiler: CXX is '/no/such/g++', expected a program"),
        ({"MAX_JOBS": "many"}, "MAX_JOBS is 'many', expected a positive number"),
    ],
)
def test_what_a_build_lacks_is_named_in_the_last_line(environment, project, variables, message):
    there = environment()
    variables = {key: text.format(bin=there.folder / "bin") for key, text in variables.items()}
    output = there.run("setup.py", "build", cwd=project(), ok=False, **variables).stdout
    assert message in output.splitlines()[-1]


def test_a_missing_source_is_named(environment, project):
    folder = project()
    (folder / "relu_op.cc").unlink()
    output = environment().run("setup.py", "build", cwd=folder, ok=False).stdout
    assert "sources has 'relu_op.cc', expected a file" in output.splitlines()[-1]


def drop_right_to_write_anywhere():
    """Root may write to read-only folders; not without CAP_DAC_OVERRIDE."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_a_read_only_source_folder_is_named_in_the_last_line(environment, project):
    there = environment()
    folder = project()
    folder.chmod(0o555)
    result = subprocess.run(
        [there.python, "setup.py", "install"],
        cwd=folder,
        env=there.variables,
        preexec_fn=drop_right_to_write_anywhere,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o755)
    assert result.stderr.splitlines()[-1].startswith(f"error: the source folder {folder} cannot be")
    assert files_below(folder) == {"setup.py", "relu_op.cc"}


def test_a_path_with_spaces_and_other_letters(environment, project):
    there = environment()
    folder = project(name="mit Leerzeichen 日本 'é' $x")
    before = there.installed()
    there.run("setup.py", "install", cwd=folder)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


def test_two_builds_at_once_both_end_well(environment, project, tmp_path):
    there = environment()
    folder = project()
    command = [there.python, "-m", "pip", "wheel", "--no-build-isolation", "."]
    outputs = [tmp_path / "a", tmp_path / "b"]
    both = [
        subprocess.Popen([*command, "-w", out], cwd=folder, env=there.variables) for out in outputs
    ]
    assert [process.wait(600) for process in both] == [0, 0]
    for out in outputs:
        (wheel,) = out.glob("*.whl")
        assert "relu_ops/relu_ops_pd_.so" in zipfile.ZipFile(wheel).namelist()


@pytest.mark.parametrize("ninja", [True, False])
def test_a_killed_build_leaves_nothing_that_the_next_trips_over(environment, project, ninja):
    there = environment(programs=("ninja",) if ninja else ("ccache",))
    path = there.variables["PATH"] if ninja else f"{there.folder / 'bin'}:{compilers()}"
    folder = project()
    process = subprocess.Popen(
        [there.python, "setup.py", "build"],
        cwd=folder,
        env={**there.variables, "PATH": path},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list(folder.glob("build/*/objects-*/relu_ops")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # a file that the compiler had not finished
    (objects,) = folder.glob("build/*/objects-*/relu_ops")
    for name in [entry.name for entry in objects.glob("*.o")] or ["relu_op.cc.o"]:
        (objects / name).write_bytes(b"\x7fELF")
    there.run("setup.py", "install", cwd=folder, PATH=path)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")


def test_what_paddles_own_build_left_is_not_installed(environment, project, tmp_path):
    there = environment()
    folder = project()
    there.run("setup.py", "build", cwd=folder, ok=False, PADDLEMEND_CUSTOM_OP="0")
    there.run("-m", "pip", "wheel", "--no-build-isolation", "-w", tmp_path, ".", cwd=folder)
    (wheel,) = tmp_path.glob("*.whl")
    names = [name for name in zipfile.ZipFile(wheel).namelist() if "dist-info" not in name]
    assert names == ["relu_ops/__init__.py", "relu_ops/relu_ops_pd_.so"]


def test_a_renamed_extension_leaves_no_file_of_its_former_name(environment, project, tmp_path):
    there = environment()
    arguments = (
        'name="ops", ext_modules=[CppExtension(name="{}", sources=["relu_op.cc"]), '
        'CppExtension(name="second", sources=["double_op.cc"])]'
    )
    folder = project(
        {"setup.py": setup_py(arguments.format("old"))}, ["relu_op.cc", "double_op.cc"]
    )
    there.run("setup.py", "build", cwd=folder)
    (folder / "setup.py").write_text(setup_py(arguments.format("new")))
    there.run("-m", "pip", "wheel", "--no-build-isolation", "-w", tmp_path, ".", cwd=folder)
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if "dist-info" not in top} == {"new", "second"}


@pytest.mark.parametrize("version", ["2.6.2", "9.9.0"])
def test_a_library_of_another_paddle_is_refused_with_both_versions(environment, project, version):
    there = environment()
    there.run("setup.py", "install", cwd=project())
    real = there.run("-c", "import paddle; print(paddle.__version__)").stdout.strip()
    code = f"import paddle; paddle.__version__ = {version!r}; import relu_ops"
    output = there.run("-c", code, ok=False).stdout
    there.pip("uninstall", "--yes", "relu_ops")
    assert output.splitlines()[-1] == (
        f"ImportError: relu_ops was built for Paddle {real} and this is Paddle {version}: "
        "build it again for this one"
    )


def test_a_broken_library_of_this_paddle_is_named_with_the_loaders_reason(environment, project):
    there = environment()
    folder = project()
    there.run("setup.py", "build_ext", "--inplace", cwd=folder)
    (folder / "relu_ops/relu_ops_pd_.so").write_bytes(b"broken" * 100)
    output = there.run("-c", "import relu_ops", cwd=folder, ok=False).stdout
    assert "ImportError: relu_ops cannot be loaded: " in output
    assert "invalid ELF header" in output


def test_a_lost_library_is_named(environment, project):
    there = environment()
    folder = project()
    there.run("setup.py", "build_ext", "--inplace", cwd=folder)
    (folder / "relu_ops/relu_ops_pd_.so").unlink()
    output = there.run("-c", "import relu_ops", cwd=folder, ok=False).stdout
    assert "relu_ops has lost its library" in output.splitlines()[-1]


def test_an_egg_is_refused(environment, project):
    output = environment().run("setup.py", "bdist_egg", cwd=project(), ok=False).stdout
    assert output.splitlines()[-1].startswith("error: no eggs of custom operators: build a wheel")


def test_the_list_of_architectures_has_one_rule(environment, project, tmp_path):
    nvcc = tmp_path / "bin/nvcc"
    nvcc.parent.mkdir()
    nvcc.write_text(f"#!{environment().python}\n" + (HERE / "fake_nvcc.py").read_text())
    nvcc.chmod(0o755)
    arguments = (
        'name="gpu_ops", ext_modules=CUDAExtension(sources=["kernel.cu"], '
        'extra_compile_args={"cxx": [], "nvcc": ["-DFROM_NVCC"]})'
    )
    there = environment()
    folder = project(
        {"setup.py": setup_py(arguments, "CUDAExtension"), "kernel.cu": "int f();\n"}, []
    )
    (tmp_path / "lib64").mkdir()
    variables = {"CUDA_HOME": str(tmp_path), "PADDLE_CUDA_ARCH_LIST": "8.0, 9.0a;Ada 7.5+PTX"}
    there.run("setup.py", "build_ext", cwd=folder, ok=False, **variables)
    words = (tmp_path / "bin/words").read_text().split()
    assert [word for word in words if word.startswith("-gencode")] == [
        f"-gencode=arch=compute_{number},code={kind}_{number}"
        for number, kind in [
            ("80", "sm"),
            ("90a", "sm"),
            ("89", "sm"),
            ("89", "compute"),
            ("75", "sm"),
            ("75", "compute"),
        ]
    ]
    assert "-DFROM_NVCC" in words
    variables["PADDLE_CUDA_ARCH_LIST"] = "8"
    output = there.run("setup.py", "build_ext", cwd=folder, ok=False, **variables).stdout
    assert "PADDLE_CUDA_ARCH_LIST has '8', expected an architecture" in output.splitlines()[-1]


def test_an_extension_for_gpus_without_nvcc_says_where_it_was_looked_for(environment, project):
    arguments = 'name="gpu_ops", ext_modules=CUDAExtension(sources=["kernel.cu"])'
    folder = project({"setup.py": setup_py(arguments, "CUDAExtension"), "kernel.cu": ""}, [])
    output = environment().run("setup.py", "build", cwd=folder, ok=False, CUDA_HOME="/no").stdout
    assert "no nvcc: CUDA_HOME is '/no', expected" in output.splitlines()[-1]
