"""Envelopes, ids and signatures, against the Rust code's frozen documents."""

from __future__ import annotations

import json
from dataclasses import replace

import golden
import pytest
from nacl.signing import SigningKey

from formix import DocumentError, Envelope, Identity, NodeId, VerificationError
from formix.documents import Signature, content_id


@pytest.mark.parametrize("name", golden.names())
def test_every_frozen_document_is_signed_by_those_who_say_so(name: str) -> None:
    document = golden.document(name)
    assert document.payload.decode() == golden.entries("documents.txt")[f"{name}: payload"]
    assert document.signatures
    for signature in document.signatures:
        assert document.is_signed_by(signature.keyid)
        # One bit of anything, and it is not.
        for part in range(3):
            sig = bytearray(signature.sig)
            sig[part * 31] ^= 1
            assert not signature.keyid.verifies(document.pre_authentication, bytes(sig))
        other = replace(document, payload=document.payload + b" ")
        assert not other.is_signed_by(signature.keyid)
        other = replace(document, payload_type=document.payload_type + "x")
        assert not other.is_signed_by(signature.keyid)


def test_an_envelope_is_written_as_the_rust_code_writes_it() -> None:
    for name in golden.names():
        assert golden.document(name).to_json().decode() == golden.text(name)


def test_an_identity_signs_as_the_rust_code_does() -> None:
    document = golden.document("proposal")
    identity = Identity(bytes([9] * 32))
    assert identity.id == golden.payload("proposal")["proposer"]
    assert identity.sign(document.payload_type, document.payload) == document


def test_a_computation_is_named_by_its_proposal() -> None:
    assert content_id(golden.document("proposal").payload) == golden.payload("too-few")["computation"]


def test_a_node_id_is_read_and_written() -> None:
    for seed in range(20):
        key = bytes(SigningKey(bytes([seed] * 32)).verify_key)
        id = NodeId.of_public_key(key)
        assert id.startswith("12D3KooW")
        assert NodeId(str(id)).public_key == key
    assert NodeId.of_public_key(bytes(32)).public_key == bytes(32)


@pytest.mark.parametrize(
    "text",
    ["", "12D3KooW", "0OIl", "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", "1" * 38, "z" * 10_000, "12D3KooWé"],
)
def test_what_is_no_node_id_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="not a node id"):
        NodeId(text)


def test_keys_that_sign_for_everybody_sign_for_nobody() -> None:
    # The neutral element, for which any message has the signature of R = identity, S = 0.
    weak = NodeId.of_public_key(bytes([1]) + bytes(31))
    assert not weak.verifies(b"message", bytes([1]) + bytes(63))


def test_verify_names_what_is_missing() -> None:
    document = golden.document("proposal")
    stranger = Identity(bytes(32)).id
    with pytest.raises(VerificationError, match=f"not signed by {stranger}"):
        document.verify(document.payload_type, [stranger])
    with pytest.raises(VerificationError, match="unexpected type"):
        document.verify("text/plain", [])
    forged = replace(document, signatures=(*document.signatures, Signature(stranger, bytes(64))))
    with pytest.raises(VerificationError, match="does not fit"):
        forged.verify(document.payload_type, [stranger])


SIGNED = golden.document("proposal").to_dict()


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        "{}",
        b"\xff",
        "[" * 100_000,
        {**SIGNED, "more": 1},
        {**SIGNED, "payload": "%"},
        {**SIGNED, "payload": None},
        {**SIGNED, "signatures": {}},
        {**SIGNED, "signatures": [1]},
        {**SIGNED, "signatures": [{**SIGNED["signatures"][0], "keyid": 1}]},
        {**SIGNED, "signatures": SIGNED["signatures"] * 2},
        {**SIGNED, "signatures": SIGNED["signatures"] * 9},
        json.dumps(SIGNED)[:-1] + ', "payload": ""}',
    ],
)
def test_what_is_no_envelope_is_refused(document: object) -> None:
    with pytest.raises(DocumentError):
        Envelope.from_json(document)  # type: ignore[arg-type]


def test_url_safe_base64_is_read_too() -> None:
    safe = {**SIGNED, "payload": SIGNED["payload"].replace("+", "-").replace("/", "_")}
    assert Envelope.from_json(safe) == golden.document("proposal")
