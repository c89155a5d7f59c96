"""Proposals as they are built, signed and read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from steps import Steps

import formix
from formix import Envelope, Identity, NodeId
from formix.proposal import PAYLOAD_TYPE, Draft, HeavyKey, Proposal, build, deadline_of
from formix.schemas import RecordSchema

ME = Identity(bytes([9] * 32))
HEAVY = [HeavyKey(id=Identity(bytes([n] * 32)).id, seal="A" * 43) for n in (1, 2, 3)]
SCHEMA = RecordSchema.of(Steps)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def proposed(**changes: Any) -> Envelope:
    return build(Draft(**({"schema": SCHEMA, "reduction": formix.sum("steps")} | changes)), HEAVY, ME)


def test_a_proposal_says_everything_that_was_asked() -> None:
    envelope = proposed(where="km > 1", deadline="2026-11-20T13:00:00+01:00", title="Steps", purpose="To know.")
    id, proposal = Proposal.open(envelope)
    assert id.startswith("bafkrei")
    payload = json.loads(envelope.payload)
    assert payload.pop("nonce") == proposal.nonce and len(proposal.nonce) == 32
    assert payload == {
        "version": 2,
        "title": "Steps",
        "purpose": "To know.",
        "proposer": ME.id,
        "dataset": "steps",
        "schema": Steps.model_json_schema(),
        "query": {
            "kind": "sum",
            "value": {"expr": "steps", "lower": "0", "upper": "40000", "decimals": 0},
            "per": "record",
            "where": "km > 1",
            "records_max": 1_000,
        },
        "scheme": "prio3",
        "participants_min": 3,
        "participants_max": 10_000,
        "deadline": "2026-11-20T12:00:00.000Z",
        "heavy": [key.model_dump() for key in sorted(HEAVY, key=lambda key: NodeId(key.id).public_key)],
    }
    assert proposal.closes == NOW


def test_two_alike_are_two_computations() -> None:
    assert Proposal.open(proposed())[0] != Proposal.open(proposed())[0]


def test_a_title_is_made_of_the_question() -> None:
    assert Proposal.open(proposed())[1].title == "Sum of steps in steps"
    assert len(Proposal.open(proposed(dataset="x" * 64, reduction=formix.mean("steps" + " " * 200)))[1].title) == 120


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"participants_min": 2}, "participants_min"),
        ({"participants_min": 5, "participants_max": 4}, "participants_max"),
        ({"schema": RecordSchema.of({"properties": {"steps": {}}}), "reduction": formix.count()}, "dataset"),
        ({"deadline": "soon"}, "deadline"),
        ({"deadline": "10 parsecs"}, "deadline"),
        ({"deadline": datetime(2026, 11, 20)}, "deadline"),
    ],
)
def test_what_cannot_be_proposed_names_the_field(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(formix.InvalidProposal) as caught:
        proposed(**changes)
    assert caught.value.path == path


def test_three_heavy_nodes_are_needed() -> None:
    with pytest.raises(formix.InvalidProposal, match="2 heavy nodes"):
        build(Draft(schema=SCHEMA, reduction=formix.count()), HEAVY[:2], ME)


@pytest.mark.parametrize(
    ("deadline", "moment"),
    [
        ("90s", NOW + timedelta(seconds=90)),
        ("10min", NOW + timedelta(minutes=10)),
        ("1h 30m", NOW + timedelta(minutes=90)),
        ("1.5d", NOW + timedelta(hours=36)),
        ("500ms", NOW + timedelta(milliseconds=500)),
        (timedelta(hours=2), NOW + timedelta(hours=2)),
        ("2026-12-01T00:00:00Z", datetime(2026, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_a_deadline_is_a_time_from_now_or_a_moment(deadline: Any, moment: datetime) -> None:
    assert deadline_of(deadline, NOW) == moment


def resigned(**changes: Any) -> Envelope:
    payload = {**json.loads(proposed().payload), **changes}
    return ME.sign(PAYLOAD_TYPE, json.dumps(payload).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1},
        {"version": 3},
        {"more": 1},
        {"heavy": []},
        {"heavy": [key.model_dump() for key in HEAVY[:1]] * 3},
        {"participants_min": "3"},
        {"query": None},
        {"proposer": HEAVY[0].id},
        {"proposer": "me"},
    ],
)
def test_what_is_no_proposal_is_refused(changes: dict[str, Any]) -> None:
    assert Proposal.open(resigned())
    with pytest.raises((formix.DocumentError, formix.VerificationError)):
        Proposal.open(resigned(**changes))
