"""The cells that CI covers."""

from __future__ import annotations

from cells import CONFIGURATIONS, INSTALLING, ROUTES, SETUPTOOLS, cells, why_not

COVERED = {at: cells(*at, "ci") for at in CONFIGURATIONS}
ALL = [cell for found in COVERED.values() for cell in found]


def exists_somewhere(setuptools, route):
    return any(not why_not(setuptools, python, route) for _, python in CONFIGURATIONS)


def test_every_pair_of_setuptools_and_route_is_built_once_in_at_most_40_builds():
    pairs = [(s, r) for s in SETUPTOOLS for r in INSTALLING if exists_somewhere(s, r)]
    assert sorted(ALL) == sorted(pairs)
    assert len(ALL) <= 40


def test_every_setuptools_and_every_route_meets_each_configuration_where_it_exists():
    for at, found in COVERED.items():
        for setuptools in SETUPTOOLS:
            if not why_not(setuptools, at[1], "setup.py install"):
                assert setuptools in {cell[0] for cell in found}, (setuptools, at)
        assert {cell[1] for cell in found} == set(INSTALLING), at


def test_the_full_cross_has_every_cell_that_exists():
    assert len(cells("3.3", "3.11", "full")) == len(SETUPTOOLS) * len(ROUTES) - 1
    assert ("65.5.1", "setup.py install") not in cells("3.3", "3.12", "full")
    assert ("84.2.1", "setup.py install") not in cells("3.3", "3.9", "full")
