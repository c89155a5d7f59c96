#!/usr/bin/env python3
"""Makes receipts.json: receipts that every verifier accepts, and such as every verifier refuses.

    python tests/sdk/receipts.py > tests/sdk/receipts.json

The keys are those of tests/wire, and Ed25519 signs without randomness: it prints the same each time. Each case says whether the
document holds, and what it is held against: `node` and `witness` are ids (`witness: true` asks for any), `manifest` is a signed
manifest, the rest bytes in base64. It needs PyNaCl.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from nacl.signing import SigningKey

TYPE, MANIFEST_TYPE = "application/vnd.in-toto+json", "application/vnd.formix.job+json"
MODULE, INPUT, OUTPUT = b"\0asm\1\0\0\0", 'Grüße, "world"\n'.encode(), '\n"dlrow" ,eßürG'.encode()
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# The neutral element of the curve: as a key it "verifies" a signature of it and zero over any message.
NEUTRAL = b"\1" + bytes(31)


def node_id(key: bytes) -> str:
    number, digits = int.from_bytes(bytes.fromhex("002408011220") + key, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = ALPHABET[digit] + digits
    return "1" + digits


def name(key: SigningKey) -> str:
    return node_id(bytes(key.verify_key))


PROPOSER, LIGHT, HEAVY, STRANGER = (SigningKey(bytes([seed]) * 32) for seed in (9, 20, 1, 21))


def sha(data: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(data).hexdigest()}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def cid(data: bytes) -> str:
    return "b" + base64.b32encode(b"\1\x55\x12\x20" + hashlib.sha256(data).digest()).decode().rstrip("=").lower()


def seal(payload: bytes, signers: Sequence[SigningKey], kind: str = TYPE) -> dict[str, Any]:
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    signatures = [{"keyid": name(key), "sig": b64(key.sign(signed).signature)} for key in signers]
    return {"payloadType": kind, "payload": b64(payload), "signatures": signatures}


LIMITS = {
    "fuel": 5_000_000,
    "memory_bytes": 268_435_456,
    "stack_bytes": 4_194_304,
    "call_depth": 16_384,
    "module_bytes": 16_777_216,
    "table_elements": 1_048_576,
    "output_bytes": 16_777_216,
    "wall_ms": 120_000,
}
MANIFEST = {
    "version": 1,
    "name": "reverse a line",
    "submitter": name(PROPOSER),
    "module": {"inline": b64(MODULE)},
    "input": {"id": cid(INPUT)},
    "entry": "_start",
    "args": ["reverse", '--écrire "\\"'],
    "env": {"10": "ten", "9": "nine", "LANG": "C.UTF-8"},
    "limits": LIMITS,
    "replicas": 1,
    "quorum": "majority",
    "constraints": {"kinds": [], "nodes": [], "except": [], "agreed_min": 0},
    "created": "2026-11-20T12:00:00Z",
    "deadline": "2026-11-20T13:00:00Z",
    "priority": 0,
    "deterministic": True,
    "nonce": "000102030405060708090a0b0c0d0e0f",
}


def manifest(**changes: Any) -> str:
    return json.dumps(seal(compact(MANIFEST | changes), [PROPOSER], MANIFEST_TYPE))


JOB = hashlib.sha256(compact(MANIFEST)).digest()
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "stdout", "digest": sha(OUTPUT)}, {"name": "stderr", "digest": sha(b"")}],
    "predicateType": "https://github.com/formix/formix/receipt/v1",
    "predicate": {
        "job": {"sha256": JOB.hex()},
        "submitter": name(PROPOSER),
        "node": name(LIGHT),
        "module": sha(MODULE),
        "input": sha(INPUT),
        "invocation": {
            "entry": "_start",
            "args": MANIFEST["args"],
            "env": MANIFEST["env"],
            "limits": LIMITS,
            "clock": "2026-11-20T12:00:00Z",
            "seed": hashlib.sha256(b"formix/job-seed/1\0" + JOB).hexdigest(),
        },
        "ending": {"exit": 0},
        "fuel": {"used": 48_151, "schedule": "wasmi-1.1.0/formix-1"},
        "memory_peak_bytes": 1_114_112,
        "wall_us": 1_623,
        "cpu_us": 1_590,
        "started": "2026-11-20T12:00:01.25Z",
        "ended": "2026-11-20T12:00:01.252Z",
    },
}
Cases = list[dict[str, Any]]
CASES: Cases = []
GONE = object()


def changed(path: str, value: object) -> Any:
    """The statement with another value at a path; `GONE` takes it away."""
    statement = copy.deepcopy(STATEMENT)
    place: Any = statement
    *parts, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in parts:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return statement


def case(what: str, holds: bool, document: Any, **against: Any) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    CASES.append({"name": what, "holds": holds, "document": text, "against": against})


def receipt(signers: Sequence[SigningKey] = (LIGHT,), payload: bytes | None = None, kind: str = TYPE) -> dict[str, Any]:
    return seal(compact(STATEMENT) if payload is None else payload, signers, kind)


def edited(change: Callable[[dict[str, Any]], object], signers: Sequence[SigningKey] = (LIGHT,)) -> dict[str, Any]:
    document = receipt(signers)
    change(document)
    return document


def holding() -> None:
    files = {"module": b64(MODULE), "stdin": b64(INPUT), "stdout": b64(OUTPUT), "stderr": ""}
    case("a receipt", True, receipt())
    case("with all that it speaks of", True, receipt(), node=name(LIGHT), manifest=manifest(), **files)
    case("with a witness", True, receipt([LIGHT, HEAVY]), witness=True)
    case("with this witness", True, receipt([HEAVY, LIGHT]), witness=name(HEAVY))
    for what, ending in (
        ("exit code 7", {"exit": 7}),
        ("a trap", {"trap": {"code": "out-of-fuel", "words": "it used all its fuel"}}),
        ("a rejection", {"rejected": {"code": "imports-denied", "words": 'it imports `env` "x"'}}),
    ):
        case(what, True, receipt(payload=compact(changed("predicate.ending", ending))))
    case("without processor time", True, receipt(payload=compact(changed("predicate.cpu_us", GONE))))
    case("with spaces between", True, receipt(payload=json.dumps(STATEMENT, indent=1).encode()))
    backwards = {key: STATEMENT[key] for key in reversed(STATEMENT)}
    case("in another order", True, receipt(payload=compact(backwards)))
    case("in the URL-safe alphabet", True, edited(lambda it: it.update(payload=it["payload"].translate(str.maketrans("+/", "-_")))))


def signatures() -> None:
    case("nobody signed", False, receipt([]))
    case("signed by another", False, receipt([STRANGER]))
    case("signed by the witness alone", False, receipt([HEAVY]))

    def swap(it: dict[str, Any]) -> None:
        it["signatures"][0]["sig"] = receipt([STRANGER])["signatures"][0]["sig"]

    case("another key's signature", False, edited(swap))
    case("a signature of zeros", False, edited(lambda it: it["signatures"][0].update(sig=b64(bytes(64)))))
    case("a short signature", False, edited(lambda it: it["signatures"][0].update(sig=it["signatures"][0]["sig"][:84])))
    case("a long signature", False, edited(lambda it: it["signatures"][0].update(sig=b64(bytes(66)))))
    case("a false witness", False, edited(lambda it: it["signatures"][1].update(sig=b64(bytes(64))), [LIGHT, HEAVY]))
    case("altered afterwards", False, edited(lambda it: it.update(payload=b64(compact(changed("predicate.fuel.used", 48_152))))))
    case("another exit code afterwards", False, edited(lambda it: it.update(payload=b64(compact(changed("predicate.ending", {"exit": 1}))))))
    case("signed as another type", False, receipt(kind="application/json"))
    case("renamed to another type", False, edited(lambda it: it.update(payloadType="application/json")))
    case("signed as another type, renamed", False, {**receipt(kind="application/json"), "payloadType": TYPE})
    case("a manifest", False, manifest())
    weak = changed("predicate.node", node_id(NEUTRAL))
    forged = {"keyid": node_id(NEUTRAL), "sig": b64(NEUTRAL + bytes(32))}
    case("a key that verifies everything", False, {**receipt(payload=compact(weak)), "signatures": [forged]})


def envelopes() -> None:
    case("no JSON", False, "{")
    case("a list", False, "[]")
    case("something behind it", False, json.dumps(receipt()) + "{}")
    case("a member too many", False, {**receipt(), "more": 1})
    case("a member too few", False, {key: value for key, value in receipt().items() if key != "signatures"})
    case("a key twice", False, json.dumps(receipt())[:-1] + ',"payloadType":"application/vnd.in-toto+json"}')
    case("an escaped key twice", False, json.dumps(receipt())[:-1] + ',"payload\\u0054ype":"application/vnd.in-toto+json"}')
    case("a signature's member too many", False, edited(lambda it: it["signatures"][0].update(cert="")))
    case("a signer twice", False, edited(lambda it: it["signatures"].append(it["signatures"][0])))
    nine = [SigningKey(bytes([seed]) * 32) for seed in range(50, 58)]
    case("nine signatures", False, receipt([LIGHT, *nine]))
    case("no node id", False, edited(lambda it: it["signatures"][0].update(keyid="12D3KooW")))
    case("a node id of other letters", False, edited(lambda it: it["signatures"][0].update(keyid=name(LIGHT)[:-1] + "0")))
    case("a longer node id", False, edited(lambda it: it["signatures"][0].update(keyid="1" + name(LIGHT))))
    case("no base64", False, edited(lambda it: it.update(payload=it["payload"][:-4] + "*AAA")))
    case("base64 with a line break", False, edited(lambda it: it.update(payload=it["payload"][:8] + "\n" + it["payload"][8:])))
    padded = receipt(payload=compact(STATEMENT) + b" " * (-len(compact(STATEMENT)) % 3 + 1))
    assert padded["payload"].endswith("==")
    case("base64 with its padding", True, padded)
    case("base64 without its padding", False, {**padded, "payload": padded["payload"].rstrip("=")})
    loose = padded["payload"][:-3] + chr(ord(padded["payload"][-3]) + 1) + "=="
    case("base64 with stray bits", False, {**padded, "payload": loose})
    case("a payload that is no text", False, edited(lambda it: it.update(payload=7)))


def statements() -> None:
    long = "x" * 1_025
    for what, path, value in (
        ("another `_type`", "_type", "https://in-toto.io/Statement/v0.1"),
        ("another predicate", "predicateType", "https://slsa.dev/provenance/v1"),
        ("a member too many in the statement", "more", 1),
        ("a member too many in the predicate", "predicate.more", 1),
        ("one subject", "subject", STATEMENT["subject"][:1]),
        ("three subjects", "subject", [*STATEMENT["subject"], STATEMENT["subject"][0]]),
        ("subjects in another order", "subject", STATEMENT["subject"][::-1]),
        ("a digest in capitals", "predicate.module.sha256", sha(MODULE)["sha256"].upper()),
        ("a short digest", "predicate.module.sha256", "00"),
        ("a digest of another kind", "predicate.module", {"sha512": "00"}),
        ("a second digest", "predicate.module.sha1", "00"),
        ("no job", "predicate.job", GONE),
        ("no fuel", "predicate.fuel", GONE),
        ("no seed", "predicate.invocation.seed", GONE),
        ("a submitter that is no id", "predicate.submitter", "me"),
        ("negative fuel", "predicate.fuel.used", -1),
        ("broken fuel", "predicate.fuel.used", 1.5),
        ("fuel of 2^53", "predicate.fuel.used", 2**53),
        ("fuel in quotes", "predicate.fuel.used", "48151"),
        ("fuel that is true", "predicate.fuel.used", True),
        ("a gas schedule in capitals", "predicate.fuel.schedule", "WASMI"),
        ("an exit code of 2^32", "predicate.ending", {"exit": 2**32}),
        ("an exit code of -1", "predicate.ending", {"exit": -1}),
        ("no ending", "predicate.ending", {}),
        ("two endings", "predicate.ending", {"exit": 0, "trap": {"code": "x", "words": ""}}),
        ("an unknown ending", "predicate.ending", {"done": 0}),
        ("a trap without words", "predicate.ending", {"trap": {"code": "x"}}),
        ("a trap with a code in words", "predicate.ending", {"trap": {"code": "Out of fuel", "words": ""}}),
        ("a trap with many words", "predicate.ending", {"trap": {"code": "x", "words": long}}),
        ("a moment in words", "predicate.started", "yesterday"),
        ("a moment without a zone", "predicate.started", "2026-11-20T12:00:01"),
        ("a moment before 1970", "predicate.invocation.clock", "1969-12-31T23:59:59Z"),
        ("a day that there is not", "predicate.invocation.clock", "2026-02-30T00:00:00Z"),
        ("ended before it started", "predicate.ended", "2026-11-20T12:00:01.249Z"),
        ("no entry", "predicate.invocation.entry", ""),
        ("an entry with a line break", "predicate.invocation.entry", "a\nb"),
        ("an argument with a NUL", "predicate.invocation.args", ["a\0b"]),
        ("arguments that are too long", "predicate.invocation.args", ["x" * 16_384]),
        ("an argument that is a number", "predicate.invocation.args", [7]),
        ("a variable with `=`", "predicate.invocation.env", {"A=B": ""}),
        ("a variable without a name", "predicate.invocation.env", {"": "x"}),
        ("no fuel to use", "predicate.invocation.limits.fuel", 0),
        ("too much memory to use", "predicate.invocation.limits.memory_bytes", 2**33),
        ("an unknown limit", "predicate.invocation.limits.gas", 1),
        ("a short seed", "predicate.invocation.seed", "00"),
    ):
        case(what, False, receipt(payload=compact(changed(path, value))))
    text = compact(STATEMENT)
    case("a key twice in the predicate", False, receipt(payload=text.replace(b'"wall_us":', b'"wall_us":1,"wall_us":')))
    case("a variable twice", False, receipt(payload=text.replace(b'"LANG":', b'"LANG":"","LANG":')))
    case("something behind the statement", False, receipt(payload=text + b"{}"))
    case("no UTF-8", False, receipt(payload=text.replace("é".encode(), b"\xe9")))
    case("half a letter", False, receipt(payload=text.replace(b'"reverse"', b'"\\ud800"')))
    case("fuel with a point", False, receipt(payload=text.replace(b"48151", b"48151.0")))
    case("fuel with an exponent", False, receipt(payload=text.replace(b"48151", b"4.8151e4")))
    case("no statement", False, receipt(payload=b"null"))


def held_against() -> None:
    other = b64(b"other")
    for given in ("module", "stdin", "stdout", "stderr"):
        case(f"another {given}", False, receipt(), **{given: other})
    case("another node", False, receipt(), node=name(STRANGER))
    case("no witness", False, receipt(), witness=True)
    case("another witness", False, receipt([LIGHT, HEAVY]), witness=name(STRANGER))
    case("its node for a witness", False, receipt(), witness=name(LIGHT))
    case("another job", False, receipt(), manifest=manifest(nonce="0" * 32))
    elsewhere = json.loads(manifest())
    elsewhere["signatures"] = []
    case("a manifest that nobody signed", False, receipt(), manifest=json.dumps(elsewhere))
    for what, path, value in (
        ("another module than the manifest's", "predicate.module", sha(b"other")),
        ("another input than the manifest's", "predicate.input", sha(b"other")),
        ("another submitter than the manifest's", "predicate.submitter", name(STRANGER)),
        ("other arguments than the manifest's", "predicate.invocation.args", ["reverse"]),
        ("another environment than the manifest's", "predicate.invocation.env", {}),
        ("other limits than the manifest's", "predicate.invocation.limits.fuel", 5_000_001),
        ("another clock than the manifest's", "predicate.invocation.clock", "2026-11-20T12:00:01Z"),
        ("another seed than the manifest's", "predicate.invocation.seed", "0" * 64),
        ("more fuel than the manifest's", "predicate.fuel.used", 5_000_001),
        ("more memory than the manifest's", "predicate.memory_peak_bytes", 268_435_457),
    ):
        document = receipt(payload=compact(changed(path, value)))
        case(f"{what}, alone", True, document)
        case(what, False, document, manifest=manifest())


def main() -> None:
    for make in (holding, signatures, envelopes, statements, held_against):
        make()
    assert len({each["name"] for each in CASES}) == len(CASES)
    print("[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in CASES) + "\n]")


if __name__ == "__main__":
    main()
