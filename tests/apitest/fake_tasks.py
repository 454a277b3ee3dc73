"""Stands in for the frameworks in tests that start the harness in processes of their own."""

from __future__ import annotations

import os
import signal
import time

from paddlemend.apitest import cli, row, runner
from paddlemend.apitest.case_line import api_of
from paddlemend.apitest.row import Row

# Bytes that one case may take.
MEMORY = 300 << 20


def initialize(paddle_kind, device):
    """A worker that needs nothing."""


def run_task(task, on_stage=lambda stage: None) -> Row:
    """Does what the case says: `sleep` takes 50 ms, `crash` ends the process, others pass."""
    action = task.case.split(" ")[0]
    if action == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if action == "sleep":
        time.sleep(0.05)
    return Row(task.case, api_of(task.case), task.paddle, row.PASS)


class FakeRunner(runner.Runner):
    """A Runner of fake tasks."""

    def __init__(self, jobs, timeout, max_memory):
        super().__init__(jobs, timeout, max_memory, run_task, initialize)

    def environment(self, paddle_kind, device):
        return "no framework"


if __name__ == "__main__":
    import fake_tasks  # under the name that worker processes can import

    cli.Runner = fake_tasks.FakeRunner
    cli.main()
