"""compile_commands.json out of what Bazel says of its actions."""

from __future__ import annotations

from pathlib import Path

from compile_commands import entries

WORKSPACE, ROOT = Path("/home/me/paddlemend"), Path("/cache/execroot/_main")


def action(source: str, *flags: str) -> dict:
    return {"mnemonic": "CppCompile", "arguments": ["gcc", *flags, "-c", source, "-o", "x.o"]}


def test_a_source_file_is_the_one_that_is_edited():
    (entry,) = entries([action("cc/kernels/expand.cc", "-O3")], WORKSPACE, ROOT)
    assert entry["file"] == "/home/me/paddlemend/cc/kernels/expand.cc"
    assert entry["directory"] == "/cache/execroot/_main"
    assert entry["arguments"][:2] == ["gcc", "-O3"]


def test_generated_and_fetched_files_lie_in_the_execution_root():
    actions = [action("bazel-out/k8-opt/bin/cc/capi/operators.cc"), action("external/x/y.cc")]
    files = [entry["file"] for entry in entries(actions, WORKSPACE, ROOT)]
    assert files == [
        "/cache/execroot/_main/bazel-out/k8-opt/bin/cc/capi/operators.cc",
        "/cache/execroot/_main/external/x/y.cc",
    ]


def test_a_file_that_is_compiled_twice_has_one_entry():
    actions = [action("cc/a.cc"), action("cc/a.cc", "-fPIC")]
    (entry,) = entries(actions, WORKSPACE, ROOT)
    assert "-fPIC" not in entry["arguments"]


def test_the_configurations_of_sanitized_tests_are_left_out():
    sanitized = action("cc/a.cc", "-fsanitize=address", "-Ibazel-out/k8-opt-ST-c31cd53f41cb/bin")
    (entry,) = entries([sanitized, action("cc/a.cc")], WORKSPACE, ROOT)
    assert entry["arguments"][1] == "-c"
