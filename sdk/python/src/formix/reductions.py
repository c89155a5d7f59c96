"""Reductions: what is computed over everybody's records.

Each function gives a :class:`Reduction`, which becomes the ``query`` of a proposal once a schema completes it. A value is an
expression in CEL over a record, such as ``"steps"`` or ``"height_cm / 100.0"``. Values are exact decimals: each is clipped
to ``[lower, upper]`` and rounded half to even to ``decimals`` before it is added. What the schema says of a plain field need
not be said again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Final, TypeAlias

from .errors import InvalidProposal
from .schemas import Range, RecordSchema

__all__ = [
    "Number",
    "Reduction",
    "Value",
    "count",
    "covariance",
    "decimal_text",
    "group",
    "histogram",
    "mean",
    "quantile",
    "regression",
    "suggest_edges",
    "sum",
    "value",
    "variance",
    "vector",
]

#: A number as a caller writes it. A float counts as it is printed: ``0.1`` is one tenth.
Number: TypeAlias = int | float | str | Decimal

#: Most decimals that count.
DECIMALS_MAX: Final = 9
#: Most bins of a histogram, and cells of a quantile's round.
CELLS_MAX: Final = 1_000
#: Participants that each cell needs, as the heavy nodes ask.
PARTICIPANTS_PER_CELL: Final = 2
# Over a person's records, these keep a field's range.
_KEEPS_RANGE: Final = re.compile(
    r"(?P<what>min|max|last|avg)\(\s*(?P<path>(?:[A-Za-z_][\w.]*|`[^`]+`)+?)\s*(,.*)?\)", re.ASCII | re.DOTALL
)


def _exact(number: Number, path: str) -> Decimal:
    try:
        exact = Decimal(str(number))
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or isinstance(number, bool):
        raise InvalidProposal(path, f"`{number}` is not a number; write it as in `12.5`")
    return exact


def decimal_text(number: Number, path: str = "") -> str:
    """A number as proposals write it: a decimal without exponent and without needless zeros.

    Raises:
        InvalidProposal: It is not a finite number; ``path`` says where it stands.
    """
    exact = _exact(number, path)
    text = format(exact, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True, slots=True)
class Value:
    """A number of each record: an expression, its range, and its fixed point. See :func:`value`."""

    #: The expression, in CEL.
    expr: str
    #: Smallest value; smaller ones count as it. ``None``: as the schema says.
    lower: Number | None = None
    #: Largest value; larger ones count as it. ``None``: as the schema says.
    upper: Number | None = None
    #: Decimals that count. ``None``: as the schema says, 0 for integers.
    decimals: int | None = None

    def query(self, schema: RecordSchema, path: str) -> dict[str, Any]:
        """The value as it stands in a proposal.

        Raises:
            InvalidProposal: Neither the caller nor the schema says its range or its decimals.
        """
        known = self._known(schema)
        lower = self.lower if self.lower is not None else known.lower
        upper = self.upper if self.upper is not None else known.upper
        decimals = self.decimals if self.decimals is not None else known.decimals
        for name, bound in (("lower", lower), ("upper", upper)):
            if bound is None:
                raise InvalidProposal(
                    f"{path}.{name}",
                    f"`{self.expr}` has no known range",
                    hint=f"give `{name}=` or a bound in the model, such as `Field(ge=0, le=100)`",
                )
        if decimals is None:
            raise InvalidProposal(
                f"{path}.decimals",
                f"how many decimals of `{self.expr}` count is not known",
                hint="give `decimals=`, or `Field(multiple_of=…)` in the model",
            )
        if not 0 <= decimals <= DECIMALS_MAX:
            raise InvalidProposal(f"{path}.decimals", f"{decimals} is not within 0 to {DECIMALS_MAX}")
        assert lower is not None and upper is not None
        if _exact(lower, f"{path}.lower") >= _exact(upper, f"{path}.upper"):
            raise InvalidProposal(f"{path}.upper", "the range is empty: the upper bound must exceed the lower")
        return {
            "expr": self.expr,
            "lower": decimal_text(lower, f"{path}.lower"),
            "upper": decimal_text(upper, f"{path}.upper"),
            "decimals": decimals,
        }

    def _known(self, schema: RecordSchema) -> Range:
        expr = self.expr.strip()
        if kept := _KEEPS_RANGE.fullmatch(expr):
            known = schema.range(kept["path"])
            # An average of integers is none.
            return Range(known.lower, known.upper, None if kept["what"] == "avg" else known.decimals)
        return schema.range(expr)


#: A value, or the expression of one whose range the schema says.
ValueLike: TypeAlias = str | Value


def _value(given: ValueLike) -> Value:
    return given if isinstance(given, Value) else Value(given)


def value(expr: str, *, lower: Number | None = None, upper: Number | None = None, decimals: int | None = None) -> Value:
    """A value with its range, where a reduction takes several: ``regression(value("mass", upper=9000), "length")``."""
    return Value(expr, lower, upper, decimals)


@dataclass(frozen=True, slots=True)
class Reduction:
    """What is computed, not yet completed by a schema. Made by :func:`sum` and its siblings."""

    #: The word of the proposal's ``query.kind``.
    kind: str
    #: Values by their name in the query.
    values: Mapping[str, Value | tuple[Value, ...]] = field(default_factory=dict)
    #: Everything else that the query says.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Quantiles: how far apart their brackets may be in the end. ``None``: one round, whatever it finds.
    tolerance: Decimal | None = None
    #: Quantiles: most rounds.
    rounds: int = 1

    def query(self, schema: RecordSchema, participants_min: int = 3) -> dict[str, Any]:
        """The proposal's ``query``, but for ``per``, ``where`` and ``records_max``.

        Args:
            schema: What a record is.
            participants_min: Fewest people for a result: cells whose number is left open are no more than these can hide in.

        Raises:
            InvalidProposal: Something is missing that neither the caller nor the schema says.
        """
        query: dict[str, Any] = {"kind": self.kind}
        for name, given in self.values.items():
            if isinstance(given, tuple):
                query[name] = [each.query(schema, f"query.{name}.{at}") for at, each in enumerate(given)]
            else:
                query[name] = given.query(schema, f"query.{name}")
        options = dict(self.options)
        match self.kind:
            case "histogram" if "edges" not in options:
                bins = options.pop("bins") or self._bins(10, participants_min)
                options["edges"] = suggest_edges(query["value"]["lower"], query["value"]["upper"], bins)
            case "quantile" if options["bins"] is None:
                options["bins"] = self._bins(64, participants_min)
            case "group" if options["categories"] is None:
                options["categories"] = schema.categories(options["by"])
                if options["categories"] is None:
                    raise InvalidProposal(
                        "query.categories",
                        f"the categories of `{options['by']}` are not known",
                        hint="give `categories=[…]`, or an `Enum` or `Literal` in the model",
                    )
        return query | options

    def _bins(self, most: int, participants_min: int) -> int:
        """Bins so few that two people and more are likely in each, with the cells beside them."""
        # Below and above; of several quantiles also, in a later round, what lies between.
        sought = len(self.options.get("probabilities", ()))
        beside = 2 if sought < 2 else 2 * sought + 1
        return max(1, min(most, participants_min // PARTICIPANTS_PER_CELL - beside))

    def words(self) -> str:
        """The reduction in a few words, for a title."""
        exprs = [each.expr for given in self.values.values() for each in (given if isinstance(given, tuple) else (given,))]
        match self.kind, exprs:
            case "count", _:
                return "Count of records"
            case "group", _:
                return f"{f'Mean of {exprs[0]}' if exprs else 'Count'} by {self.options['by']}"
            case "covariance", [x, y]:
                return f"Covariance of {x} and {y}"
            case "regression", [x, y]:
                return f"Regression of {y} on {x}"
            case "quantile", [expr]:
                return f"Quantiles of {expr}"
            case "vector", _:
                return f"Sums of {', '.join(exprs)}"
            case kind, [expr, *_]:
                return f"{kind.capitalize()} of {expr}"
            case kind, _:
                return kind.capitalize()


def count() -> Reduction:
    """How many records there are; with ``per="person"``, how many people."""
    return Reduction("count")


def sum(expr: ValueLike, *, lower: Number | None = None, upper: Number | None = None, decimals: int | None = None) -> Reduction:
    """The sum of a value, exact."""
    return Reduction("sum", {"value": _ranged(expr, lower, upper, decimals)})


def mean(
    expr: ValueLike, *, lower: Number | None = None, upper: Number | None = None, decimals: int | None = None
) -> Reduction:
    """The arithmetic mean of a value, with its sum and count."""
    return Reduction("mean", {"value": _ranged(expr, lower, upper, decimals)})


def variance(
    expr: ValueLike, *, lower: Number | None = None, upper: Number | None = None, decimals: int | None = None
) -> Reduction:
    """Variance and standard deviation of a value, with its mean."""
    return Reduction("variance", {"value": _ranged(expr, lower, upper, decimals)})


def covariance(x: ValueLike, y: ValueLike) -> Reduction:
    """The covariance of two values of one record."""
    return Reduction("covariance", {"x": _value(x), "y": _value(y)})


def regression(x: ValueLike, y: ValueLike) -> Reduction:
    """The least-squares line of ``y`` on ``x``."""
    return Reduction("regression", {"x": _value(x), "y": _value(y)})


def histogram(
    expr: ValueLike,
    *,
    edges: Sequence[Number] | None = None,
    bins: int | None = None,
    lower: Number | None = None,
    upper: Number | None = None,
    decimals: int | None = None,
) -> Reduction:
    """How many values lie in each bin: ``[edge, next edge)``, and those below the first and from the last on.

    Without ``edges``, at most ``bins`` bins with round edges over the value's range, as :func:`suggest_edges` gives them;
    where neither is given 10, or as few as the fewest participants can hide in.
    """
    if edges is None:
        if bins is not None and not 1 <= bins <= CELLS_MAX:
            raise InvalidProposal("query.edges", f"{bins} bins are not within 1 to {CELLS_MAX}")
        return Reduction("histogram", {"value": _ranged(expr, lower, upper, decimals)}, {"bins": bins})
    if bins is not None:
        raise InvalidProposal("query.edges", "either `edges` or `bins` is given, not both")
    texts = [decimal_text(edge, f"query.edges.{at}") for at, edge in enumerate(edges)]
    if len(texts) < 2 or any(Decimal(a) >= Decimal(b) for a, b in pairwise(texts)):
        raise InvalidProposal("query.edges", "at least two edges are expected, each greater than the one before")
    return Reduction("histogram", {"value": _ranged(expr, lower, upper, decimals)}, {"edges": texts})


def group(by: str, categories: Sequence[str] | None = None, value: ValueLike | None = None) -> Reduction:
    """Counts by category, and means where a ``value`` is given; what fits no category counts as other.

    Without ``categories``, those of the schema's enumeration for the field ``by``.
    """
    values = {} if value is None else {"value": _value(value)}
    return Reduction("group", values, {"by": by, "categories": None if categories is None else list(categories)})


def vector(values: Sequence[ValueLike]) -> Reduction:
    """The sums of several values at once."""
    if not values:
        raise InvalidProposal("query.values", "at least one value is expected")
    return Reduction("vector", {"values": tuple(_value(each) for each in values)})


def quantile(
    expr: ValueLike,
    probabilities: Number | Sequence[Number] = 0.5,
    *,
    bins: int | None = None,
    tolerance: Number | None = None,
    rounds: int = 4,
    lower: Number | None = None,
    upper: Number | None = None,
    decimals: int | None = None,
) -> Reduction:
    """Quantiles of a value, the median by default: one round brackets each within one of ``bins`` cells of its range.

    Where ``bins`` is not given it is 64, or as few as the fewest participants can hide in.

    With a ``tolerance``, further rounds narrow the brackets until they are no wider than it, ``rounds`` in all at most. Each
    round is a computation of its own, with its own time to answer.
    """
    given = [probabilities] if isinstance(probabilities, int | float | str | Decimal) else list(probabilities)
    texts = [decimal_text(each, f"query.probabilities.{at}") for at, each in enumerate(given)]
    if not texts or any(not 0 <= Decimal(text) <= 1 for text in texts):
        raise InvalidProposal("query.probabilities", "numbers from 0 to 1 are expected")
    if bins is not None and not 1 <= bins <= CELLS_MAX:
        raise InvalidProposal("query.bins", f"{bins} is not within 1 to {CELLS_MAX}")
    if rounds < 1:
        raise InvalidProposal("query.rounds", f"{rounds} rounds, where one is the least")
    return Reduction(
        "quantile",
        {"value": _ranged(expr, lower, upper, decimals)},
        {"probabilities": texts, "bins": bins},
        tolerance=None if tolerance is None else _exact(tolerance, "query.tolerance"),
        rounds=1 if tolerance is None else rounds,
    )


def _ranged(expr: ValueLike, lower: Number | None, upper: Number | None, decimals: int | None) -> Value:
    given = _value(expr)
    return Value(
        given.expr,
        given.lower if lower is None else lower,
        given.upper if upper is None else upper,
        given.decimals if decimals is None else decimals,
    )


def suggest_edges(lower: Number, upper: Number, bins: int = 10) -> list[str]:
    """Round edges of at most ``bins`` equal bins that cover ``lower`` to ``upper``: 1, 2, 2.5 or 5 times a power of ten apart.

    The last bin ends at or after ``upper``: a value equal to the last edge counts as above.

    >>> suggest_edges(2700, 6300, 8)
    ['2500', '3000', '3500', '4000', '4500', '5000', '5500', '6000', '6500']
    >>> suggest_edges(0, 1, 4)
    ['0.00', '0.25', '0.50', '0.75', '1.00']
    """
    low, high = _exact(lower, "lower"), _exact(upper, "upper")
    if high <= low or not 1 <= bins <= CELLS_MAX:
        raise InvalidProposal("query.edges", f"edges are suggested for a range that is not empty, and 1 to {CELLS_MAX} bins")
    step = _round_step(low, high, bins)
    if step is None:
        # One bin across zero has no round edges.
        edges = [low, high]
    else:
        first = (low / step).to_integral_value(ROUND_FLOOR)
        last = (high / step).to_integral_value(ROUND_CEILING)
        edges = [step * (first + at) for at in range(int(last - first) + 1)]
    shown = max(_decimals(edge) for edge in edges)
    return [f"{edge:.{shown}f}" for edge in edges]


def _round_step(low: Decimal, high: Decimal, bins: int) -> Decimal | None:
    """The smallest round step of which at most ``bins`` cover the range, from one multiple of it to another."""
    power = Decimal(1).scaleb(((high - low) / bins).adjusted())
    for step in (
        power * factor for power in (power, power * 10, power * 100) for factor in map(Decimal, ("1", "2", "2.5", "5"))
    ):
        covered = (high / step).to_integral_value(ROUND_CEILING) - (low / step).to_integral_value(ROUND_FLOOR)
        if covered <= bins:
            return step
    return None


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
