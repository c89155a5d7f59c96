"""Signed documents: DSSE envelopes over JSON, the ids of their signers, and content ids.

A signature covers DSSE's pre-authentication encoding of type and payload bytes, so a reader checks bytes and never
canonicalises JSON. A signer's id is its libp2p peer id, an identity multihash around its Ed25519 public key. A
computation's id is the CIDv1 (raw, sha2-256) of its proposal's payload.

Specifications: `DSSE 1.0 <https://github.com/secure-systems-lab/dsse>`_, RFC 8032, libp2p peer ids, multiformats CIDv1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from .errors import DocumentError, VerificationError

__all__ = [
    "ENVELOPE_BYTES_MAX",
    "Envelope",
    "NodeId",
    "Signature",
    "content_digest",
    "content_id",
    "content_id_of",
    "from_base64",
    "loads",
]

#: Longest JSON text of an envelope that is read, in bytes.
ENVELOPE_BYTES_MAX: Final = 512 * 1024
#: Most signatures that an envelope may carry.
SIGNATURES_MAX: Final = 8

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# An identity multihash of 36 bytes around libp2p's protobuf of an Ed25519 key.
_PEER_ID_PREFIX: Final = bytes.fromhex("002408011220")
_CID_PREFIX: Final = bytes([0x01, 0x55, 0x12, 0x20])


def content_id(data: bytes) -> str:
    """The CIDv1 of raw bytes under SHA-256, ``bafkrei…``."""
    return content_id_of(hashlib.sha256(data).digest())


def content_id_of(digest: bytes) -> str:
    """The CIDv1 of the raw bytes whose SHA-256 this is."""
    return "b" + base64.b32encode(_CID_PREFIX + digest).decode().rstrip("=").lower()


def content_digest(id: str) -> bytes:
    """The SHA-256 digest in a content id.

    Raises:
        DocumentError: The text is no content id of raw bytes under SHA-256.
    """
    try:
        cid = base64.b32decode(id[1:].upper() + "======") if len(id) == 59 and id == id.lower() else b""
    except (binascii.Error, ValueError):
        cid = b""
    if not id.startswith("b") or cid[:4] != _CID_PREFIX:
        raise DocumentError(f"`{id[:80]}` is not a content id: expected 59 characters that begin with `bafkrei`")
    return cid[4:]


def loads(text: bytes | str, what: str) -> Any:
    """Reads JSON; a key that stands twice in one object is an error, since two readers could take different ones.

    Raises:
        DocumentError: It is not JSON.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DocumentError(f"{what}: a key stands twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"{what}: not JSON ({error})") from None


class NodeId(str):
    """A node's name: the libp2p peer id of its Ed25519 key, ``12D3KooW…``. It is its own text."""

    __slots__ = ()

    def __new__(cls, text: str) -> NodeId:
        """Checks the text.

        Raises:
            DocumentError: The text is not the peer id of an Ed25519 key.
        """
        if _peer_id_key(text) is None:
            raise DocumentError(f"`{text[:80]}` is not a node id: expected the peer id of an Ed25519 key, `12D3KooW…`")
        return super().__new__(cls, text)

    @classmethod
    def of_public_key(cls, key: bytes) -> NodeId:
        """The node whose Ed25519 public key this is, 32 bytes."""
        data = _PEER_ID_PREFIX + key
        number, digits = int.from_bytes(data, "big"), ""
        while number:
            number, digit = divmod(number, 58)
            digits = _BASE58[digit] + digits
        zeros = len(data) - len(data.lstrip(b"\0"))
        return cls("1" * zeros + digits)

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        key = _peer_id_key(self)
        assert key is not None, "checked when it was made"
        return key

    @property
    def short(self) -> str:
        """The last characters, which tell nodes apart for a person."""
        return self[-6:]

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this node's over ``message``. Keys and signatures that libsodium refuses verify nothing."""
        if len(signature) != 64:
            return False
        try:
            VerifyKey(self.public_key).verify(message, signature)
        except (CryptoError, ValueError):
            return False
        return True


def _peer_id_key(text: str) -> bytes | None:
    if len(text) > 60:
        return None
    number = 0
    for letter in text:
        digit = _BASE58.find(letter)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    prefix, key = data[:6], data[6:]
    return key if prefix == _PEER_ID_PREFIX and len(key) == 32 else None


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def from_base64(text: object, what: str) -> bytes:
    """Standard base64; the URL-safe alphabet is read too, as DSSE asks of a reader. Bytes have one text in each.

    Raises:
        DocumentError: The text is not base64.
    """
    if isinstance(text, str):
        for altchars in (b"+/", b"-_"):
            try:
                data = base64.b64decode(text, altchars=altchars, validate=True)
            except (binascii.Error, ValueError):
                continue
            if base64.b64encode(data, altchars).decode() == text:
                return data
    raise DocumentError(f"{what} is not base64")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in an :class:`Envelope`."""

    #: The signer.
    keyid: NodeId
    #: Ed25519 over the envelope's pre-authentication encoding, 64 bytes.
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A document with its signatures: DSSE 1.0 in its JSON form.

    Nothing is verified by reading one: :meth:`verify` does, and gives the payload.
    """

    #: Media type of the payload.
    payload_type: str
    #: The payload's bytes.
    payload: bytes
    #: Who signed.
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def from_json(cls, document: bytes | str | Mapping[str, Any]) -> Envelope:
        """Reads the JSON form: text, or what a JSON reader made of it.

        Raises:
            DocumentError: It is no envelope, is too long, or carries one signer twice.
        """
        if isinstance(document, bytes | str):
            size = len(document if isinstance(document, bytes) else document.encode())
            if size > ENVELOPE_BYTES_MAX:
                raise DocumentError(f"a signed document of {size} bytes; at most {ENVELOPE_BYTES_MAX} are read")
            document = loads(document, "a signed document")
        if not isinstance(document, Mapping) or set(document) != {"payloadType", "payload", "signatures"}:
            raise DocumentError("not a DSSE envelope: it has `payloadType`, `payload`, `signatures` and nothing else")
        kind, signatures = document["payloadType"], document["signatures"]
        if not isinstance(kind, str) or not isinstance(signatures, list):
            raise DocumentError("not a DSSE envelope: `payloadType` is a text and `signatures` a list")
        if len(signatures) > SIGNATURES_MAX:
            raise DocumentError(f"more than {SIGNATURES_MAX} signatures")
        read: dict[NodeId, Signature] = {}
        for signature in signatures:
            if not isinstance(signature, Mapping) or set(signature) != {"keyid", "sig"}:
                raise DocumentError("not a DSSE envelope: a signature has `keyid` and `sig`")
            if not isinstance(signature["keyid"], str):
                raise DocumentError("not a DSSE envelope: a `keyid` is a text")
            signer = NodeId(signature["keyid"])
            if signer in read:
                raise DocumentError(f"{signer} signed twice")
            read[signer] = Signature(signer, from_base64(signature["sig"], "a signature"))
        return cls(kind, from_base64(document["payload"], "the payload"), tuple(read.values()))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as plain values."""
        return {
            "payloadType": self.payload_type,
            "payload": _to_base64(self.payload),
            "signatures": [{"keyid": str(each.keyid), "sig": _to_base64(each.sig)} for each in self.signatures],
        }

    def to_json(self) -> bytes:
        """The JSON form, in which a document leaves the network."""
        return json.dumps(self.to_dict(), separators=(",", ":")).encode()

    @cached_property
    def pre_authentication(self) -> bytes:
        """DSSE's ``PAE(type, payload)``, the bytes that are signed."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    def is_signed_by(self, signer: NodeId) -> bool:
        """Whether a signature of ``signer`` is there and holds."""
        return any(each.keyid == signer and signer.verifies(self.pre_authentication, each.sig) for each in self.signatures)

    def verify(self, payload_type: str, signers: Iterable[NodeId]) -> bytes:
        """Checks the type and that each of ``signers`` signed; gives the payload. Signatures of others are ignored.

        Raises:
            VerificationError: The type is another, or a signature is missing or does not hold.
        """
        if self.payload_type != payload_type:
            raise VerificationError(f"a document of the unexpected type `{self.payload_type[:64]}`")
        present = {each.keyid for each in self.signatures}
        for signer in signers:
            if signer not in present:
                raise VerificationError(f"not signed by {signer}")
            if not self.is_signed_by(signer):
                raise VerificationError(f"the signature of {signer} does not fit the document")
        return self.payload
