#!/usr/bin/env python3
"""Verifies the receipt of a Formix job from the document alone, with PyNaCl and no code of Formix.

    python receipt.py receipt.json [--module FILE] [--stdin FILE] [--stdout FILE] [--stderr FILE]

A file that is named must be the one that the receipt speaks of.
"""
import argparse, base64, hashlib, json, sys
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def need(holds, why):
    if not holds:
        sys.exit(f"does not hold: {why}")


def key(node):  # A node's id is base58 of six fixed bytes and its Ed25519 key.
    number = sum(ALPHABET.index(letter) * 58**at for at, letter in enumerate(reversed(node)))
    data = number.to_bytes(38, "big")
    need(data[:6].hex() == "002408011220", f"{node} is not a node id")
    return VerifyKey(data[6:])


def verify(envelope, files):
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    need(kind == b"application/vnd.in-toto+json", "not an in-toto document")
    statement = json.loads(payload)
    need(statement["_type"] == "https://in-toto.io/Statement/v1", "not an in-toto Statement v1")
    need(statement["predicateType"] == "https://github.com/formix/formix/receipt/v1", "not a receipt")
    run, streams = statement["predicate"], {each["name"]: each["digest"] for each in statement["subject"]}
    signers = {each["keyid"]: base64.b64decode(each["sig"]) for each in envelope["signatures"]}
    need(len(signers) == len(envelope["signatures"]), "a signer twice")
    need(run["node"] in signers, f"not signed by {run['node']}, who ran it")
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    for node, signature in signers.items():
        try:
            key(node).verify(signed, signature)
        except (BadSignatureError, OverflowError, ValueError):
            need(False, f"the signature of {node}")
    digests = {"module": run["module"], "stdin": run["input"], **streams}
    for name, path in files.items():
        found = hashlib.sha256(open(path, "rb").read()).hexdigest()
        need(found == digests[name]["sha256"], f"{path} is not the {name} of this run")
    witnesses = [node for node in signers if node != run["node"]]
    print(f"Receipt verified: run by {run['node']}" + "".join(f", witnessed by {node}" for node in witnesses))
    print(json.dumps({"ending": run["ending"], "fuel": run["fuel"], "stdout": streams["stdout"]["sha256"]}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("receipt")
    for name in (NAMES := ["module", "stdin", "stdout", "stderr"]):
        parser.add_argument(f"--{name}", metavar="FILE")
    arguments = vars(parser.parse_args())
    try:
        document = json.load(open(arguments["receipt"], "rb"))
        verify(document, {name: arguments[name] for name in NAMES if arguments[name] is not None})
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"does not hold: not a receipt ({error!r})")
