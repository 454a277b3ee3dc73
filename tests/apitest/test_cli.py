"""The command line: what it runs, what it writes, how it ends."""

from __future__ import annotations

import json

import pytest
import typer
from paddlemend.apitest import cli, row
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import EnvironmentProblem, Runner

LINE = 'paddle.expand(Tensor([1],"float32"), list[2,], )'


@pytest.fixture
def classes(monkeypatch):
    """Replaces workers by a table from --paddle to the class of all its rows."""
    table = {"stock": row.PASS, "mended": row.PASS, "library": row.PASS}

    def run(self, tasks):
        for task in tasks:
            yield Row(task.case, "paddle.expand", task.paddle, table[task.paddle], message="why")

    monkeypatch.setattr(Runner, "run", run)
    monkeypatch.setattr(cli, "check_environment", lambda kind: "Paddle 0")
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    return table


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["accuracy", *map(str, arguments)])
    return end.value.code or 0


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
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(r["paddle"], r["case"]) for r in rows] == [("stock", LINE), ("mended", LINE)]


def test_files_and_lines_are_merged_without_comments_blanks_and_duplicates(classes, tmp_path):
    cases, out = tmp_path / "cases.txt", tmp_path / "rows.jsonl"
    cases.write_text(f"# a comment\n\n{LINE}\n  {LINE}  \nno case at all\n")
    call("--paddle", "stock", "--api-config", LINE, "--api-config-file", cases, "--json", out)
    shown = [json.loads(line)["case"] for line in out.read_text().splitlines()]
    assert shown == [LINE, "no case at all"]


def test_without_cases_the_built_in_ones_run(classes, tmp_path):
    out = tmp_path / "rows.jsonl"
    assert call("--paddle", "stock", "--json", out) == 0
    apis = {json.loads(line)["api"] for line in out.read_text().splitlines()}
    assert apis == {"paddle.expand"}
    assert len(out.read_text().splitlines()) > 400


def test_paths_are_relative_to_where_bazel_run_was_called(classes, tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
    (tmp_path / "cases.txt").write_text(LINE)
    assert call("--paddle", "stock", "--api-config-file", "cases.txt", "--json", "o.jsonl") == 0
    assert (tmp_path / "o.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--api-config-file", "/nowhere/cases.txt"], "/nowhere/cases.txt: No such file"),
        (["--api-config", "# only a comment"], "no case line to run"),
        (["--paddle", "fixed"], "fixed"),
        (["--jobs", "0"], "--jobs"),
        (["--timeout", "0"], "--timeout"),
        (["--max-bytes", "much"], "'much' is no size such as"),
        (["--json", "/nowhere/rows.jsonl"], "/nowhere/rows.jsonl: No such file"),
        (["--unknown"], "--unknown"),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(classes, arguments, message, capsys):
    assert call(*arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("apitest: ") and shown.count("\n") == 1 and message in shown


def test_an_environment_without_workers_is_one_line_and_status_1(classes, monkeypatch, capsys):
    def refuse(kind):
        raise EnvironmentProblem("no worker for --paddle stock can be set up: ImportError")

    monkeypatch.setattr(cli, "check_environment", refuse)
    assert call("--paddle", "stock", "--api-config", LINE) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_interrupt_keeps_the_rows_so_far(classes, monkeypatch, tmp_path, capsys):
    def run(self, tasks):
        yield Row(tasks[0].case, "paddle.expand", "stock", row.PASS)
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "run", run)
    out = tmp_path / "rows.jsonl"
    assert call("--paddle", "stock", "--api-config", LINE, "--json", out) == 130
    assert len(out.read_text().splitlines()) == 1
    shown = capsys.readouterr()
    assert "stock: 1 pass" in shown.out and shown.err == "apitest: interrupted\n"


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
    assert cli.byte_count(text) == number


def test_a_size_without_number_is_refused():
    with pytest.raises(typer.BadParameter):
        cli.byte_count("GiB")
