"""Sums that open commitments, sums that do not, and evidence made of them."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_verify import HEAVY, STRANGER, TOTALS, outcome, proposed, sealed

import formix
from formix import DocumentError, Envelope, Identity
from formix.arithmetic import Layout, layout
from formix.documents import content_digest, content_id
from formix.evidence import EVIDENCE_TYPE
from formix.rep64 import _generator, add_up, scalars, sums_open
from formix.ristretto import ORDER, Point, multiply
from formix.verify import RESULT_TYPE

SCRIPT = Path(__file__).parents[2] / "verify/evidence.py"
PICK = random.Random(64)
LENGTH = 1


def report() -> tuple[bytes, list[list[int]]]:
    """A report's public share, and its three components, blinding last."""
    components = [[PICK.randrange(ORDER) for _ in range(LENGTH + 1)] for _ in range(3)]
    generators = [*(_generator(at) for at in range(LENGTH)), Point.base()]
    commitments = [multiply(zip(component, generators, strict=True)).encode() for component in components]
    return b"".join(commitments), components


def published(role: int, reports: list[list[list[int]]]) -> bytes:
    """What an honest heavy node publishes."""
    sums = [
        [sum(column) % ORDER for column in zip(*(components[(role + place) % 3] for components in reports), strict=True)]
        for place in (0, 1)
    ]
    return len(reports).to_bytes(4, "little") + b"".join(scalar.to_bytes(32, "little") for each in sums for scalar in each)


REPORTS = [report() for _ in range(4)]
COMMITMENTS = add_up(public for public, _ in REPORTS)
SUMS = [published(role, [components for _, components in REPORTS]) for role in range(3)]


def lie(sums: bytes, at: int = 4) -> bytes:
    return sums[:at] + bytes([sums[at] ^ 1]) + sums[at + 1 :]


@pytest.mark.parametrize("role", range(3))
def test_honest_sums_open(role: int) -> None:
    assert sums_open(role, SUMS[role], COMMITMENTS, LENGTH) == (True, True)
    assert sums_open((role + 1) % 3, SUMS[role], COMMITMENTS, LENGTH) == (False, False)


@pytest.mark.parametrize("role", range(3))
@pytest.mark.parametrize("at", range(4))
def test_a_lie_about_any_number_shows(role: int, at: int) -> None:
    assert sums_open(role, lie(SUMS[role], 4 + 32 * at), COMMITMENTS, LENGTH) == (at >= 2, at < 2)


def test_a_report_that_is_left_out_shows() -> None:
    sums = published(0, [components for _, components in REPORTS[1:]])
    assert sums_open(0, sums, COMMITMENTS, LENGTH) == (False, False)
    assert sums_open(0, sums, add_up(public for public, _ in REPORTS[1:]), LENGTH) == (True, True)
    # Nor does it help to say that it was counted.
    assert sums_open(0, COMMITMENTS[:4] + sums[4:], COMMITMENTS, LENGTH) == (False, False)


@pytest.mark.parametrize(
    "sums", [b"", bytes(4), bytes(4 + 96), SUMS[0] + bytes(64), SUMS[0][:36] + b"\xff" * 32 + SUMS[0][68:]]
)
def test_what_are_no_sums_opens_nothing(sums: bytes) -> None:
    assert sums_open(0, sums, COMMITMENTS, LENGTH) == (False, False)


@pytest.mark.parametrize("commitments", [b"", bytes(4 + 64), bytes(4 + 128), bytes(3 + 96), bytes(4) + b"\x01" * 96])
def test_what_are_no_commitments_is_refused(commitments: bytes) -> None:
    with pytest.raises(DocumentError):
        sums_open(0, SUMS[0], commitments, LENGTH)


def test_numbers_share_scalars_as_far_as_their_totals_fit() -> None:
    # 2 components of 16 bits, 100 participants: 23 bits each, 10 of them in a scalar.
    assert scalars(Layout(2, 16, False), 100) == 1
    assert scalars(Layout(11, 16, False), 100) == 2
    assert scalars(Layout(252, 1, True), 1) == 1
    assert scalars(Layout(253, 1, True), 1) == 2


def test_a_layout_is_that_of_the_crate_query() -> None:
    person = {"per": "person"}
    found = [layout(json.loads(proposed(each).payload)["query"]) for each, _, _ in TOTALS]
    assert [each.length for each in found] == [len(totals) for _, totals, _ in TOTALS]
    assert found[0] == Layout(1, 10, False)
    assert found[1] == Layout(2, (40_000 * 1_000).bit_length(), False)
    assert layout({"kind": "group", "categories": ["a", "b"], **person}) == Layout(4, 1, True)
    assert layout({"kind": "count", **person}) == Layout(1, 1, False)
    with pytest.raises(formix.VerificationError):
        layout({"kind": "sum", "value": 7})


ASKED = proposed(scheme="rep64")
ID = content_id(ASKED.payload)
SET = content_id(b"reports")


def evidence(accused: Identity, sums: bytes, *, signer: Identity | None = None, **changes: Any) -> Envelope:
    """A document by which the last heavy node accuses another of these sums."""
    counts = len(REPORTS).to_bytes(4, "little") + bytes(4)
    committed = b"formix/commit/1\0" + content_digest(ID) + bytes([7]) + content_digest(SET) + counts + COMMITMENTS
    partial = b"formix/partial/1\0" + content_digest(ID) + content_digest(SET) + sums
    text = lambda data: base64.b64encode(data).decode()  # noqa: E731
    who = signer or accused
    payload = {
        "version": 1,
        "computation": ID,
        "accused": accused.id,
        "accuser": HEAVY[2].id,
        "cohort": 7,
        "set": SET,
        "participants": len(REPORTS),
        "rejected": 0,
        "commitments": text(COMMITMENTS),
        "commit_signature": text(who._key.sign(committed).signature),
        "sum": text(sums),
        "sum_signature": text(who._key.sign(partial).signature),
    }
    return sealed(EVIDENCE_TYPE, payload | changes, [HEAVY[2]])


def convicts_by_script(document: Envelope, folder: Path) -> str | None:
    """Whom the script that has no code of this package convicts."""
    file = folder / "documents.json"
    file.write_text(json.dumps({"proposal": ASKED.to_dict(), "evidence": document.to_dict()}))
    told = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    assert bool(told.stdout) == (told.returncode == 0)
    return told.stdout.split()[0] if told.stdout else None


@pytest.mark.parametrize("role", range(2))
@pytest.mark.parametrize("sums", ["lie", "short", "none"])
def test_a_liar_is_convicted_by_its_own_signatures(role: int, sums: str, tmp_path: Path) -> None:
    said = {"lie": lie(SUMS[role]), "short": SUMS[role][:-32], "none": b""}[sums]
    found = formix.verify(ASKED, evidence(HEAVY[role], said))
    assert isinstance(found, formix.Evidence)
    assert (found.accused, found.accuser) == (HEAVY[role].id, HEAVY[2].id)
    assert HEAVY[role].id.short in str(found)
    assert convicts_by_script(found.documents[1], tmp_path) == HEAVY[role].id


def test_the_honest_are_not_convicted(tmp_path: Path) -> None:
    with pytest.raises(formix.VerificationError, match="did not lie"):
        formix.verify(ASKED, evidence(HEAVY[0], SUMS[0]))
    assert convicts_by_script(evidence(HEAVY[0], SUMS[0]), tmp_path) is None


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (evidence(HEAVY[0], lie(SUMS[0]), signer=HEAVY[1]), "has not signed this set"),
        (evidence(HEAVY[0], lie(SUMS[0]), participants=5), "has not signed this set"),
        (evidence(HEAVY[0], lie(SUMS[0]), sum=base64.b64encode(SUMS[1]).decode()), "has not signed this sum"),
        (evidence(HEAVY[0], lie(SUMS[0]), computation=SET), "another computation"),
        (evidence(STRANGER, lie(SUMS[0])), "another computation"),
        (evidence(HEAVY[0], lie(SUMS[0]), accuser=HEAVY[1].id), "not signed by"),
        (evidence(HEAVY[0], lie(SUMS[0]), version=2), "`version`"),
        (evidence(HEAVY[0], lie(SUMS[0]), set="x"), "not a content id"),
        (evidence(HEAVY[0], lie(SUMS[0]), sum="x"), "not base64"),
        (evidence(HEAVY[0], lie(SUMS[0]), cohort=256), "`cohort`"),
    ],
)
def test_made_up_evidence_convicts_nobody(document: Envelope, words: str, tmp_path: Path) -> None:
    if words not in ("`version`", "`cohort`"):
        assert convicts_by_script(document, tmp_path) is None
    with pytest.raises((formix.VerificationError, formix.DocumentError), match=words):
        formix.verify(ASKED, document)


def test_other_schemes_have_no_evidence() -> None:
    asked = proposed(scheme="prio3")
    document = evidence(HEAVY[0], lie(SUMS[0]), computation=content_id(asked.payload))
    with pytest.raises(formix.VerificationError, match="another computation"):
        formix.verify(asked, document)


def test_a_result_tells_of_the_liar_that_it_did_without() -> None:
    end = sealed(RESULT_TYPE, outcome(ASKED), HEAVY[1:])
    shown = evidence(HEAVY[0], lie(SUMS[0]))
    result = formix.verify({"proposal": ASKED.to_dict(), "end": end.to_dict(), "evidence": shown.to_dict()})
    assert isinstance(result, formix.Result) and result.evidence is not None
    assert result.evidence.accused == HEAVY[0].id
    assert f"…{HEAVY[0].id.short} lied" in str(result) and f"…{HEAVY[0].id.short} lied" in result._repr_html_()
    assert formix.verify(result.document.to_json()) == result
    with pytest.raises(formix.VerificationError, match="did not lie"):
        honest = evidence(HEAVY[0], SUMS[0])
        formix.verify({"proposal": ASKED.to_dict(), "end": end.to_dict(), "evidence": honest.to_dict()})


def test_evidence_is_no_result() -> None:
    document = evidence(HEAVY[0], lie(SUMS[0]))
    relabelled = json.loads(document.to_json()) | {"payloadType": "application/vnd.formix.result+json"}
    with pytest.raises((formix.VerificationError, formix.DocumentError)):
        formix.verify(ASKED, relabelled)
