"""Heavy nodes as they describe themselves, and which of them this machine trusts.

Every heavy node signs a descriptor: its id, its sealing key, its addresses. The first time that a network is met, its heavy
nodes are pinned in a file below :func:`formix.identity.home`; from then on other nodes, or other keys of theirs, are refused
until the caller pins them. So whoever controls the host that answers cannot put its own keys in their place later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from .documents import Envelope, NodeId, loads
from .errors import DocumentError, NotPinned, VerificationError
from .identity import create_private, home
from .proposal import HeavyKey, read, rfc3339_moment

__all__ = ["Descriptor", "Pins"]

#: Media type of a descriptor's payload.
PAYLOAD_TYPE: Final = "application/vnd.formix.heavy+json"
#: Most heavy nodes of one network.
HEAVY_NODES_MAX: Final = 64
#: How far a descriptor may be dated ahead of the clock here.
AHEAD_MAX: Final = timedelta(minutes=10)


class Descriptor(BaseModel):
    """What a heavy node says of itself: the payload of a document that it signs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    #: Version of this document's format: 1.
    version: Literal[1]
    #: The node.
    id: str
    #: The key that shares for it are sealed to. It never changes for one node.
    seal: str
    #: Where it listens, as multiaddrs.
    addresses: list[str] = Field(max_length=16)
    #: When it said so, in RFC 3339.
    issued: str

    @classmethod
    def open(cls, envelope: Envelope, now: datetime | None = None) -> Descriptor:
        """Reads a descriptor that its node has signed, and by now could have.

        Raises:
            DocumentError: The payload is no descriptor.
            VerificationError: Its node has not signed it, or it is dated ahead of the clock.
        """
        descriptor = read(cls, envelope.verify(PAYLOAD_TYPE, ()), "a heavy node's descriptor")
        envelope.verify(PAYLOAD_TYPE, [NodeId(descriptor.id)])
        try:
            ahead = rfc3339_moment(descriptor.issued) - (now or datetime.now(UTC))
        except (ValueError, TypeError):
            raise DocumentError(f"not a heavy node's descriptor: `{descriptor.issued[:40]}` is no moment") from None
        if ahead > AHEAD_MAX:
            raise VerificationError(
                f"heavy node …{descriptor.id[-6:]} dates its descriptor {ahead} from now; its clock or the one here is wrong"
            )
        return descriptor

    @property
    def key(self) -> HeavyKey:
        """The node and its sealing key, as a proposal names them."""
        return HeavyKey(id=self.id, seal=self.seal)


class Pins:
    """The heavy nodes that one network showed when it was first met: a file that is made once."""

    def __init__(self, network: str, folder: Path | None = None) -> None:
        self.network = network
        name = hashlib.sha256(network.encode()).hexdigest()[:24]
        self._file = (folder or home()) / "sdk-pins" / f"{name}.json"

    def check(self, descriptors: Iterable[Descriptor]) -> list[HeavyKey]:
        """The pinned ones among ``descriptors``, ascending; all are pinned where none were.

        Fewer than three make no network yet, and are not pinned: the others would be strangers later.

        Raises:
            NotPinned: One of them is not pinned, or is pinned with another key.
        """
        shown = {descriptor.id: descriptor.key for descriptor in descriptors}
        pinned = self._read()
        if pinned is None:
            if len(shown) >= 3:
                create_private(self._file, self._text(shown))
            # Another process may have been faster: what is in the file counts.
            pinned = self._read() or {id: key.seal for id, key in shown.items()}
        for id, key in shown.items():
            if id not in pinned:
                problem = f"names heavy node …{id[-6:]}, which is not among those pinned when this network was first met"
                raise NotPinned(self.network, NodeId(id), problem)
            if pinned[id] != key.seal:
                raise NotPinned(self.network, NodeId(id), f"heavy node …{id[-6:]} shows another sealing key than before")
        return sorted(shown.values(), key=lambda key: NodeId(key.id).public_key)

    def replace(self, descriptors: Iterable[Descriptor]) -> None:
        """Pins these in place of those pinned before."""
        self._file.unlink(missing_ok=True)
        create_private(self._file, self._text({descriptor.id: descriptor.key for descriptor in descriptors}))

    def _text(self, keys: Mapping[str, HeavyKey]) -> bytes:
        seals = {id: key.seal for id, key in keys.items()}
        return json.dumps({"version": 1, "network": self.network, "heavy": seals}, indent=2).encode() + b"\n"

    def _read(self) -> dict[str, str] | None:
        try:
            stored = loads(self._file.read_bytes(), str(self._file))
        except FileNotFoundError:
            return None
        match stored:
            case {"version": 1, "network": self.network, "heavy": dict(heavy)}:
                return heavy
            case _:
                raise DocumentError(f"{self._file} does not hold the pins of {self.network}; restore it from a copy")
