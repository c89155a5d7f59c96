"""Receipts of jobs: the frozen ones verify, and nothing else does."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import golden
import pytest

import formix
from formix.documents import content_id

INPUT = 'Grüße, "world"\n'.encode()
OUTPUT = '\n"dlrow" ,eßürG'.encode()
MODULE = bytes.fromhex("0061736d01000000")


def document(name: str) -> str:
    return golden.entries("jobs.txt")[f"{name}: document"]


def changed(change: Callable[[dict[str, Any]], None], name: str = "receipt") -> str:
    envelope = json.loads(document(name))
    change(envelope)
    return json.dumps(envelope)


def test_a_frozen_receipt_verifies_with_what_it_speaks_of() -> None:
    receipt = formix.verify_receipt(document("receipt"), module=MODULE, stdin=INPUT, stdout=OUTPUT, stderr=b"")
    manifest = base64.b64decode(json.loads(document("manifest"))["payload"])
    assert receipt.job == content_id(manifest)
    assert receipt.succeeded and receipt.fuel == 48_151 and receipt.witnesses == ()
    assert receipt.started.isoformat().endswith("+00:00") and (receipt.ended - receipt.started).microseconds == 2_000
    assert formix.verify_receipt(json.loads(document("receipt")), node=receipt.node) == receipt


@pytest.mark.parametrize("name", ["exit code 7", "trapped", "rejected"])
def test_a_failed_guest_is_never_a_success(name: str) -> None:
    assert not formix.verify_receipt(document(f"receipt, {name}")).succeeded


def test_witnesses_are_told() -> None:
    (witness,) = formix.verify_receipt(document("receipt, witnessed")).witnesses
    assert witness.startswith("12D3KooW")


@pytest.mark.parametrize("given", ["module", "stdin", "stdout", "stderr"])
def test_other_bytes_are_refused(given: str) -> None:
    with pytest.raises(formix.VerificationError, match=given):
        formix.verify_receipt(document("receipt"), **{given: b"other"})


def test_another_node_is_refused() -> None:
    submitter = formix.verify_receipt(document("receipt")).submitter
    with pytest.raises(formix.VerificationError, match="not of"):
        formix.verify_receipt(document("receipt"), node=submitter)


def test_what_does_not_hold_is_refused() -> None:
    def fuel(envelope: dict[str, Any]) -> None:
        payload = base64.b64decode(envelope["payload"]).replace(b"48151", b"48152")
        envelope["payload"] = base64.b64encode(payload).decode()

    def false_witness(envelope: dict[str, Any]) -> None:
        node = json.loads(base64.b64decode(envelope["payload"]))["predicate"]["node"]
        for signature in envelope["signatures"]:
            if signature["keyid"] != node:
                signature["sig"] = "A" * 86 + "=="

    for wrong in (
        changed(fuel),
        changed(lambda envelope: envelope.update(signatures=[])),
        changed(false_witness, "receipt, witnessed"),
        document("manifest"),
    ):
        with pytest.raises(formix.VerificationError):
            formix.verify_receipt(wrong)
    with pytest.raises(formix.DocumentError):
        formix.verify_receipt("{}")


def test_a_signed_document_of_another_shape_names_the_place() -> None:
    envelope = json.loads(document("receipt"))
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["predicate"]["fuel"]["used"] = -1
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    with pytest.raises(formix.DocumentError, match=r"predicate\.fuel\.used"):
        formix.verify_receipt(envelope)
