"""Models of many shapes, records that fit them and records that do not, and what Pydantic says of each.

Prints one JSON object a line: a model's name and JSON Schema, or a record of it as text, whether Pydantic takes it strictly and
leniently, and the paths of its errors. The seed is fixed, so every run prints the same.

Usage: python records.py RECORDS_PER_MODEL
"""

import copy
import json
import random
import sys
import warnings
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, ClassVar, Literal, Optional, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, conint, conlist, constr

# A model's field may be named like one of BaseModel's methods.
warnings.filterwarnings("ignore")


class Species(Enum):
    ADELIE = "Adelie"
    GENTOO = "Gentoo"
    CHINSTRAP = "Chinstrap"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")
    street: str
    zip: Annotated[str, Field(pattern=r"^\d{5}$")]
    country: Literal["DE", "FR", "IS"] = "DE"


class Visit(BaseModel):
    date: date
    at: Optional[datetime] = None
    scores: list[Annotated[float, Field(ge=0, le=10)]] = []
    note: Annotated[str, Field(max_length=10)] | None = None


class Patient(BaseModel):
    """Nested models, optionals, enums, lists, dates."""

    id: UUID
    name: Annotated[str, Field(min_length=1, max_length=12, description="As in the passport")]
    species: Species
    sex: Optional[Literal["f", "m"]] = None
    born: date
    visits: Annotated[list[Visit], Field(max_length=3)]
    address: Optional[Address] = None
    level: Level = Level.LOW
    by_day: dict[str, Visit] = {}

    RECORD: ClassVar = {
        "id": "123e4567-e89b-12d3-a456-426614174000",
        "name": "Ada",
        "species": "Gentoo",
        "sex": "f",
        "born": "2001-02-28",
        "visits": [
            {"date": "2024-02-29", "at": "2024-02-29T12:30:00Z", "scores": [1, 2.5], "note": "ok"},
            {"date": "2024-03-01", "at": None},
        ],
        "address": {"street": "Am Ring 1", "zip": "01234", "country": "IS"},
        "level": 2,
        "by_day": {"mon": {"date": "2024-02-29", "scores": [0, 10.0]}},
    }


class Numbers(BaseModel):
    """Bounds of numbers."""

    count: conint(ge=0, le=100)
    even: conint(multiple_of=2, gt=0, lt=1000)
    share: Annotated[float, Field(gt=0, lt=1)]
    quarter: Annotated[float, Field(multiple_of=0.25)]
    any_int: int
    any_float: float = 1.5
    flag: bool
    maybe: Optional[int] = None
    three: Literal[3] = 3

    RECORD: ClassVar = {
        "count": 0, "even": 998, "share": 0.5, "quarter": -1.75, "any_int": -7, "any_float": 1e3, "flag": True,
        "maybe": None, "three": 3,
    }


class Texts(BaseModel):
    """Formats and patterns of text."""

    model_config = ConfigDict(extra="forbid")
    day: date
    moment: datetime
    clock: time
    key: UUID
    word: constr(pattern=r"^[a-z]+\w\d*$", max_length=8)
    part: constr(pattern="b+")
    short: constr(min_length=2)
    renamed: str = Field(alias="re-named")
    nothing: None = None
    anything: Any = None

    RECORD: ClassVar = {
        "day": "1999-12-31", "moment": "2024-01-31 23:59:59.123456+02:00", "clock": "23:59:59", "key": "0" * 32, "word": "ab9",
        "part": "abbc", "short": "né", "re-named": "", "nothing": None, "anything": [{"a": 1}],
    }


class Cat(BaseModel):
    lives: conint(ge=0)
    name: str


class Dog(BaseModel):
    barks: bool
    name: str


class Unions(BaseModel):
    """Unions, whose members are steps of the paths."""

    a: int | str
    b: Cat | Dog
    c: list[int] | dict[str, int] | None
    d: date | int
    e: Literal["x", "y"] | int
    f: conint(gt=5) | constr(min_length=3)
    g: list[int | str]
    h: dict[str, Cat | int] = {}
    i: Species | bool
    j: datetime | list[str] | None = None
    k: list[Optional[int]] | float
    m: Optional[Cat] | list[Cat]

    RECORD: ClassVar = {
        "a": "x", "b": {"lives": 9, "name": "Tom"}, "c": {"one": 1}, "d": "2024-01-01", "e": "y", "f": 6, "g": [1, "a"],
        "h": {"t": {"lives": 7, "name": "x"}, "u": 1}, "i": "Adelie", "j": "2024-01-01T00:00:00Z", "k": [1, None],
        "m": [{"lives": 1, "name": "a"}],
    }


class Circle(BaseModel):
    shape: Literal["circle"]
    radius: Annotated[float, Field(gt=0)]


class Box(BaseModel):
    shape: Literal["box", "square"]
    sides: conlist(float, min_length=1, max_length=3)


class Drawing(BaseModel):
    """Unions told apart by a field."""

    one: Annotated[Circle | Box, Field(discriminator="shape")]
    many: list[Annotated[Union[Circle, Box], Field(discriminator="shape")]] = []
    maybe: Optional[Annotated[Circle | Box, Field(discriminator="shape")]] = None

    RECORD: ClassVar = {
        "one": {"shape": "square", "sides": [1]},
        "many": [{"shape": "circle", "radius": 1.5}, {"shape": "box", "sides": [1, 2, 3]}],
        "maybe": {"shape": "circle", "radius": 2},
    }


class Tree(BaseModel):
    """A model that holds its like."""

    value: int
    left: Optional["Tree"] = None
    children: list["Tree"] = []

    RECORD: ClassVar = {"value": 1, "left": {"value": 2, "left": {"value": 3}}, "children": [{"value": 4, "children": [{"value": 5}]}]}


class Lists(BaseModel):
    """Lists, pairs and maps."""

    few: conlist(int, min_length=1, max_length=3)
    pair: tuple[int, str]
    more: tuple[int, ...]
    grid: list[list[float]]
    named: dict[str, float]
    bounded: Annotated[dict[str, int], Field(min_length=1, max_length=2)]
    by_species: dict[Species, int] = {}
    by_code: dict[constr(pattern="^[A-Z]{2}$"), int] = {}

    RECORD: ClassVar = {
        "few": [1, 2], "pair": [1, "a"], "more": [1, 2, 3], "grid": [[1.5], []], "named": {"a": 1}, "bounded": {"b": 1},
        "by_species": {"Adelie": 1}, "by_code": {"DE": 1},
    }


class Money(BaseModel):
    """Decimals, as numbers and as text."""

    price: Decimal
    tax: Annotated[Decimal, Field(max_digits=6, decimal_places=2)] | None = None

    RECORD: ClassVar = {"price": "12.50", "tax": 1.25}


MODELS = [Patient, Numbers, Texts, Unions, Drawing, Tree, Lists, Money]

# What a value is exchanged for.
OTHERS = [
    None, True, False, 0, 1, -1, 2, 3, 6, 7, 101, 1.5, 2.0, 0.25, -0.1, 1000, 12345678901, "", "x", "y", "abc", "12", "true", "Gentoo",
    "gentoo", "2024-01-01", "2024-02-30", "2024-1-1", "2024-01-01T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T10:00",
    "2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00.5-0730", "12:00", "12:00:00", "24:00:00", "circle", "box", "DE", "dé",
    "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456", "a" * 30, "B-7", [], [1], [1, 2, 3, 4], ["a"], [None], {},
    {"a": 1}, {"shape": "box"}, {"lives": 1, "name": "x"}, {"barks": True, "name": "x"}, {"value": 1}, [[1]],
]


def places(value, path=()):
    """The path of every value within the record."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def mutate(rng, record):
    """Changes one to three places."""
    record = copy.deepcopy(record)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        path = rng.choice([path for path in places(record) if path] or [()])
        if not path:
            return record
        parent = record
        for step in path[:-1]:
            parent = parent[step]
        kind = rng.randrange(10)
        if kind < 6:
            parent[path[-1]] = copy.deepcopy(rng.choice(OTHERS))
        elif kind < 8:
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[rng.choice(["extra", "other", path[-1]])] = copy.deepcopy(rng.choice(OTHERS))
        else:
            parent.append(copy.deepcopy(rng.choice(OTHERS)))
    return record


def errors(model, text, strict):
    """The paths of Pydantic's errors."""
    try:
        model.model_validate_json(text, strict=strict)
    except ValidationError as error:
        return [".".join(str(step) for step in one["loc"]) for one in error.errors()]
    return []


def main():
    count = int(sys.argv[1])
    rng = random.Random(1)
    for model in MODELS:
        print(json.dumps({"model": model.__name__, "schema": model.model_json_schema()}))
        records = [model.RECORD] + [mutate(rng, model.RECORD) for _ in range(count)]
        for record in records:
            text = json.dumps(record)
            strict = errors(model, text, True)
            print(json.dumps({"record": text, "errors": strict, "lenient": not errors(model, text, False)}))


main()
