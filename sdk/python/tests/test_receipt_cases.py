"""Receipts that every verifier of this project accepts or refuses, as data: ``tests/sdk/receipts.json``."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

import formix

CASES = json.loads((Path(__file__).parents[3] / "tests/sdk/receipts.json").read_text())
FILES = ("module", "stdin", "stdout", "stderr")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_receipt_holds_or_does_not(case: dict[str, Any]) -> None:
    given = {name: base64.b64decode(value) if name in FILES else value for name, value in case["against"].items()}
    if case["holds"]:
        formix.verify_receipt(case["document"], **given)
        return
    with pytest.raises((formix.DocumentError, formix.VerificationError)):
        formix.verify_receipt(case["document"], **given)


def test_longer_documents_are_not_read() -> None:
    with pytest.raises(formix.DocumentError, match="at most"):
        formix.verify_receipt(" " * (512 * 1024) + CASES[0]["document"])
