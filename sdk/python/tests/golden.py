"""The signed documents that the Rust code froze in ``tests/wire/golden``: what both must agree on, to the byte."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from formix import Envelope

FILE = Path(__file__).parents[3] / "tests/wire/golden/documents.txt"


@cache
def entries() -> dict[str, str]:
    """The file's entries by name: a name that ends in a colon's word, and the indented text below it."""
    found: dict[str, str] = {}
    name = ""
    for line in FILE.read_text().splitlines():
        if line.startswith("    "):
            found[name] = found.get(name, "") + line[4:]
        elif line and not line.startswith("#"):
            name = line
    return found


def names() -> list[str]:
    """The names of all documents."""
    return [name.removesuffix(": document") for name in entries() if name.endswith(": document")]


def document(name: str) -> Envelope:
    """A document, read and not verified."""
    return Envelope.from_json(entries()[f"{name}: document"])


def payload(name: str) -> dict[str, Any]:
    """A document's payload."""
    found = json.loads(entries()[f"{name}: payload"])
    assert isinstance(found, dict)
    return found
