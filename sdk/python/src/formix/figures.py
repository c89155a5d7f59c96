"""What a result says: the figures of each kind of reduction, exact decimals throughout.

A figure that the totals do not give, such as the mean of no values, is ``None``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Answer",
    "Bin",
    "Bound",
    "Count",
    "Covariance",
    "Figures",
    "Group",
    "Grouping",
    "Histogram",
    "Mean",
    "Quantile",
    "Quantiles",
    "Regression",
    "Rounding",
    "Sum",
    "Variance",
    "Vector",
]

#: Columns and rows of a table.
Table: TypeAlias = tuple[list[str], list[list[Any]]]


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bound(_Read):
    """How far a figure may be from that of unrounded values."""

    #: The figure's name; ``groups.mean`` is that of each of the groups.
    of: str
    #: At most so far; ``None`` where no bound can be given.
    plus_minus: Decimal | None


class Rounding(_Read):
    """How exact an answer is."""

    #: What was rounded and clipped, and why.
    words: str
    #: How far each figure may be off; figures without a line are exact.
    bounds: tuple[Bound, ...] = ()

    def __str__(self) -> str:
        return self.words

    def __getitem__(self, figure: str) -> Decimal | None:
        """How far ``figure`` may be off: 0 where it is exact, ``None`` where no bound can be given."""
        return next((bound.plus_minus for bound in self.bounds if bound.of == figure), Decimal(0))


class _Figures(_Read):
    """The figures of one kind."""

    @property
    def value(self) -> Any:
        """The figure that was asked for."""
        raise NotImplementedError

    def table(self) -> Table:
        """The figures as a table: one row, unless there are several of a kind."""
        figures = self.model_dump(exclude={"kind"})
        return list(figures), [list(figures.values())]


class Count(_Figures):
    """Of a count."""

    kind: Literal["count"]
    #: How many records; people, in a query per person.
    count: int

    @property
    def value(self) -> int:
        """How many."""
        return self.count


class Sum(_Figures):
    """Of a sum."""

    kind: Literal["sum"]
    #: How many values.
    count: int
    #: Their sum.
    sum: Decimal

    @property
    def value(self) -> Decimal:
        """The sum."""
        return self.sum


class Mean(_Figures):
    """Of a mean."""

    kind: Literal["mean"]
    #: How many values.
    count: int
    #: Their sum.
    sum: Decimal
    #: Their mean.
    mean: Decimal | None

    @property
    def value(self) -> Decimal | None:
        """The mean."""
        return self.mean


class Variance(_Figures):
    """Of a variance."""

    kind: Literal["variance"]
    #: How many values.
    count: int
    #: Their mean.
    mean: Decimal | None
    #: Mean square distance from the mean: divided by the count.
    population_variance: Decimal | None
    #: Its root.
    population_deviation: Decimal | None
    #: Divided by one less than the count.
    sample_variance: Decimal | None
    #: Its root.
    sample_deviation: Decimal | None

    @property
    def value(self) -> Decimal | None:
        """The sample's variance."""
        return self.sample_variance


class Covariance(_Figures):
    """Of a covariance."""

    kind: Literal["covariance"]
    #: How many records had both values.
    count: int
    #: Mean of x.
    mean_x: Decimal | None
    #: Mean of y.
    mean_y: Decimal | None
    #: Divided by the count.
    population_covariance: Decimal | None
    #: Divided by one less than the count.
    sample_covariance: Decimal | None
    #: Pearson's r, from -1 to 1.
    correlation: Decimal | None

    @property
    def value(self) -> Decimal | None:
        """The sample's covariance."""
        return self.sample_covariance


class Regression(_Figures):
    """Of a regression: ``y = intercept + slope * x``."""

    kind: Literal["regression"]
    #: How many records had both values.
    count: int
    #: Mean of x.
    mean_x: Decimal | None
    #: Mean of y.
    mean_y: Decimal | None
    #: Change of y for one of x.
    slope: Decimal | None
    #: y at x = 0.
    intercept: Decimal | None
    #: Pearson's r, from -1 to 1.
    correlation: Decimal | None
    #: Share of y's variance that the line explains, from 0 to 1.
    r_squared: Decimal | None

    @property
    def value(self) -> tuple[Decimal | None, Decimal | None]:
        """Slope and intercept."""
        return self.slope, self.intercept


class Bin(_Read):
    """A bin: values from ``lower`` on, less than ``upper``."""

    #: The smallest value in it; JSON's ``from``.
    lower: Decimal = Field(alias="from")
    #: The smallest value beyond it; JSON's ``to``.
    upper: Decimal = Field(alias="to")
    #: Values in it.
    count: int


def _bins(below: int, bins: tuple[Bin, ...], above: int) -> Table:
    rows: list[list[Any]] = [[each.lower, each.upper, each.count] for each in bins]
    infinity = Decimal("Infinity")
    first, last = (bins[0].lower, bins[-1].upper) if bins else (None, None)
    return ["from", "to", "count"], [[-infinity, first, below], *rows, [last, infinity, above]]


class Histogram(_Figures):
    """Of a histogram."""

    kind: Literal["histogram"]
    #: How many values.
    count: int
    #: Values below the first edge.
    below: int
    #: The bins, ascending.
    bins: tuple[Bin, ...]
    #: Values from the last edge on.
    above: int
    #: People without a value; known only where each person counts once.
    missing: int | None = None

    @property
    def value(self) -> list[int]:
        """The bins' counts."""
        return [each.count for each in self.bins]

    def table(self) -> Table:
        """The bins, with what lies below and above them."""
        return _bins(self.below, self.bins, self.above)


class Group(_Read):
    """A category."""

    #: Its name.
    category: str
    #: How many values.
    count: int
    #: Their mean, where one is asked and there are values.
    mean: Decimal | None = None


class Cell(_Read):
    """The categories that were not asked for, together."""

    #: How many values.
    count: int
    #: Their mean, where one is asked and there are values.
    mean: Decimal | None = None


class Grouping(_Figures):
    """Of a grouping."""

    kind: Literal["group"]
    #: How many values.
    count: int
    #: The categories asked for, in the order asked.
    groups: tuple[Group, ...]
    #: All other categories together.
    other: Cell
    #: People without a value; known only where each person counts once and no mean is asked.
    missing: int | None = None

    @property
    def has_means(self) -> bool:
        """Whether there is a mean of any category."""
        return any(each.mean is not None for each in self.groups) or self.other.mean is not None

    @property
    def value(self) -> dict[str, int] | dict[str, Decimal | None]:
        """Each category's mean, or its count where no mean is asked."""
        if self.has_means:
            return {each.category: each.mean for each in self.groups}
        return {each.category: each.count for each in self.groups}

    def table(self) -> Table:
        """The categories; the last row, without a name, is all others together."""
        means = self.has_means
        rows: list[list[Any]] = [[each.category, each.count, each.mean] for each in self.groups]
        rows.append([None, self.other.count, self.other.mean])
        return ["category", "count", "mean"][: 3 if means else 2], [row[: 3 if means else 2] for row in rows]


class Vector(_Figures):
    """Of a vector."""

    kind: Literal["vector"]
    #: How many records had all values.
    count: int
    #: In the order asked.
    sums: tuple[Decimal, ...]
    #: In the order asked; empty where nothing was counted.
    means: tuple[Decimal, ...]

    @property
    def value(self) -> list[Decimal]:
        """The sums."""
        return list(self.sums)

    def table(self) -> Table:
        """A row for each of the values, in the order asked."""
        means: tuple[Decimal | None, ...] = self.means or (None,) * len(self.sums)
        return ["sum", "mean"], [list(row) for row in zip(self.sums, means, strict=True)]


class Quantile(_Read):
    """What is known of a quantile: the smallest value that at least so large a share of all values does not exceed."""

    #: The share.
    probability: Decimal
    #: Its place among the values in ascending order, from 1.
    rank: int | None
    #: It is not less than this; ``None`` where it lies below the range.
    at_least: Decimal | None
    #: It is not more than this; ``None`` where it lies above the range.
    at_most: Decimal | None
    #: Values below ``at_least``.
    before: int
    #: Values from ``at_least`` to ``at_most``.
    within: int
    #: Where it lies if the values within are spread evenly.
    estimate: Decimal | None
    #: The estimate is off by no more than this.
    estimate_error: Decimal | None

    @property
    def width(self) -> Decimal | None:
        """How far apart its brackets are; ``None`` where one is missing."""
        if self.at_least is None or self.at_most is None:
            return None
        return self.at_most - self.at_least


class Quantiles(_Figures):
    """Of one round of finding quantiles."""

    kind: Literal["quantile"]
    #: How many values.
    count: int
    #: Values below the first cell.
    below: int
    #: The cells, ascending.
    bins: tuple[Bin, ...]
    #: Values above the last cell.
    above: int
    #: People without a value; known only where each person counts once.
    missing: int | None = None
    #: In the order asked.
    quantiles: tuple[Quantile, ...]

    @property
    def value(self) -> dict[Decimal, Decimal | None]:
        """The estimate of each quantile, by its probability."""
        return {each.probability: each.estimate for each in self.quantiles}

    def table(self) -> Table:
        """A row for each quantile."""
        columns = ["probability", "at_least", "at_most", "estimate", "estimate_error", "before", "within"]
        return columns, [[getattr(each, column) for column in columns] for each in self.quantiles]


#: The figures of an answer, by kind of query.
Figures: TypeAlias = Annotated[
    Count | Sum | Mean | Variance | Covariance | Regression | Histogram | Grouping | Vector | Quantiles,
    Field(discriminator="kind"),
]


class Answer(_Read):
    """What the totals of all participants say, and how exact it is."""

    #: How many people took part.
    participants: int
    #: The figures.
    result: Figures
    #: How far the figures may be from those of unrounded values, and why.
    rounding: Rounding
    #: What cannot come from honest reports within the range, in words; empty where all is in order.
    doubts: tuple[str, ...] = ()
