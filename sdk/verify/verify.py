#!/usr/bin/env python3
"""Verifies how a Formix computation ended from its signed documents alone, with PyNaCl and no code of Formix.

    formix comp show ID --documents > documents.json
    python verify.py documents.json
"""
import base64, hashlib, json, sys
from nacl.signing import VerifyKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def need(holds, why):
    if not holds:
        sys.exit(f"does not hold: {why}")


def verifies(node, message, signature):  # A node's id is base58 of six fixed bytes and its Ed25519 key.
    data = sum(ALPHABET.index(letter) * 58**at for at, letter in enumerate(reversed(node))).to_bytes(38, "big")
    need(data[:6].hex() == "002408011220", f"{node} is not a node id")
    VerifyKey(data[6:]).verify(message, base64.b64decode(signature))  # Throws where it does not hold.


def open_envelope(envelope, signers_of):  # DSSE: a signature covers type and payload with their lengths.
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    body, signatures = json.loads(payload), {each["keyid"]: each["sig"] for each in envelope["signatures"]}
    for signer in (signers := signers_of(kind.decode(), body, signatures)):
        need(signer in signatures, f"not signed by {signer}")
        verifies(signer, b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload), signatures[signer])
    return payload, body, signers


def verify(documents):
    def ended_by(kind, body, signatures):  # A result needs all three heavy nodes, with rep64 two; a refusal its own.
        signed = [node for node in heavy if node in signatures]
        if kind == "application/vnd.formix.refusal+json":
            need(body["heavy"] in heavy, "a stranger's refusal")
            return [body["heavy"]]
        need(kind == "application/vnd.formix.result+json", f"a document of the type {kind}")
        return signed if len(signed) >= 2 and proposal["scheme"] == "rep64" else heavy

    payload, proposal, _ = open_envelope(documents["proposal"], lambda kind, body, signatures: [body["proposer"]])
    need(documents["proposal"]["payloadType"] == "application/vnd.formix.proposal+json", "not a proposal")
    cid = b"\x01\x55\x12\x20" + hashlib.sha256(payload).digest()
    computation, heavy = "b" + base64.b32encode(cid).decode().rstrip("=").lower(), [key["id"] for key in proposal["heavy"]]
    need(len(set(heavy)) == 3, "three heavy nodes are expected")
    _, end, signers = open_envelope(documents["end"], ended_by)
    need(end["computation"] == computation, "an end of another computation")
    is_refusal = documents["end"]["payloadType"] == "application/vnd.formix.refusal+json"  # Whose one signature makes no result.
    print(f"{'refusal' if is_refusal else 'result'} of {computation}, signed by {' '.join(signers)}")
    print(json.dumps(end["reason" if is_refusal else "answer"], indent=2))


if __name__ == "__main__":
    verify(json.load(open(sys.argv[1])))
