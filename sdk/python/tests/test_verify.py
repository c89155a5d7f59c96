"""Ends of computations: what holds, and what does not."""

from __future__ import annotations

import dataclasses
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from steps import Steps

import formix
from formix import Envelope, Identity
from formix.arithmetic import figures
from formix.documents import Signature, content_id
from formix.proposal import Draft, HeavyKey, Scheme, build
from formix.schemas import RecordSchema
from formix.verify import REFUSAL_TYPE, RESULT_TYPE

SCRIPT = Path(__file__).parents[2] / "verify/verify.py"
HEAVY = sorted((Identity(bytes([n] * 32)) for n in (1, 2, 3)), key=lambda identity: identity.id.public_key)
STRANGER = Identity(bytes([4] * 32))
ME = Identity(bytes([9] * 32))

TOTALS: list[tuple[formix.Reduction, list[int], Any]] = [
    (formix.count(), [7], 7),
    (formix.sum("steps"), [7, 70_000], Decimal(70_000)),
    (formix.mean("km"), [3, 1_000], Decimal("3.33333333")),
    (formix.variance("steps"), [2, 20, 202], Decimal(2)),
    (formix.covariance("steps", "km"), [2, 4, 400, 10, 100_000, 600], Decimal(-2)),
    (formix.regression("steps", "steps"), [2, 4, 4, 10, 10, 10], (Decimal(1), Decimal(0))),
    (formix.histogram("steps", edges=[0, 100, 200]), [0, 3, 4, 5], [3, 4]),
    (formix.group("weather"), [1, 2, 3, 0], {"sun": 1, "cloud": 2, "rain": 3}),
    (formix.vector(["steps", "km"]), [2, 9, 150], [Decimal(9), Decimal("1.5")]),
    (formix.quantile("steps", ["0.5"], bins=2), [0, 3, 1, 0], {Decimal("0.5"): Decimal("9999.5")}),
]


def proposed(reduction: formix.Reduction = TOTALS[1][0], scheme: Scheme = "prio3") -> Envelope:
    draft = Draft(schema=RecordSchema.of(Steps), reduction=reduction, scheme=scheme)
    return build(draft, [HeavyKey(id=identity.id, seal="A" * 43) for identity in HEAVY], ME)


def sealed(kind: str, payload: Any, signers: Sequence[Identity]) -> Envelope:
    text = json.dumps(payload).encode()
    signed = [signer.sign(kind, text) for signer in signers]
    return Envelope(kind, text, tuple(signature for each in signed for signature in each.signatures))


def outcome(proposal: Envelope, of: Sequence[int] = TOTALS[1][1], **changes: Any) -> dict[str, Any]:
    asked = json.loads(proposal.payload)
    found = figures(asked["query"], of)
    for each in found.get("quantiles", ()):
        each["estimate_error"] = None
    answer = {"participants": 5, "result": found, "rounding": {"words": "exact"}}
    return {
        "version": 2,
        "computation": content_id(proposal.payload),
        "scheme": asked["scheme"],
        "participants": 5,
        "rejected": 0,
        "set": content_id(b"reports"),
        "cohort": [identity.id for identity in HEAVY],
        "totals": [str(total) for total in of],
        "answer": json.loads(json.dumps(answer, default=str)),
    } | changes


def convinces_the_script(proposal: Envelope, end: Envelope, folder: Path) -> bool:
    """Whether the script that has no code of this package is convinced."""
    file = folder / "documents.json"
    file.write_text(json.dumps({"proposal": proposal.to_dict(), "end": end.to_dict()}))
    told = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, check=False)
    assert bool(told.stdout) == (told.returncode == 0)
    return told.returncode == 0


@pytest.mark.parametrize(("reduction", "totals", "value"), TOTALS)
def test_a_signed_result_holds(reduction: formix.Reduction, totals: list[int], value: Any, tmp_path: Path) -> None:
    proposal = proposed(reduction)
    end = sealed(RESULT_TYPE, outcome(proposal, totals), HEAVY)
    result = formix.verify(proposal, end)
    assert isinstance(result, formix.Result)
    assert (result.value, result.participants) == (value, 5)
    assert result.signed_by == tuple(identity.id for identity in HEAVY)
    assert formix.verify(result.document.to_json()) == result
    assert len(result.to_frame()) == len(result.figures.table()[1])
    assert result.proposal.title in str(result) and result.proposal.title in result._repr_html_()
    assert convinces_the_script(proposal, end, tmp_path)


def test_a_refusal_shows_no_answer(tmp_path: Path) -> None:
    """One heavy node signs a refusal, and could put anything into it."""
    proposal = proposed()
    body = refusal(proposal, HEAVY[0], {"code": "expired"})
    end = sealed(REFUSAL_TYPE, body | {"answer": {"participants": 5, "result": {"sum": "424242"}}}, HEAVY[:1])
    with pytest.raises(formix.DocumentError):
        formix.verify(proposal, end)
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"proposal": proposal.to_dict(), "end": end.to_dict()}))
    told = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("refusal of ") and "expired" in told.stdout
    assert "424242" not in told.stdout


@pytest.mark.parametrize("missing", range(3))
@pytest.mark.parametrize("scheme", ["prio3", "additive64"])
def test_all_three_sign(missing: int, scheme: Scheme, tmp_path: Path) -> None:
    proposal = proposed(scheme=scheme)
    signers = [identity for at, identity in enumerate(HEAVY) if at != missing]
    end = sealed(RESULT_TYPE, outcome(proposal), [*signers, STRANGER])
    with pytest.raises(formix.VerificationError, match=f"not signed by {HEAVY[missing].id}"):
        formix.verify(proposal, end)
    assert not convinces_the_script(proposal, end, tmp_path)


def test_rep64_does_without_one_and_not_with_a_forged_one(tmp_path: Path) -> None:
    proposal = proposed(scheme="rep64")
    payload = outcome(proposal)
    for lost in range(3):
        signers = [identity for at, identity in enumerate(HEAVY) if at != lost]
        end = sealed(RESULT_TYPE, payload, signers)
        result = formix.verify(proposal, end)
        assert isinstance(result, formix.Result)
        assert result.signed_by == tuple(identity.id for identity in signers)
        assert convinces_the_script(proposal, end, tmp_path)
        one = sealed(RESULT_TYPE, payload, [signers[0], STRANGER])
        with pytest.raises(formix.VerificationError, match="not signed by"):
            formix.verify(proposal, one)
        assert not convinces_the_script(proposal, one, tmp_path)
        forged = dataclasses.replace(end, signatures=(*end.signatures, Signature(HEAVY[lost].id, bytes(64))))
        with pytest.raises(formix.VerificationError, match="does not fit"):
            formix.verify(proposal, forged)
        assert not convinces_the_script(proposal, forged, tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"computation": content_id(b"other")}, "another computation"),
        ({"scheme": "rep64"}, "another computation"),
        ({"participants": 2}, "fewer than the proposal asks for"),
        ({"participants": 6}, "does not belong to the totals"),
        ({"totals": ["7", "70001"]}, "does not follow from the signed totals"),
        ({"totals": ["7"]}, "1 totals given, where the query has 2"),
        ({"version": 1}, "`version`"),
        ({"more": 1}, "`more`"),
        ({"totals": ["x"]}, "`totals.0`"),
    ],
)
def test_a_result_that_does_not_fit_is_refused_whoever_signed_it(change: dict[str, Any], words: str) -> None:
    proposal = proposed()
    with pytest.raises((formix.VerificationError, formix.DocumentError), match=words):
        formix.verify(proposal, sealed(RESULT_TYPE, outcome(proposal, **change), HEAVY))


def test_a_result_of_another_proposal_is_refused(tmp_path: Path) -> None:
    proposal, other = proposed(), proposed()
    end = sealed(RESULT_TYPE, outcome(other), HEAVY)
    with pytest.raises(formix.VerificationError, match="another computation"):
        formix.verify(proposal, end)
    assert not convinces_the_script(proposal, end, tmp_path)


def refusal(proposal: Envelope, who: Identity, reason: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "computation": content_id(proposal.payload), "heavy": who.id, "reason": reason}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"code": "too-few", "participants": 2, "participants_min": 3}, "2 answers reached"),
        ({"code": "heavy-missing", "heavy": [HEAVY[1].id], "awaited": "its sum"}, f"…{HEAVY[1].id.short} (its sum)"),
        ({"code": "expired"}, "not running"),
        ({"code": "of-tomorrow", "detail": 1}, '{"code": "of-tomorrow", "detail": 1}'),
        ({"code": "too-few"}, '{"code": "too-few"}'),
    ],
)
def test_a_signed_refusal_holds(reason: dict[str, Any], words: str, tmp_path: Path) -> None:
    proposal = proposed()
    end = sealed(REFUSAL_TYPE, refusal(proposal, HEAVY[0], reason), HEAVY[:1])
    found = formix.verify(proposal, end)
    assert isinstance(found, formix.Refusal)
    assert (found.heavy, found.code) == (HEAVY[0].id, reason["code"])
    assert words in str(found)
    assert words in str(formix.ComputationRefused(found))
    assert convinces_the_script(proposal, end, tmp_path)


@pytest.mark.parametrize(("who", "signer"), [(STRANGER, STRANGER), (HEAVY[0], HEAVY[1]), (HEAVY[0], STRANGER)])
def test_only_a_heavy_node_refuses_and_only_for_itself(who: Identity, signer: Identity, tmp_path: Path) -> None:
    proposal = proposed()
    end = sealed(REFUSAL_TYPE, refusal(proposal, who, {"code": "expired"}), [signer])
    with pytest.raises(formix.VerificationError):
        formix.verify(proposal, end)
    assert not convinces_the_script(proposal, end, tmp_path)


@pytest.mark.parametrize("end", [None, {}, {"proposal": {}}, "x", b"\xff", '{"proposal": {}, "end": null}'])
def test_what_are_no_documents_is_refused(end: Any) -> None:
    with pytest.raises(formix.DocumentError):
        formix.verify(end)


def test_damaged_documents_never_hold() -> None:
    proposal = proposed()
    text = formix.verify(proposal, sealed(RESULT_TYPE, outcome(proposal), HEAVY)).document.to_json()  # type: ignore[union-attr]
    pick = random.Random(7)
    for _ in range(300):
        at = pick.randrange(len(text))
        damaged = text[:at] + pick.choice('0aZ="{}[],: ') + text[at + 1 :]
        if json.dumps(damaged) != json.dumps(text):
            with pytest.raises((formix.DocumentError, formix.VerificationError)):
                formix.verify(damaged)
