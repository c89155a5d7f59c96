"""Figures worked out from totals, against the standard library's arithmetic on the values themselves."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter

import formix
from formix import figures as shapes
from formix.arithmetic import figures
from formix.refinement import next_edges

READ: TypeAdapter[Any] = TypeAdapter(shapes.Figures)
MASS = {"expr": "mass", "lower": "2000", "upper": "7000", "decimals": 0}
BILL = {"expr": "bill", "lower": "-30.5", "upper": "60", "decimals": 1}


def units(value: Mapping[str, Any], number: Decimal) -> int:
    return int((number - Decimal(value["lower"])) * 10 ** value["decimals"])


def sample(seed: int) -> tuple[list[Decimal], list[Decimal]]:
    pick = random.Random(seed)
    count = pick.randrange(2, 50)
    masses = [Decimal(pick.randrange(2_000, 7_001)) for _ in range(count)]
    return masses, [Decimal(pick.randrange(-305, 601)) / 10 for _ in range(count)]


def near(found: Decimal | None, exact: Fraction | Decimal | float, decimals: int) -> None:
    """Whether a figure is ``exact`` rounded to its last decimal."""
    assert found is not None
    assert abs(Fraction(found) - Fraction(exact)) <= Fraction(1, 2 * 10**decimals)


@pytest.mark.parametrize("seed", range(50))
def test_moments_are_those_of_the_values(seed: int) -> None:
    masses, bills = sample(seed)
    count, d, e = len(masses), [units(MASS, x) for x in masses], [units(BILL, x) for x in bills]
    mean = READ.validate_python(figures({"kind": "mean", "value": BILL}, [count, sum(e)]))
    assert (mean.count, mean.sum) == (count, sum(bills))
    near(mean.value, Fraction(sum(bills)) / count, 7)
    found = READ.validate_python(figures({"kind": "variance", "value": BILL}, [count, sum(e), sum(x * x for x in e)]))
    exact = [Fraction(x) for x in bills]
    near(found.sample_variance, statistics.variance(exact), 8)
    near(found.population_variance, statistics.pvariance(exact), 8)
    near(found.sample_deviation, statistics.stdev(bills), 6)
    totals = [
        count,
        sum(d),
        sum(e),
        sum(x * x for x in d),
        sum(x * x for x in e),
        sum(x * y for x, y in zip(d, e, strict=True)),
    ]
    line = READ.validate_python(figures({"kind": "regression", "x": MASS, "y": BILL}, totals))
    xs, ys = [float(x) for x in masses], [float(y) for y in bills]
    if len(set(xs)) > 1:
        slope, intercept = statistics.linear_regression(xs, ys)
        assert float(line.slope) == pytest.approx(slope, abs=1e-9)
        assert float(line.intercept) == pytest.approx(intercept, abs=1e-5)
    both = READ.validate_python(figures({"kind": "covariance", "x": MASS, "y": BILL}, totals))
    assert float(both.sample_covariance) == pytest.approx(statistics.covariance(xs, ys), abs=1e-6)
    if len(set(xs)) > 1 and len(set(ys)) > 1:
        assert float(both.correlation) == pytest.approx(statistics.correlation(xs, ys), abs=1e-8)
        assert float(line.r_squared) == pytest.approx(statistics.correlation(xs, ys) ** 2, abs=1e-8)


@pytest.mark.parametrize("seed", range(30))
def test_a_quantile_lies_within_its_brackets_and_rounds_find_it(seed: int) -> None:
    masses, _ = sample(seed)
    probabilities = ["0.25", "0.5", "0.9"]
    query: dict[str, Any] = {"kind": "quantile", "value": MASS, "probabilities": probabilities, "bins": 8}
    for _ in range(20):
        edges = [Decimal(edge) for edge in query.get("edges", [])] or [Decimal(2_000 + 5_001 * at // 8) for at in range(9)]
        bounds = [Decimal("-Infinity"), *edges, Decimal("Infinity")]
        cells = [sum(low <= mass < high for mass in masses) for low, high in pairwise(bounds)]
        raw = figures(query, cells)
        for each in raw["quantiles"]:
            each["estimate_error"] = None
        found = READ.validate_python(raw)
        for each, probability in zip(found.quantiles, probabilities, strict=True):
            exact = sorted(masses)[-(-len(masses) * Fraction(probability) // 1).__int__() - 1]
            assert each.at_least <= exact <= each.at_most
            assert each.at_least <= each.estimate <= each.at_most
        edges_next = next_edges(query, found)
        if edges_next is None:
            assert all(each.width == 0 for each in found.quantiles)
            return
        query = {**query, "edges": edges_next}
    pytest.fail("the quantiles were not found in 20 rounds")


def test_groups_have_counts_and_means() -> None:
    query = {"kind": "group", "by": "species", "categories": ["Adelie", "Gentoo"], "value": MASS, "records_max": 9}
    found = READ.validate_python(figures(query, [2, 0, 1, 3_000, 0, 5]))
    assert found.value == {"Adelie": Decimal(3_500), "Gentoo": None}
    assert (found.count, found.other.count, found.other.mean) == (3, 1, Decimal(2_005))
    counted = READ.validate_python(figures({**query, "value": None, "records_max": 1}, [2, 0, 1, 4]))
    assert counted.value == {"Adelie": 2, "Gentoo": 0}
    assert counted.missing == 4


def test_a_histogram_has_its_bins() -> None:
    query = {"kind": "histogram", "value": BILL, "edges": ["0", "10.5", "20"], "per": "person"}
    found = READ.validate_python(figures(query, [1, 2, 3, 4, 5]))
    assert (found.below, found.value, found.above, found.missing, found.count) == (1, [2, 3], 4, 5, 10)
    assert [(each.lower, each.upper) for each in found.bins] == [(0, Decimal("10.5")), (Decimal("10.5"), 20)]
    columns, rows = found.table()
    assert columns == ["from", "to", "count"] and len(rows) == 4


def test_nothing_counted_says_nothing() -> None:
    for kind, totals in [("mean", 2), ("variance", 3)]:
        assert READ.validate_python(figures({"kind": kind, "value": MASS}, [0] * totals)).value is None
    assert READ.validate_python(figures({"kind": "regression", "x": MASS, "y": BILL}, [0] * 6)).value == (None, None)
    vector = READ.validate_python(figures({"kind": "vector", "values": [MASS, BILL]}, [0, 0, 0]))
    assert (vector.value, vector.means) == ([0, 0], ())
    assert vector.table() == (["sum", "mean"], [[0, None], [0, None]])


def test_totals_that_no_values_have_give_no_spread() -> None:
    found = READ.validate_python(figures({"kind": "variance", "value": MASS}, [2, 10, 1]))
    assert found.value is None and found.mean == 2_005


@pytest.mark.parametrize(
    ("query", "totals"),
    [
        ({"kind": "count"}, []),
        ({"kind": "sum", "value": MASS}, [1]),
        ({"kind": "magic"}, [1]),
        ({}, [1]),
        ({"kind": "sum", "value": {"lower": "x", "upper": "1"}}, [1, 1]),
    ],
)
def test_totals_of_another_query_are_refused(query: dict[str, Any], totals: list[int]) -> None:
    with pytest.raises(formix.VerificationError):
        figures(query, totals)
