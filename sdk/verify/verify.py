#!/usr/bin/env python3
"""Verifies how a Formix computation ended from its signed documents alone, with PyNaCl and no code of Formix.

    formix comp show ID --documents > documents.json
    python verify.py documents.json
"""
import base64, hashlib, json, sys
from nacl.signing import VerifyKey

TYPE = "application/vnd.formix.%s+json"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def public_key(node):  # A libp2p peer id: base58 of six fixed bytes and the Ed25519 key.
    number = 0
    for letter in node:
        number = number * 58 + ALPHABET.index(letter)
    data = number.to_bytes(38, "big")  # The id's first zero byte is the leading `1`.
    assert node[0] == "1" and data[:6].hex() == "002408011220", f"not a node id: {node}"
    return data[6:]


def open_envelope(envelope, kind, signers):  # DSSE: a signature covers type and payload with their lengths.
    payload, name = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    assert name.decode() == TYPE % kind, f"a {name.decode()}, where a {kind} is expected"
    signed = b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)
    body, sigs = json.loads(payload), {each["keyid"]: each["sig"] for each in envelope["signatures"]}
    for signer in signers(body):  # Throws where one is missing or does not hold.
        VerifyKey(public_key(signer)).verify(signed, base64.b64decode(sigs[signer]))
    return payload, body


documents = json.load(open(sys.argv[1]))
payload, proposal = open_envelope(documents["proposal"], "proposal", lambda body: [body["proposer"]])
cid = b"\x01\x55\x12\x20" + hashlib.sha256(payload).digest()
computation = "b" + base64.b32encode(cid).decode().rstrip("=").lower()
heavy, end = [key["id"] for key in proposal["heavy"]], documents["end"]
kind = end["payloadType"].removeprefix("application/vnd.formix.").removesuffix("+json")
needed = (lambda body: heavy) if kind == "result" else (lambda body: [body["heavy"]] if body["heavy"] in heavy else heavy)
_, ended = open_envelope(end, kind, needed)
assert kind in ("result", "refusal") and ended["computation"] == computation, "an end of another computation"
print(f"{kind} of {computation}, signed by {' '.join(needed(ended))}")
print(json.dumps(ended.get("answer") or ended["reason"], indent=2))
