"""Every form of import gives what the interpreter gives, and is one graph where it can be."""

from __future__ import annotations

import os

import catalogue
import comparison
import pytest
import trial

# The catalogue says of every other form why it cannot be one graph, or not everywhere.
LEAST_STATIC = 2 / 3


# Which of the catalogue's lists: a target for each.
CHOSEN = getattr(catalogue, os.environ["FORMS"])


@pytest.mark.parametrize("form", CHOSEN, ids=lambda form: form.name)
def test_form(form):
    native, mended = comparison.records(form.name, form.source, (trial.NATIVE, trial.MENDED))
    assert comparison.differences(native, mended) == []
    if form.graphs is not None:
        graphs = [record["graphs"] for record in mended]
        assert graphs == [form.graphs] * trial.CALLS, "not one graph for each call"


def test_most_forms_are_one_graph():
    static = sum(form.graphs == 1 for form in catalogue.FORMS)
    assert static >= LEAST_STATIC * len(catalogue.FORMS)


def test_forms_that_are_not_one_graph_say_why():
    assert all(bool(form.why) == (form.graphs is None) for form in catalogue.FORMS)


@pytest.mark.parametrize("name", ["import_module", "relative_name", "helper_absolute"])
def test_stock_is_not_one_graph(name):
    form = catalogue.BY_NAME[name]
    native, stock = comparison.records(form.name, form.source, (trial.NATIVE, trial.STOCK))
    assert comparison.differences(native, stock) == []
    assert all(record["graphs"] != 1 for record in stock)
