"""What the reports say: on the terminal, as a page, as JUnit XML."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from paddlemend.apitest import row
from paddlemend.apitest.html_report import write_html
from paddlemend.apitest.junit import JUnitReport
from paddlemend.apitest.report import print_report
from paddlemend.apitest.results import Results, groups
from paddlemend.apitest.row import Row
from paddlemend.apitest.selection import Selection
from rich.console import Console

SELECTION = Selection(["a"], ["stock", "mended"], "accuracy", 0, 1 << 30, 10**9, "cpu")


def results_of(rows, kinds=("stock", "mended")) -> Results:
    results = Results(kinds)
    for entry in rows:
        results.add(entry)
    return results


def shown(results) -> str:
    """What print_report() prints."""
    out = io.StringIO()
    print_report(results, Console(file=out, width=160, highlight=False))
    return out.getvalue()


def failure(case, message="off by 0.5", class_=row.ACCURACY_ERROR, paddle="mended") -> Row:
    return Row(case, "paddle.expand", paddle, class_, "forward", "value", message=message)


def test_the_table_counts_every_class_in_the_column_of_its_paddle():
    rows = [
        Row("a", "paddle.expand", "stock", row.CRASH),
        Row("a", "paddle.expand", "mended", row.PASS),
        Row("b", "paddle.expand", "stock", row.PASS),
        Row("b", "paddle.expand", "mended", row.BOTH_REJECT),
    ]
    (line, total) = results_of(rows).lines()
    assert (line.api, line.cases, total.api, total.cases) == ("paddle.expand", 2, "total", 2)
    assert line.counts == {"stock": [1, 0, 0, 1, 0, 0], "mended": [2, 0, 0, 0, 0, 0]}
    assert total.counts == line.counts


def test_good_rows_are_counted_but_not_kept():
    results = results_of([Row(str(n), "api", "mended", row.PASS) for n in range(1000)])
    assert results.bad == [] and results.summary("mended") == "mended: 1000 pass"


def test_a_few_failures_are_shown_one_by_one():
    text = shown(results_of([failure("case 1", "off by 0.5"), failure("case 2", "off by 0.7")]))
    assert "accuracy_error forward value: case 1\n    off by 0.5\n" in text
    assert "accuracy_error forward value: case 2\n    off by 0.7\n" in text


def test_many_failures_that_differ_in_numbers_only_are_one_group_with_an_example():
    rows = [failure(f"case {n}", f"off by {n}.5e-3 at [{n}, 1]") for n in range(100)]
    text = shown(results_of([*rows, failure("other", "wrong dtype")]))
    assert "100 x paddle.expand: accuracy_error forward value: off by # at [#, #]\n" in text
    assert "1 x paddle.expand: accuracy_error forward value: wrong dtype\n    other\n" in text
    assert "case 0\n" in text and "case 1\n" not in text


def test_digits_within_names_tell_messages_apart():
    failures = [failure("a", "float16 is missing"), failure("b", "float32 is missing")]
    assert len(list(groups(failures))) == 2


def test_more_groups_than_fit_are_counted():
    text = shown(results_of([failure(f"case {n}", "x" * n) for n in range(30)]))
    assert "… and 10 more rows that fail in 10 other ways; --report shows all" in text


def test_only_the_subjects_failures_are_listed():
    text = shown(results_of([failure("case", paddle="stock")]))
    assert "case\n" not in text and "stock: 1 accuracy_error" in text


class Page(HTMLParser):
    """What the test asks about a page."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.rows, self.open, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links += [values[name] for name in ("src", "href") if name in values]
        if "data-class" in values:
            self.rows.append((values["data-paddle"], values["data-class"]))
        if tag not in {"meta", "br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def page_of(rows, tmp_path) -> Page:
    path = tmp_path / "rows.html"
    write_html(path, results_of(rows), SELECTION, ["stock: Paddle 3.3.1"])
    page = Page(path.read_text())
    assert page.open == []
    return page


def test_the_page_lists_the_rows_that_are_not_good_and_needs_no_other_file(tmp_path):
    rows = [failure("bad", paddle="stock"), Row("fine", "paddle.expand", "mended", row.PASS)]
    page = page_of(rows, tmp_path)
    assert page.rows == [("stock", row.ACCURACY_ERROR)] and page.links == []
    text = "".join(page.text)
    assert "bad" in text and "fine" not in text and "Paddle 3.3.1" in text


def test_what_a_case_says_is_text_on_the_page_and_never_markup(tmp_path):
    page = page_of([failure("<script>alert(1)</script>", '"><img src=x>\ud800')], tmp_path)
    assert page.links == [] and "<script>alert(1)</script>" in page.text


def test_the_page_of_no_rows_is_whole(tmp_path):
    assert page_of([], tmp_path).rows == []


def junit_of(rows, tmp_path):
    report, path = JUnitReport(), tmp_path / "rows.xml"
    for entry in rows:
        report.add(entry)
    report.write(path)
    return ElementTree.parse(path).getroot()


def test_junit_has_a_suite_for_every_paddle_and_api(tmp_path):
    rows = [
        Row("a", "paddle.expand", "stock", row.PASS),
        Row("b", "paddle.expand", "stock", row.PASS),
        Row("a", "paddle.expand", "mended", row.PASS),
    ]
    root = junit_of(rows, tmp_path)
    assert {(suite.get("name"), suite.get("tests")) for suite in root} == {
        ("stock paddle.expand", "2"),
        ("mended paddle.expand", "1"),
    }


@pytest.mark.parametrize(
    ("class_", "tag"),
    [
        (row.ACCURACY_ERROR, "failure"),
        (row.PADDLE_ERROR, "failure"),
        (row.PADDLE_ACCEPTS, "failure"),
        (row.CRASH, "error"),
        (row.TIMEOUT, "error"),
        (row.TORCH_ERROR, "error"),
        (row.UNSUPPORTED, "error"),
        (row.TOO_LARGE, "skipped"),
    ],
)
def test_junit_tells_findings_from_cases_without_answer(tmp_path, class_, tag):
    root = junit_of([failure("a", "why", class_)], tmp_path)
    (found,) = list(root.find("testsuite/testcase"))
    assert (found.tag, found.get("message")) == (tag, "why")
    counts = {name: root.get(name) for name in ("failures", "errors", "skipped")}
    assert counts.pop({"failure": "failures", "error": "errors"}.get(tag, tag)) == "1"
    assert set(counts.values()) == {"0"}
    if tag != "skipped":
        assert found.get("type") == f"{class_} value" and "class: " + class_ in found.text


@pytest.mark.parametrize("good", [row.PASS, row.BOTH_REJECT])
def test_junit_says_nothing_about_a_good_case(tmp_path, good):
    root = junit_of([Row("a", "api", "stock", good, message="both raise")], tmp_path)
    assert list(root.find("testsuite/testcase")) == []


def test_junit_is_valid_for_characters_that_xml_has_not(tmp_path):
    message = "bell \x07, escape \x1b[31m, zero \0, half \ud800, none \uffff, <&>\"'"
    root = junit_of([failure(message, message)], tmp_path)
    text = root.find("testsuite/testcase/failure").get("message")
    assert re.fullmatch(r"bell \\x07, escape \\x1b\[31m, zero \\x00, half .*", text)
    assert text.endswith("<&>\"'")
