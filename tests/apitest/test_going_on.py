"""--resume and --retest: a run that ended early goes on, and nothing is lost or run twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from paddlemend.apitest import cli, row
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import Runner


@pytest.fixture
def ran(monkeypatch):
    """Replaces workers; the list of the tasks that ran, and a case's class by its first word."""
    tasks_run = []

    def run(self, tasks):
        for task in tasks:
            tasks_run.append((task.case, task.paddle))
            class_ = task.case.split(" ")[0]
            class_ = class_ if class_ in row.CLASSES else row.PASS
            yield made(task.case, class_, task.paddle, task.mode, task.seed, task.device)

    monkeypatch.setattr(Runner, "run", run)
    monkeypatch.setattr(Runner, "environment", lambda self, kind, device: "Paddle 0")
    return tasks_run


def made(case, class_, paddle="stock", mode="accuracy", seed=0, device="cpu", message="") -> Row:
    return Row(case, "api", paddle, class_, message=message, mode=mode, seed=seed, device=device)


def write(file: Path, rows) -> None:
    file.write_text("".join(entry.to_json() + "\n" for entry in rows))


def read(file: Path) -> list[Row]:
    return [Row.from_json(line) for line in file.read_text().splitlines()]


def call(file, *arguments, cases=(), paddle="stock") -> int:
    lines = [word for case in cases for word in ("--api-config", case)]
    with pytest.raises(SystemExit) as end:
        cli.main(["accuracy", "--paddle", paddle, "--json", str(file), *lines, *arguments])
    return end.value.code or 0


def test_resume_runs_only_the_cases_without_a_row(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.PASS)])
    assert call(file, "--resume", cases=["a", "b"]) == 0
    assert ran == [("b", "stock")]
    assert [entry.case for entry in read(file)] == ["a", "b"]


def test_the_report_of_a_resumed_run_covers_earlier_rows(ran, tmp_path, capsys):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.CRASH, message="why")])
    assert call(file, "--resume", cases=["a", "b"]) == 1
    shown = capsys.readouterr().out
    assert "crash: a" in shown and "stock: 1 pass, 1 crash" in shown


def test_a_truncated_last_line_is_dropped_and_its_case_runs_again(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.PASS), made("b", row.PASS)])
    file.write_text(file.read_text()[:-20])
    assert call(file, "--resume", cases=["a", "b"]) == 0
    assert ran == [("b", "stock")] and [entry.case for entry in read(file)] == ["a", "b"]


@pytest.mark.parametrize(
    "other", [{"paddle": "mended"}, {"mode": "stable"}, {"seed": 1}, {"device": "cuda:0"}]
)
def test_rows_of_another_kind_of_run_are_kept_but_do_not_count(ran, tmp_path, capsys, other):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.CRASH, **other)])
    assert call(file, "--resume", cases=["a"]) == 0
    assert ran == [("a", "stock")] and len(read(file)) == 2
    assert "stock: 1 pass\n" in capsys.readouterr().out


def test_a_complete_run_resumes_without_looking_for_a_worker(ran, tmp_path, monkeypatch):
    def refuse(self, kind, device):
        raise AssertionError("nothing is left to run")

    monkeypatch.setattr(Runner, "environment", refuse)
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.PASS)])
    assert call(file, "--resume", cases=["a"]) == 0 and ran == []


def test_resume_without_a_file_starts_one(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    assert call(file, "--resume", cases=["a"]) == 0 and len(read(file)) == 1


def test_without_resume_an_existing_file_is_replaced(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    write(file, [made("old", row.PASS)])
    call(file, cases=["a"])
    assert [entry.case for entry in read(file)] == ["a"]


@pytest.mark.parametrize("words", [["--resume"], ["--retest", "crash"]])
def test_a_file_of_something_else_is_refused_and_left_alone(ran, tmp_path, capsys, words):
    file = tmp_path / "notes.txt"
    file.write_text("dear diary\nnothing\n")
    assert call(file, *words, cases=["a"]) == 2
    assert "line 1 is not a row" in capsys.readouterr().err
    assert file.read_text() == "dear diary\nnothing\n"


def test_retest_runs_the_named_classes_and_replaces_their_rows_in_place(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    old = [made("a", row.CRASH), made("b", row.ACCURACY_ERROR), made("c", row.TIMEOUT)]
    write(file, old)
    assert call(file, "--retest", "crash,timeout") == 1
    assert ran == [("a", "stock"), ("c", "stock")]
    classes = {entry.case: entry.class_ for entry in read(file)}
    assert list(classes.items()) == [
        ("a", row.PASS),
        ("b", row.ACCURACY_ERROR),
        ("c", row.PASS),
    ]


def test_retest_of_both_paddles_runs_each_rows_own(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.CRASH), made("a", row.PASS, "mended")])
    assert call(file, "--retest", "crash", paddle="both") == 0
    assert ran == [("a", "stock")]


def test_retest_can_be_narrowed_to_given_lines(ran, tmp_path):
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.CRASH), made("b", row.CRASH)])
    assert call(file, "--retest", "crash", cases=["b", "never seen"]) == 0
    assert ran == [("b", "stock")]
    assert {entry.case: entry.class_ for entry in read(file)} == {"a": row.CRASH, "b": row.PASS}


def test_an_interrupted_retest_replaces_what_came(tmp_path, monkeypatch, ran):
    def run(self, tasks):
        yield made(next(tasks).case, row.PASS)
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "run", run)
    file = tmp_path / "rows.jsonl"
    write(file, [made("a", row.CRASH), made("b", row.CRASH)])
    assert call(file, "--retest", "crash") == 130
    assert {entry.case: entry.class_ for entry in read(file)} == {"a": row.PASS, "b": row.CRASH}
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def start(folder: Path, cases: Path, *words: str) -> subprocess.Popen:
    """The harness on fake tasks, in a process of its own."""
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    command = [sys.executable, "-m", "fake_tasks", "accuracy", "--paddle", "stock"]
    command += ["--api-config-file", str(cases), "--json", str(folder / "rows.jsonl"), *words]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, cwd=folder)


def test_a_run_that_is_killed_and_resumed_again_and_again_loses_and_repeats_nothing(tmp_path):
    cases, file = tmp_path / "cases.txt", tmp_path / "rows.jsonl"
    lines = [f"crash {n}" if n % 25 == 0 else f"sleep {n}" for n in range(100)]
    cases.write_text("\n".join(lines))
    for wanted in [15, 45]:
        run = start(tmp_path, cases, "--resume", "--jobs", "2")
        wait_for_rows(file, wanted)
        run.kill()
        run.wait()
        assert len(file.read_bytes().splitlines()) < len(lines)
    assert start(tmp_path, cases, "--resume", "--jobs", "2").wait(timeout=120) == 1
    assert Counter(entry.case for entry in read(file)) == Counter(lines)
    assert sum(entry.class_ == row.CRASH for entry in read(file)) == 4


def test_a_second_run_on_the_same_file_is_refused(tmp_path, ran, capsys):
    cases, file = tmp_path / "cases.txt", tmp_path / "rows.jsonl"
    cases.write_text("\n".join(f"sleep {n}" for n in range(10000)))
    first = start(tmp_path, cases, "--jobs", "1")
    try:
        wait_for_rows(file, 1)
        assert call(file, "--resume", cases=["a"]) == 2
        assert "another run is writing it" in capsys.readouterr().err
    finally:
        first.kill()
        first.wait()


def test_a_run_that_is_asked_to_end_still_reports(tmp_path):
    cases = tmp_path / "cases.txt"
    cases.write_text("\n".join(f"sleep {n}" for n in range(10000)))
    run = start(tmp_path, cases, "--jobs", "1", "--junit", str(tmp_path / "rows.xml"))
    wait_for_rows(tmp_path / "rows.jsonl", 1)
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=60) == 130 and (tmp_path / "rows.xml").exists()


def wait_for_rows(file: Path, number: int) -> None:
    """Waits until the file has some whole rows."""
    deadline = time.monotonic() + 60
    while not file.exists() or file.read_bytes().count(b"\n") < number:
        assert time.monotonic() < deadline
        time.sleep(0.02)
