"""Record schemas: what the people who are asked keep, as JSON Schema.

A model is given as a Pydantic model, as anything else that Pydantic can describe (a dataclass, a `TypedDict`), or as a JSON
Schema itself. What the schema says of a field (its range, its categories, how many decimals count) need not be said again in
a reduction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import BaseModel, PydanticUserError, TypeAdapter

from .errors import InvalidProposal

__all__ = ["Range", "RecordSchema"]

#: Longest schema, in bytes of JSON.
SCHEMA_BYTES_MAX: Final = 16 * 1024
# A name as it stands in an expression, plain or in backticks, and the dot before the next.
_NAME: Final = re.compile(r"(?:([A-Za-z_][A-Za-z0-9_]*)|`([^`]+)`)(\.|\Z)")
#: References that are followed to reach one field; a longer chain is a cycle.
_REFERENCES_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Range:
    """What a schema says of a number: its bounds and the decimals that count, each ``None`` where it says nothing."""

    lower: Decimal | None = None
    upper: Decimal | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """The JSON Schema of one record."""

    #: The schema itself.
    document: Mapping[str, Any]

    @classmethod
    def of(cls, model: Any) -> RecordSchema:
        """The schema of a Pydantic model, of a type that Pydantic can describe, or a JSON Schema as it is.

        Raises:
            InvalidProposal: It describes no record, or is longer than :data:`SCHEMA_BYTES_MAX`.
        """
        document: Any
        if isinstance(model, RecordSchema):
            return model
        if isinstance(model, Mapping):
            document = dict(model)
        elif isinstance(model, type) and issubclass(model, BaseModel):
            document = model.model_json_schema()
        else:
            try:
                document = TypeAdapter(model).json_schema()
            except PydanticUserError as error:
                raise InvalidProposal("schema", f"neither a Pydantic model nor a JSON Schema: {error}") from None
        schema = cls(document)
        try:
            size = len(json.dumps(document).encode())
        except (TypeError, ValueError) as error:
            raise InvalidProposal("schema", f"not JSON: {error}") from None
        if size > SCHEMA_BYTES_MAX:
            raise InvalidProposal("schema", f"{size} bytes of JSON, where {SCHEMA_BYTES_MAX} are allowed")
        if not isinstance(schema._resolved(document).get("properties"), Mapping):
            raise InvalidProposal("schema", "describes no record: an object with `properties` is expected")
        return schema

    @property
    def name(self) -> str:
        """A name for the data set, from the schema's title: ``DailySteps`` gives ``daily_steps``; empty without a title."""
        title = self.document.get("title")
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title if isinstance(title, str) else "")
        return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")

    def field(self, path: str) -> Mapping[str, Any] | None:
        """The schema of the field that an expression names, without references and ``null``; ``None`` where there is none."""
        names = _names(path)
        if names is None:
            return None
        here: Mapping[str, Any] | None = self.document
        for name in names:
            found = self._resolved(here).get("properties") if here is not None else None
            here = found.get(name) if isinstance(found, Mapping) else None
            if not isinstance(here, Mapping):
                return None
        return self._resolved(here) if here is not None else None

    def range(self, path: str) -> Range:
        """What the schema says of the number at ``path``."""
        field = self.field(path)
        if field is None:
            return Range()

        def number(key: str) -> Decimal | None:
            return _decimal(field.get(key))

        lower, upper = number("minimum"), number("maximum")
        above, below = number("exclusiveMinimum"), number("exclusiveMaximum")
        is_integer = field.get("type") == "integer"
        step = number("multipleOf")
        decimals = 0 if is_integer else _decimals(step) if step is not None else None
        # An open bound of an integer is the next integer; of another number it is the bound, which no record reaches.
        unit = Decimal(1) if is_integer else Decimal(0)
        if above is not None:
            lower = above + unit if lower is None else max(lower, above + unit)
        if below is not None:
            upper = below - unit if upper is None else min(upper, below - unit)
        return Range(lower, upper, decimals)

    def categories(self, path: str) -> list[str] | None:
        """The names of the values of the enumeration at ``path``, in the schema's order; ``None`` where it is none.

        A number's name is its shortest decimal; the values of a boolean are ``false`` and ``true``.
        """
        field = self.field(path)
        if field is None:
            return None
        values = field.get("enum", [field["const"]] if "const" in field else None)
        if values is None and field.get("type") == "boolean":
            values = [False, True]
        if not isinstance(values, list):
            return None
        return [name for value in values if (name := _name(value)) is not None] or None

    def _resolved(self, schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Follows ``$ref``, an ``allOf`` of one, and a union with null, which all say one thing."""
        for _ in range(_REFERENCES_MAX):
            if schema is None:
                break
            siblings = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}
            if isinstance(reference := schema.get("$ref"), str):
                target = self._referenced(reference)
            elif (only := _only(schema)) is not None:
                target = only
            else:
                return schema
            schema = {**target, **siblings} if target is not None else None
        return {}

    def _referenced(self, reference: str) -> Mapping[str, Any] | None:
        here: Any = self.document
        if not reference.startswith("#"):
            return None
        for token in _tokens(reference[1:]):
            here = here.get(token) if isinstance(here, Mapping) else None
        return here if isinstance(here, Mapping) else None


def _only(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The one alternative of a combination, beside null."""
    for key in ("allOf", "anyOf", "oneOf"):
        members = schema.get(key)
        if isinstance(members, list):
            real = [each for each in members if isinstance(each, Mapping) and each.get("type") != "null"]
            if len(real) == 1:
                return real[0]
    return None


def _names(path: str) -> list[str] | None:
    """The names of a dotted path; ``None`` for any other expression."""
    names, at = list[str](), 0
    while found := _NAME.match(path, at):
        names.append(found[1] or found[2])
        if not found[3]:
            return names
        at = found.end()
    return None


def _tokens(pointer: str) -> Iterator[str]:
    """The tokens of a JSON pointer (RFC 6901)."""
    return (token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def _name(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    number = _decimal(value)
    return format(number.normalize(), "f") if number is not None else value if isinstance(value, str) else None


def _decimal(value: object) -> Decimal | None:
    """An exact number; a float is read as it is written, not as its binary neighbour."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _decimals(step: Decimal) -> int | None:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else None
