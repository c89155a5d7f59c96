"""What a reduction becomes once a schema completes it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

import formix
from formix.proposal import Draft
from formix.reductions import decimal_text
from formix.schemas import RecordSchema


class Sex(enum.Enum):
    FEMALE = "female"
    MALE = "male"


class Body(BaseModel):
    mass_g: int = Field(ge=2_000, lt=7_001)
    flipper_mm: float | None = Field(default=None, ge=150, le=250, multiple_of=0.5)


class Penguin(BaseModel):
    """A penguin of the Palmer archipelago."""

    species: Literal["Adelie", "Chinstrap", "Gentoo"]
    sex: Sex | None = None
    ringed: bool = False
    year: Annotated[int, Field(gt=1900)]
    body: Body
    note: str = ""


SCHEMA = RecordSchema.of(Penguin)


def test_a_schema_says_range_and_decimals() -> None:
    assert formix.sum("body.mass_g").query(SCHEMA) == {
        "kind": "sum",
        "value": {"expr": "body.mass_g", "lower": "2000", "upper": "7000", "decimals": 0},
    }
    assert formix.mean("body.flipper_mm").query(SCHEMA)["value"] == {
        "expr": "body.flipper_mm",
        "lower": "150",
        "upper": "250",
        "decimals": 1,
    }


def test_a_caller_says_more_than_the_schema() -> None:
    value = formix.variance("body.mass_g", lower=2_500, upper="6.5e3", decimals=1).query(SCHEMA)["value"]
    assert value == {"expr": "body.mass_g", "lower": "2500", "upper": "6500", "decimals": 1}


@pytest.mark.parametrize(
    ("reduction", "path", "words"),
    [
        (formix.sum("year"), "query.value.upper", "no known range; give `upper=`"),
        (formix.sum("nothing"), "query.value.lower", "no known range"),
        (formix.sum("body.mass_g / 2", lower=0, upper=1), "query.value.decimals", "give `decimals=`"),
        (formix.sum("year", upper=1901), "query.value.upper", "range is empty"),
        (formix.sum("year", upper=3000, decimals=10), "query.value.decimals", "within 0 to 9"),
        (formix.regression("body.mass_g", "year"), "query.y.upper", "no known range"),
        (formix.vector(["body.mass_g", "year"]), "query.values.1.upper", "no known range"),
        (formix.group("note"), "query.categories", "give `categories=[…]`"),
        (formix.sum("avg(body.flipper_mm)"), "query.value.decimals", "give `decimals=`"),
    ],
)
def test_what_is_missing_is_named(reduction: formix.Reduction, path: str, words: str) -> None:
    with pytest.raises(formix.InvalidProposal) as caught:
        reduction.query(SCHEMA)
    assert caught.value.path == path
    assert words in str(caught.value)


def test_categories_come_from_the_schema() -> None:
    assert formix.group("species").query(SCHEMA)["categories"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert formix.group("sex", value="body.mass_g").query(SCHEMA) == {
        "kind": "group",
        "by": "sex",
        "categories": ["female", "male"],
        "value": {"expr": "body.mass_g", "lower": "2000", "upper": "7000", "decimals": 0},
    }
    assert formix.group("ringed").query(SCHEMA)["categories"] == ["false", "true"]
    assert formix.group("note", ["a"]).query(SCHEMA)["categories"] == ["a"]
    numbered = RecordSchema.of({"properties": {"size": {"enum": [1, 2.50, None]}}})
    assert formix.group("size").query(numbered)["categories"] == ["1", "2.5"]


def test_bins_are_as_few_as_people_can_hide_in() -> None:
    few, many = formix.histogram("body.mass_g").query(SCHEMA, 12), formix.histogram("body.mass_g").query(SCHEMA, 500)
    assert few["edges"] == ["2000", "4000", "6000", "8000"]
    assert many["edges"] == [str(edge) for edge in range(2_000, 7_001, 500)]
    asked = formix.histogram("body.mass_g", bins=5).query(SCHEMA, 3)
    assert asked["edges"] == [str(edge) for edge in range(2_000, 7_001, 1_000)]
    assert formix.quantile("body.mass_g").query(SCHEMA, 20)["bins"] == 8
    assert formix.quantile("body.mass_g").query(SCHEMA, 10_000)["bins"] == 64
    assert "tolerance" not in formix.quantile("body.mass_g", tolerance=1).query(SCHEMA)


def test_a_persons_expressions_keep_a_fields_range() -> None:
    value = formix.mean("max(body.mass_g, last(30, 'days', day))").query(SCHEMA)["value"]
    assert (value["lower"], value["upper"], value["decimals"]) == ("2000", "7000", 0)
    assert formix.mean("avg(body.mass_g)", decimals=1).query(SCHEMA)["value"]["upper"] == "7000"


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: formix.histogram("x", edges=[1]), "query.edges"),
        (lambda: formix.histogram("x", edges=[1, 1]), "query.edges"),
        (lambda: formix.histogram("x", edges=[1, 2], bins=3), "query.edges"),
        (lambda: formix.histogram("x", edges=[1, float("nan")]), "query.edges.1"),
        (lambda: formix.histogram("x", bins=0), "query.edges"),
        (lambda: formix.quantile("x", 1.5), "query.probabilities"),
        (lambda: formix.quantile("x", []), "query.probabilities"),
        (lambda: formix.quantile("x", bins=1_001), "query.bins"),
        (lambda: formix.quantile("x", tolerance="no"), "query.tolerance"),
        (lambda: formix.vector([]), "query.values"),
        (lambda: formix.suggest_edges(1, 1), "query.edges"),
    ],
)
def test_what_cannot_be_is_refused_at_once(make: object, path: str) -> None:
    with pytest.raises(formix.InvalidProposal) as caught:
        make()  # type: ignore[operator]
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1"), (0.1, "0.1"), (1e21, "1" + "0" * 21), ("-0.0", "0"), (Decimal("1.500"), "1.5"), ("3e-2", "0.03"), (100, "100")],
)
def test_numbers_are_written_as_decimals(number: int | float | str | Decimal, text: str) -> None:
    assert decimal_text(number) == text


@pytest.mark.parametrize("number", ["", "one", float("inf"), float("nan"), True])
def test_what_is_no_number_is_refused(number: float | str) -> None:
    with pytest.raises(formix.InvalidProposal, match="not a number"):
        decimal_text(number)


# As the crate `query` suggests them.
@pytest.mark.parametrize(
    ("lower", "upper", "bins", "edges"),
    [
        ("2700", "6300", 8, "2500 3000 3500 4000 4500 5000 5500 6000 6500"),
        ("0", "1", 4, "0.00 0.25 0.50 0.75 1.00"),
        ("-1", "1", 1, "-1 1"),
        ("0.1", "0.13", 7, "0.100 0.105 0.110 0.115 0.120 0.125 0.130"),
        ("-7.5", "7.5", 3, "-10 0 10"),
    ],
)
def test_edges_are_round(lower: str, upper: str, bins: int, edges: str) -> None:
    assert " ".join(formix.suggest_edges(lower, upper, bins)) == edges


def test_edges_cover_their_range_with_no_more_bins_than_asked() -> None:
    for lower, upper in [("0", "100000"), ("-3.7", "12.9"), ("0.001", "0.0013"), ("-1", "1000000"), ("99", "101")]:
        for bins in (2, 3, 7, 10, 64, 1_000):
            edges = [Decimal(edge) for edge in formix.suggest_edges(lower, upper, bins)]
            assert len(edges) <= bins + 1
            assert edges[0] <= Decimal(lower) and edges[-1] >= Decimal(upper)
            assert len({b - a for a, b in pairwise(edges)}) == 1


def test_anything_that_describes_a_record_is_a_schema() -> None:
    @dataclass
    class DailySteps:
        steps: Annotated[int, Field(ge=0, le=100_000)]

    assert RecordSchema.of(DailySteps).name == "daily_steps"
    assert formix.sum("steps").query(RecordSchema.of(DailySteps))["value"]["upper"] == "100000"
    assert RecordSchema.of({"properties": {}}).name == ""
    assert SCHEMA.name == "penguin"


@pytest.mark.parametrize("model", [int, {}, {"type": "array"}, {"properties": {"x": {1, 2}}}, object(), {"$ref": "#"}])
def test_what_describes_no_record_is_refused(model: object) -> None:
    with pytest.raises(formix.InvalidProposal) as caught:
        RecordSchema.of(model)
    assert caught.value.path == "schema"


def test_a_large_schema_is_refused() -> None:
    with pytest.raises(formix.InvalidProposal, match="16384 are allowed"):
        RecordSchema.of({"properties": {"x": {"description": "x" * 20_000}}})


def test_a_field_of_any_name_is_found() -> None:
    schema = RecordSchema.of({"properties": {"Body Mass (g)": {"type": "integer", "minimum": 1, "maximum": 9}}})
    assert formix.sum("`Body Mass (g)`").query(schema)["value"]["upper"] == "9"
    assert formix.sum("max(`Body Mass (g)`)").query(schema)["value"]["upper"] == "9"
    assert schema.field("Body Mass (g)") is None
    assert schema.field("`Body Mass (g)`.") is None


def test_references_that_end_nowhere_name_no_field() -> None:
    schema = RecordSchema.of({"properties": {"x": {"$ref": "#/properties/x"}, "y": {"$ref": "http://y"}, "z": True}})
    assert schema.range("x").lower is None
    assert schema.range("y").lower is None
    assert schema.field("z") is None
    assert schema.field("x y") is None


def test_the_query_says_who_is_asked() -> None:
    draft = Draft(schema=SCHEMA, reduction=formix.count(), where="ringed", per="person", records_max=7)
    assert draft.query() == {"kind": "count", "where": "ringed", "per": "person", "records_max": 7}


@pytest.mark.parametrize(
    ("reduction", "words"),
    [
        (formix.count(), "Count of records"),
        (formix.sum("x"), "Sum of x"),
        (formix.group("by"), "Count by by"),
        (formix.group("by", value="x"), "Mean of x by by"),
        (formix.regression("x", "y"), "Regression of y on x"),
        (formix.covariance("x", "y"), "Covariance of x and y"),
        (formix.vector(["x", "y"]), "Sums of x, y"),
        (formix.quantile("x"), "Quantiles of x"),
        (formix.histogram("x"), "Histogram of x"),
    ],
)
def test_a_reduction_names_itself(reduction: formix.Reduction, words: str) -> None:
    assert reduction.words() == words
