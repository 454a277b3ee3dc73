"""PaddleAPITest's command lines mean the same here."""

from __future__ import annotations

import pytest
import typer
from paddlemend.apitest.spelling import in_our_spelling


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["--accuracy=True"], ["accuracy"]),
        (["--accuracy", "True"], ["accuracy"]),
        (["--paddle_only=1"], ["paddle-only"]),
        (["--accuracy_stable=yes"], ["stable"]),
        (["--accuracy=False", "--stable=True"], ["stable"]),
        (
            ["--api_config_file=a_b.txt", "--accuracy=True"],
            ["accuracy", "--api-config-file=a_b.txt"],
        ),
        (["--accuracy=True", "--random_seed", "3"], ["accuracy", "--seed", "3"]),
        (["stable", "--max_bytes=1G"], ["stable", "--max-bytes=1G"]),
    ],
)
def test_a_mode_flag_is_a_command_and_underscores_are_dashes(theirs, ours):
    assert in_our_spelling(theirs) == ours


def test_values_keep_their_underscores_and_equal_signs():
    line = "--api_config=paddle.index_add(x=1, y=a_b)"
    assert in_our_spelling(["accuracy", line])[1] == "--api-config=paddle.index_add(x=1, y=a_b)"


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_no_mode_is_needed_for_help(words):
    assert in_our_spelling(words) == words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--api_config=x"], "no mode is named"),
        (["--accuracy=False"], "no mode is named"),
        (["--accuracy=True", "--paddle_only=True"], "two modes"),
        (["static", "--accuracy=True"], "two modes"),
        (["--accuracy=perhaps"], "True or False, not 'perhaps'"),
    ],
)
def test_no_mode_two_modes_and_half_a_mode_are_refused(words, message):
    with pytest.raises(typer.BadParameter, match=message):
        in_our_spelling(words)
