"""Manifests of jobs: what is built is what Rust froze, and what is not acceptable is refused before it is sent."""

from __future__ import annotations

import json
from typing import Any

import golden
import pytest

import formix
from formix import manifest
from formix.documents import content_id

PROPOSER = formix.Identity(bytes([9]) * 32)
MODULE = {"inline": "AGFzbQEAAAA="}


def build(**options: Any) -> formix.Envelope:
    return manifest.build(PROPOSER, name="x", module=MODULE, input={"inline": ""}, **options)


def test_the_frozen_manifest_is_read() -> None:
    envelope = formix.Envelope.from_json(golden.entries("jobs.txt")["manifest: document"])
    id, found = formix.Manifest.open(envelope)
    assert id == content_id(golden.entries("jobs.txt")["manifest: payload"].encode())
    assert (found.submitter, found.replicas, found.quorum, found.limits.fuel) == (PROPOSER.id, 3, "unanimous", 5_000_000)
    # Ed25519 signs without randomness: the same key gives the same signature.
    assert PROPOSER.sign(envelope.payload_type, envelope.payload) == envelope
    receipt = formix.verify_receipt(golden.entries("jobs.txt")["receipt: document"], manifest=envelope)
    assert receipt.invocation == found.invocation(id, receipt.node, receipt.started)


def test_what_is_built_is_read_again() -> None:
    envelope = build(args=["a"], env={"B": "2", "A": "1"}, replicas=3, not_nodes=[PROPOSER.id], deadline="10min")
    _, found = formix.Manifest.open(envelope)
    assert found.args == ("x", "a") and list(found.env) == ["A", "B"]
    assert (found.deadline - found.created).total_seconds() == 600
    assert found.constraints.except_ == (PROPOSER.id,) and found.agreeing_min == 2
    assert json.loads(envelope.payload)["nonce"] != json.loads(build().payload)["nonce"]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"replicas": 8}, "replicas"),
        ({"replicas": 3, "deterministic": False}, "replicas"),
        ({"limits": {"fuel": 0}}, "limits.fuel"),
        ({"limits": {"gas": 1}}, "limits.gas"),
        ({"env": {"A=B": ""}}, "env"),
        ({"args": ["a\0b"]}, "args"),
        ({"args": ["x" * 20_000]}, "arguments"),
        ({"nodes": ["me"]}, "nodes"),
        ({"kinds": ["phone"]}, "kinds"),
        ({"priority": 10}, "priority"),
        ({"deadline": "soon"}, "deadline"),
        ({"deadline": "0s"}, "deadline"),
        ({"entry": ""}, "entry"),
    ],
)
def test_what_is_not_acceptable_is_named(options: dict[str, Any], place: str) -> None:
    with pytest.raises(formix.InvalidJob, match=place):
        build(**options)


def test_an_input_is_one_thing() -> None:
    with pytest.raises(ValueError, match="one of"):
        manifest.Blob(id=content_id(b""), inline="")
    outputs = manifest.Blob(outputs=(content_id(b"a"),))
    assert outputs.digest is None and outputs != manifest.Blob(inline="")
