"""The command line: what it runs, what it writes, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer
from paddlemend.apitest import cli, options, row
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import EnvironmentProblem, Runner

LINE = 'paddle.expand(Tensor([1],"float32"), list[2,], )'


@pytest.fixture
def classes(monkeypatch):
    """Replaces workers by a table from --paddle to the class of all its rows."""
    table = {"stock": row.PASS, "mended": row.PASS, "library": row.PASS}

    def run(self, tasks):
        for task in tasks:
            how = {"mode": task.mode, "seed": task.seed, "device": task.device}
            class_ = table[task.paddle]
            yield Row(task.case, "paddle.expand", task.paddle, class_, message="why", **how)

    monkeypatch.setattr(Runner, "run", run)
    monkeypatch.setattr(Runner, "environment", lambda self, kind, device: "Paddle 0")
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    return table


def call_plainly(*arguments) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(list(map(str, arguments)))
    return end.value.code or 0


def call(*arguments) -> int:
    return call_plainly("accuracy", *arguments)


def rows_in(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("good", [row.PASS, row.BOTH_REJECT, row.TOO_LARGE])
def test_the_status_is_0_when_every_row_is_good(classes, good):
    classes["stock"] = good
    assert call("--paddle", "stock", "--api-config", LINE) == 0


@pytest.mark.parametrize("bad", sorted(set(row.CLASSES) - row.GOOD_CLASSES))
def test_the_status_is_1_otherwise_and_the_failure_is_shown(classes, bad, capsys):
    classes["stock"] = bad
    assert call("--paddle", "stock", "--api-config", LINE) == 1
    shown = capsys.readouterr().out
    assert f"{bad}: {LINE}" in shown and "why" in shown and shown.endswith(f"stock: 1 {bad}\n")


def test_with_both_only_the_mended_paddle_decides(classes):
    classes["stock"] = row.CRASH
    assert call("--paddle", "both", "--api-config", LINE) == 0
    classes["mended"] = row.CRASH
    assert call("--paddle", "both", "--api-config", LINE) == 1


def test_rows_of_both_paddles_are_written_as_json_lines(classes, tmp_path):
    out = tmp_path / "rows.jsonl"
    call("--api-config", LINE, "--json", out)
    assert [(r["paddle"], r["case"]) for r in rows_in(out)] == [("stock", LINE), ("mended", LINE)]


@pytest.mark.parametrize("mode", ["accuracy", "paddle-only", "stable", "static"])
def test_the_rows_of_every_mode_say_how_they_were_run(classes, tmp_path, mode):
    out = tmp_path / "rows.jsonl"
    words = ["--paddle", "stock", "--seed", 5, "--device", "CUDA", "--api-config", LINE]
    assert call_plainly(mode, *words, "--json", out) == 0
    (entry,) = rows_in(out)
    assert (entry["mode"], entry["seed"], entry["device"]) == (mode, 5, "cuda:0")


def test_files_and_lines_are_merged_without_comments_blanks_and_duplicates(classes, tmp_path):
    cases, out = tmp_path / "cases.txt", tmp_path / "rows.jsonl"
    cases.write_text(f"# a comment\n\n{LINE}\n  {LINE}  \nno case at all\n")
    call("--paddle", "stock", "--api-config", LINE, "--api-config-file", cases, "--json", out)
    assert [entry["case"] for entry in rows_in(out)] == [LINE, "no case at all"]


def test_without_cases_the_built_in_ones_run(classes, tmp_path):
    out = tmp_path / "rows.jsonl"
    assert call("--paddle", "stock", "--json", out) == 0
    assert {entry["api"] for entry in rows_in(out)} == {"paddle.expand"}
    assert len(rows_in(out)) > 400


def test_paths_are_relative_to_where_bazel_run_was_called(classes, tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    (tmp_path / "cases.txt").write_text(LINE)
    words = ["--api-config-file", "cases.txt", "--json", "o.jsonl", "--report", "o.html"]
    assert call("--paddle", "stock", *words, "--junit", "o.xml") == 0
    assert all((tmp_path / name).exists() for name in ["o.jsonl", "o.html", "o.xml"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--api-config-file", "/nowhere/cases.txt"], "/nowhere/cases.txt: No such file"),
        (["--api-config", "# only a comment"], "no case line to run"),
        (["--paddle", "fixed"], "fixed"),
        (["--device", "tpu"], "'tpu' is no device"),
        (["--jobs", "0"], "--jobs"),
        (["--timeout", "0"], "--timeout"),
        (["--seed", "-1"], "--seed"),
        (["--max-bytes", "much"], "--max-bytes 'much' is no size such as"),
        (["--max-memory", "much"], "--max-memory 'much' is no size such as"),
        (["--json", "/nowhere/rows.jsonl"], "/nowhere/rows.jsonl: No such file"),
        (["--report", "/nowhere/rows.html"], "/nowhere/rows.html: No such file"),
        (["--junit", "/"], "--junit /: Is a directory"),
        (["--resume"], "need the --json file"),
        (["--retest", "crash"], "need the --json file"),
        (["--retest", "crash", "--json", "/nowhere/rows.jsonl"], "No such file"),
        (["--retest", "crush", "--json", "/dev/null"], "'crush' is no class of rows"),
        (["--retest", "crash", "--resume", "--json", "/dev/null"], "exclude each other"),
        (["--unknown"], "--unknown"),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(classes, arguments, message, capsys):
    assert call(*arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("apitest: ") and shown.count("\n") == 1 and message in shown


def test_a_usage_error_leaves_an_existing_file_of_rows_alone(classes, tmp_path):
    out = tmp_path / "rows.jsonl"
    call("--paddle", "stock", "--api-config", LINE, "--json", out)
    before = out.read_text()
    assert call("--api-config-file", "/nowhere/cases.txt", "--json", out) == 2
    assert out.read_text() == before


@pytest.mark.parametrize("mode", ["paddle-only", "static"])
def test_the_library_has_no_mode_that_needs_paddle(classes, mode, capsys):
    assert call_plainly(mode, "--paddle", "library", "--api-config", LINE) == 2
    shown = capsys.readouterr().err
    assert f"--paddle library has no {mode}" in shown and "accuracy and stable" in shown


@pytest.mark.parametrize("mode", ["accuracy", "stable"])
def test_the_library_has_the_other_modes(classes, mode):
    assert call_plainly(mode, "--paddle", "library", "--api-config", LINE) == 0


def test_the_spelling_of_paddleapitest_runs_the_same(classes, tmp_path):
    out = tmp_path / "rows.jsonl"
    words = [f"--api_config={LINE}", "--accuracy_stable=True", "--random_seed=3", f"--json={out}"]
    assert call_plainly(*words, "--paddle=mended") == 0
    (entry,) = rows_in(out)
    assert (entry["case"], entry["mode"], entry["seed"]) == (LINE, "stable", 3)


def test_an_environment_without_workers_is_one_line_and_status_1(classes, monkeypatch, capsys):
    def refuse(self, kind, device):
        raise EnvironmentProblem("no worker for --paddle stock can be set up: ImportError")

    monkeypatch.setattr(Runner, "environment", refuse)
    assert call("--paddle", "stock", "--api-config", LINE) == 1
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1 and shown.out == ""


def test_an_interrupt_keeps_the_rows_so_far(classes, monkeypatch, tmp_path, capsys):
    def run(self, tasks):
        yield Row(next(tasks).case, "paddle.expand", "stock", row.PASS)
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "run", run)
    out = tmp_path / "rows.jsonl"
    words = ["--api-config", LINE, "--api-config", "other", "--json", out]
    assert call("--paddle", "stock", *words) == 130
    shown = capsys.readouterr()
    assert len(rows_in(out)) == 1
    assert "stock: 1 pass" in shown.out and shown.err == "apitest: interrupted\n"


def test_the_process_that_starts_the_workers_imports_no_framework():
    code = (
        "import sys, paddlemend.apitest.cli; sys.exit(bool({'paddle', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], timeout=60, env=environment).returncode == 0


@pytest.mark.parametrize("mode", [None, "accuracy", "paddle-only", "stable", "static"])
def test_the_help_explains_every_option_and_names_every_mode(mode, tmp_path):
    command = [sys.executable, "-m", "paddlemend.apitest", *([mode] if mode else []), "--help"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path
    )
    shown = ended.stdout
    assert ended.returncode == 0, ended.stderr
    if mode is None:
        assert all(name in shown for name in ["accuracy", "paddle-only", "stable", "static"])
        return
    for name in ["paddle", "device", "jobs", "timeout", "max-bytes", "max-memory", "cluster"]:
        assert f"--{name} " in shown
    for name in ["json", "report", "junit", "seed", "resume", "retest", "api-config-file"]:
        assert f"--{name} " in shown
    assert f"apitest {mode} --json rows.jsonl --retest crash,timeout\n" in shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1048576", 1 << 20),
        ("500MB", 500 << 20),
        ("2GiB", 2 << 30),
        ("1.5k", 1536),
        ("3 TB", 3 << 40),
    ],
)
def test_sizes_take_units_of_1024(text, number):
    assert options.byte_count("--max-bytes", text) == number


def test_a_size_without_number_is_refused():
    with pytest.raises(typer.BadParameter):
        options.byte_count("--max-bytes", "GiB")
