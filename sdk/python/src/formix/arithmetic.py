"""What totals say: the figures of an answer, worked out again from the signed totals and the query alone.

Components are sums of distances from the lower bound, in units of the last decimal that counts. Everything is exact until a
figure is written; then it is rounded half to even. Which decimals a figure has is part of the documents' format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from typing import Any, Final

from .errors import VerificationError

__all__ = ["Layout", "figures", "layout"]

# Decimals that a mean has beyond its value's, of a correlation and of a probability, and digits of a slope.
_MEAN: Final = 6
_CORRELATION: Final = 9
_PROBABILITY: Final = 9
_SLOPE: Final = (9, 6, 30)


class _Value:
    """A value of the query, its bounds in units."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.decimals = int(value.get("decimals", 0))
        self.lower, self.upper = self.units(value["lower"]), self.units(value["upper"])

    def units(self, text: str) -> int:
        return int(Fraction(text) * 10**self.decimals)

    def write(self, units: int) -> str:
        return _round(Fraction(units, 10**self.decimals), self.decimals)

    def sum(self, count: int, offset: int) -> Fraction:
        return Fraction(offset + count * self.lower, 10**self.decimals)

    def mean(self, count: int, offset: int) -> Fraction | None:
        return self.sum(count, offset) / count if count else None

    @property
    def range(self) -> int:
        """Distance between the bounds, in units."""
        return self.upper - self.lower

    @property
    def digits(self) -> int:
        return len(str(max(self.range, 1))) - 1


def _round(value: Fraction, decimals: int) -> str:
    """A number with so many decimals, rounded half to even."""
    return format(Decimal(round(value * 10**decimals)).scaleb(-decimals), "f")


def _rounded(value: Fraction | None, decimals: int) -> str | None:
    return None if value is None else _round(value, decimals)


def _root(value: Fraction | None, decimals: int) -> str | None:
    """The root of a number that is not negative, likewise."""
    if value is None:
        return None
    scaled = value.numerator * 10 ** (2 * decimals)
    root = isqrt(scaled // value.denominator)
    # The exact root against root + 1/2, both squared and times 4 * denominator.
    middle = (2 * root + 1) ** 2 * value.denominator
    up = 4 * scaled > middle or (4 * scaled == middle and root % 2)
    return format(Decimal(root + bool(up)).scaleb(-decimals), "f")


def figures(query: Mapping[str, Any], totals: Sequence[int]) -> dict[str, Any]:
    """The figures that the totals give, as they stand in JSON, but for the error of a quantile's estimate.

    Raises:
        VerificationError: The totals are not of this query.
    """
    try:
        kind = str(query["kind"])
        expected = layout(query).length
        if len(totals) != expected:
            raise VerificationError(f"{len(totals)} totals given, where the query has {expected}")
        return {"kind": kind, **_figures(kind, query, list(totals))}
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise VerificationError(f"the query cannot be worked out: {type(error).__name__}: {error}") from None


@dataclass(frozen=True, slots=True)
class Layout:
    """The form of a node's measurement."""

    #: How many components.
    length: int
    #: Each component is less than 2^bits.
    bits: int
    #: Whether exactly one component is 1 and the others 0.
    one_hot: bool


def layout(query: Mapping[str, Any]) -> Layout:
    """What a node measures for a query.

    Raises:
        VerificationError: The query is none that is known here.
    """
    try:
        counted = 1 if query.get("per") == "person" else int(query.get("records_max", 1_000))
        length, largest, cells = _shape(str(query["kind"]), query)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise VerificationError(f"the query cannot be worked out: {type(error).__name__}: {error}") from None
    one_hot = cells and counted == 1
    return Layout(length + one_hot, max((max(largest, 1) * counted).bit_length(), 1), one_hot)


def _shape(kind: str, query: Mapping[str, Any]) -> tuple[int, int, bool]:
    """Components, the largest of one record, and whether they are cells of which a record lies in one."""
    match kind:
        case "count":
            return 1, 1, False
        case "sum" | "mean":
            return 2, _Value(query["value"]).range, False
        case "variance":
            return 3, _Value(query["value"]).range ** 2, False
        case "covariance" | "regression":
            return 6, max(_Value(query["x"]).range, _Value(query["y"]).range) ** 2, False
        case "histogram" | "quantile":
            return len(_edges(query, _Value(query["value"]))) + 1, 1, True
        case "group":
            cells = len(query["categories"]) + 1
            return (2 * cells, _Value(query["value"]).range, False) if query.get("value") else (cells, 1, True)
        case "vector":
            return len(query["values"]) + 1, max(_Value(value).range for value in query["values"]), False
        case _:
            raise ValueError(f"`{kind}` is unknown here")


def _edges(query: Mapping[str, Any], value: _Value) -> list[int]:
    if edges := query.get("edges"):
        return [value.units(edge) for edge in edges]
    bins, width = int(query.get("bins", 64)), value.upper + 1 - value.lower
    return [value.lower + width * at // bins for at in range(bins + 1)]


def _figures(kind: str, query: Mapping[str, Any], totals: list[int]) -> dict[str, Any]:
    count = totals[0]
    match kind:
        case "count":
            return {"count": count}
        case "sum" | "mean":
            value = _Value(query["value"])
            found: dict[str, Any] = {"count": count, "sum": _round(value.sum(count, totals[1]), value.decimals)}
            if kind == "mean":
                found["mean"] = _rounded(value.mean(count, totals[1]), value.decimals + _MEAN)
            return found
        case "variance":
            return _variance(_Value(query["value"]), totals)
        case "covariance" | "regression":
            return _pair(kind, _Value(query["x"]), _Value(query["y"]), totals)
        case "histogram" | "quantile":
            return _cells(kind, query, totals)
        case "group":
            return _group(query, totals)
        case _:
            return _vector([_Value(value) for value in query["values"]], totals)


def _centred(count: int, x: int, y: int, products: int, decimals: int) -> Fraction | None:
    """The covariance of distances, which their lower bounds do not change."""
    return Fraction(count * products - x * y, 10**decimals * count * count) if count else None


def _variance(value: _Value, totals: list[int]) -> dict[str, Any]:
    count, offset, squares = totals
    population = _centred(count, offset, offset, squares, 2 * value.decimals)
    if population is not None and population < 0:
        population = None
    sample = population * count / (count - 1) if population is not None and count > 1 else None
    shown, shown_square = value.decimals + _MEAN, 2 * value.decimals + _MEAN
    return {
        "count": count,
        "mean": _rounded(value.mean(count, offset), shown),
        "population_variance": _rounded(population, shown_square),
        "population_deviation": _root(population, shown),
        "sample_variance": _rounded(sample, shown_square),
        "sample_deviation": _root(sample, shown),
    }


def _pair(kind: str, x: _Value, y: _Value, totals: list[int]) -> dict[str, Any]:
    count, sum_x, sum_y, squares_x, squares_y, products = totals
    mean_x, mean_y = x.mean(count, sum_x), y.mean(count, sum_y)
    variance_x = _centred(count, sum_x, sum_x, squares_x, 2 * x.decimals)
    variance_y = _centred(count, sum_y, sum_y, squares_y, 2 * y.decimals)
    covariance = _centred(count, sum_x, sum_y, products, x.decimals + y.decimals)
    found: dict[str, Any] = {
        "count": count,
        "mean_x": _rounded(mean_x, x.decimals + _MEAN),
        "mean_y": _rounded(mean_y, y.decimals + _MEAN),
    }
    r_squared: Fraction | None = None
    if variance_x is not None and variance_y is not None and covariance is not None:
        if variance_x < 0 or variance_y < 0 or covariance**2 > variance_x * variance_y:
            # No pairs of values have such totals.
            variance_x = variance_y = covariance = None
        elif variance_x * variance_y:
            r_squared = covariance**2 / (variance_x * variance_y)
    correlation = _root(r_squared, _CORRELATION)
    if correlation is not None and covariance is not None and covariance < 0:
        correlation = f"-{correlation}"
    if kind == "covariance":
        shown = x.decimals + y.decimals + _MEAN
        sample = covariance * count / (count - 1) if covariance is not None and count > 1 else None
        found |= {"population_covariance": _rounded(covariance, shown), "sample_covariance": _rounded(sample, shown)}
        return found | {"correlation": correlation}
    slope = covariance / variance_x if covariance is not None and variance_x else None
    intercept = mean_y - slope * mean_x if slope is not None and mean_x is not None and mean_y is not None else None
    digits, least, most = _SLOPE
    shown = min(max(digits + x.digits + y.decimals - y.digits - x.decimals, least), most)
    return found | {
        "slope": _rounded(slope, shown),
        "intercept": _rounded(intercept, y.decimals + _MEAN),
        "correlation": correlation,
        "r_squared": _rounded(r_squared, _CORRELATION),
    }


def _cells(kind: str, query: Mapping[str, Any], totals: list[int]) -> dict[str, Any]:
    value = _Value(query["value"])
    edges = _edges(query, value)
    cells, rest = totals[: len(edges) + 1], totals[len(edges) + 1 :]
    found: dict[str, Any] = {
        "count": sum(cells),
        "below": cells[0],
        "bins": [
            {"from": value.write(start), "to": value.write(end), "count": count}
            for (start, end), count in zip(pairwise(edges), cells[1:], strict=False)
        ],
        "above": cells[-1],
        "missing": rest[0] if rest else None,
    }
    if kind == "quantile":
        found["quantiles"] = [_quantile(value, edges, cells, text) for text in query["probabilities"]]
    return found


def _quantile(value: _Value, edges: list[int], cells: list[int], text: str) -> dict[str, Any]:
    """Where the value of rank ceil(p * n) lies among the cells."""
    count = sum(cells)
    found: dict[str, Any] = dict.fromkeys(("rank", "at_least", "at_most", "estimate"))
    found |= {"probability": text, "before": 0, "within": 0}
    if not count:
        return found
    probability = round(Fraction(text) * 10**_PROBABILITY)
    rank = min(max(-(-count * probability // 10**_PROBABILITY), 1), count)
    before = at = 0
    while before + cells[at] < rank:
        before, at = before + cells[at], at + 1
    least = edges[at - 1] if at else None
    most = edges[at] - 1 if at < len(edges) else None
    found |= {"rank": rank, "before": before, "within": cells[at]}
    found["at_least"] = None if least is None else value.write(least)
    found["at_most"] = None if most is None else value.write(most)
    if least is not None and most is not None:
        # In the middle of its part, where the cell is cut into one part for each value.
        place = Fraction(2 * (rank - before) - 1, 2 * cells[at])
        estimate = (least + (most - least) * place) / 10**value.decimals
        found["estimate"] = _round(estimate, value.decimals + (_MEAN if least != most else 0))
    return found


def _group(query: Mapping[str, Any], totals: list[int]) -> dict[str, Any]:
    names = list(query["categories"])
    cells = len(names) + 1
    counts, rest = totals[:cells], totals[cells:]
    means: list[str | None] = [None] * cells
    missing = None
    if query.get("value"):
        value = _Value(query["value"])
        means = [_rounded(value.mean(*pair), value.decimals + _MEAN) for pair in zip(counts, rest, strict=True)]
    elif rest:
        missing = rest[0]
    groups = [{"category": name, "count": count, "mean": mean} for name, count, mean in zip(names, counts, means, strict=False)]
    other = {"count": counts[-1], "mean": means[-1]}
    return {"count": sum(counts), "groups": groups, "other": other, "missing": missing}


def _vector(values: list[_Value], totals: list[int]) -> dict[str, Any]:
    count, offsets = totals[0], totals[1:]
    pairs = list(zip(values, offsets, strict=True))
    sums = [_round(value.sum(count, offset), value.decimals) for value, offset in pairs]
    means = [_rounded(value.mean(count, offset), value.decimals + _MEAN) for value, offset in pairs] if count else []
    return {"count": count, "sums": sums, "means": means}
