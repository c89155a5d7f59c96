"""What the Rust code froze in ``tests/wire/golden``: signed documents and answers, on which both must agree."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from formix import Envelope

FOLDER = Path(__file__).parents[3] / "tests/wire/golden"


@cache
def entries(file: str) -> dict[str, str]:
    """A file's entries by name: a name that stands alone, and the indented text below it."""
    found: dict[str, str] = {}
    name = ""
    for line in (FOLDER / file).read_text().splitlines():
        if line.startswith("    "):
            found[name] = found.get(name, "") + line[4:]
        elif line and not line.startswith("#"):
            name = line
    return found


def names() -> list[str]:
    """The names of all documents."""
    return [name.removesuffix(": document") for name in entries("documents.txt") if name.endswith(": document")]


def text(name: str) -> str:
    """A document's text."""
    return entries("documents.txt")[f"{name}: document"]


def document(name: str) -> Envelope:
    """A document, read and not verified."""
    return Envelope.from_json(text(name))


def payload(name: str) -> dict[str, Any]:
    """A document's payload."""
    found = json.loads(entries("documents.txt")[f"{name}: payload"])
    assert isinstance(found, dict)
    return found


def answers() -> dict[str, dict[str, Any]]:
    """Queries with their totals and answers, by name."""
    return {name: json.loads(text) for name, text in entries("answers.txt").items()}
