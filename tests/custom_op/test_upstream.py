"""The table of Paddle's own tests, and the runner for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import upstream


def test_the_readme_has_the_table_of_paddles_tests():
    assert f"<!-- upstream -->\n{upstream.table()}\n<!-- end -->" in (
        Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    )


def test_every_test_of_ours_in_the_table_exists():
    for ours, _ in upstream.TESTS.values():
        for name in re.findall(r"(test_\w+\.py)(?:::(\w+))?", ours):
            text = Path(__file__).with_name(name[0]).read_text(encoding="utf-8")
            assert not name[1] or f"def {name[1]}(" in text, name


@pytest.fixture
def checkout(tmp_path):
    """A tree as Paddle's: a test that passes, one that fails, one that is for GPUs."""
    texts = {
        "custom_op/test_passes.py": "import utils\nopen('left', 'w').close()\n",
        "custom_op/test_fails.py": "raise SystemExit('the reason')\n",
        "custom_op/test_context_pool.py": "raise SystemExit('runs')\n",
        "custom_op/utils.py": "",
        "cpp_extension/test_other.py": "",
        "legacy_test/test_none_of_these.py": "",
    }
    for name, text in texts.items():
        path = tmp_path / "Paddle/test" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "Paddle"


@pytest.mark.parametrize(
    ("path", "count"),
    [("", 4), ("test", 4), ("test/custom_op", 3), ("test/cpp_extension/test_other.py", 1)],
)
def test_a_path_names_a_checkout_a_folder_of_it_or_one_test(checkout, path, count):
    assert len(upstream.find_tests(checkout / path)) == count


@pytest.mark.parametrize("path", ["missing", "test/legacy_test"])
def test_a_path_without_tests_is_refused(checkout, path):
    with pytest.raises(ValueError, match=f"{path}', expected a checkout of Paddle"):
        upstream.find_tests(checkout / path)


def test_the_runner_counts_what_fails_says_why_and_leaves_the_checkout_alone(checkout, capsys):
    before = sorted(checkout.rglob("*"))
    assert upstream.run_all(upstream.find_tests(checkout), "84.2.1") == 1
    lines = capsys.readouterr().out.splitlines()
    assert "setuptools 84.2.1  custom_op/test_context_pool.py  not run: needs a GPU" in lines
    assert "setuptools 84.2.1  custom_op/test_passes.py  ok" in lines
    failure = lines.index("setuptools 84.2.1  custom_op/test_fails.py  FAILED")
    assert lines[failure + 1] == "    the reason"
    assert sorted(checkout.rglob("*")) == before
