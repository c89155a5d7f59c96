"""Proposals: what is asked, of whom, by when, and through which heavy nodes.

A proposal is the JSON payload of a signed document; its content id is the computation's id. The heavy nodes check it whole;
what is checked here is what can be said better before anything is sent.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .documents import Envelope, NodeId, content_id, loads
from .errors import DocumentError, InvalidProposal, VerificationError
from .identity import Identity
from .reductions import Reduction
from .schemas import RecordSchema

__all__ = ["Deadline", "HeavyKey", "Proposal", "Scheme", "build", "deadline_of"]

#: Media type of a proposal's payload.
PAYLOAD_TYPE: Final = "application/vnd.formix.proposal+json"
#: Fewest participants that a proposal may ask for: below it, a total says too much of each.
PARTICIPANTS_FLOOR: Final = 3

#: How answers are shared among the three heavy nodes.
#:
#: ``prio3``: private against any two; invalid answers are rejected unseen; needs all three.
#: ``rep64``: private against any one; survives the loss of one and names one that lies; answers are not proved valid.
#: ``additive64``: private against any two; needs all three; answers are not proved valid; the fastest.
Scheme: TypeAlias = Literal["prio3", "rep64", "additive64"]
#: A moment, a time from now, or the text of either: ``"10min"``, ``"2h"``, ``"2026-12-01T12:00:00Z"``.
Deadline: TypeAlias = str | timedelta | datetime

_UNITS_S: Final = {
    "ms": 0.001,
    "s": 1,
    "sec": 1,
    "m": 60,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_MOMENT: Final = TypeAdapter(datetime)
M = TypeVar("M", bound=BaseModel)


class HeavyKey(BaseModel):
    """A heavy node of a computation, and the key that shares for it are sealed to."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    #: The node.
    id: str
    #: Its sealing key: X25519 in unpadded URL-safe base64.
    seal: str


class Proposal(BaseModel):
    """A proposed computation: the payload of a signed document."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    #: Version of this document's format: 2.
    version: Literal[2]
    #: What is computed, in a few words for a stranger.
    title: str
    #: What the answer is for.
    purpose: str
    #: Who proposes, and signs.
    proposer: str
    #: Name of the data set that is asked.
    dataset: str
    #: JSON Schema of one record.
    record_schema: dict[str, Any] = Field(alias="schema")
    #: What is computed of the records.
    query: dict[str, Any]
    #: How answers are shared.
    scheme: str
    #: Fewest participants for a result.
    participants_min: int
    #: Most participants.
    participants_max: int
    #: When each heavy node closes, in RFC 3339.
    deadline: str
    #: The three heavy nodes, ascending by public key.
    heavy: list[HeavyKey] = Field(min_length=3, max_length=3)
    #: 32 hexadecimal digits that make two alike proposals two computations.
    nonce: str

    @property
    def heavy_ids(self) -> tuple[NodeId, ...]:
        """The heavy nodes, in the order of their roles."""
        return tuple(NodeId(key.id) for key in self.heavy)

    @property
    def signatures_min(self) -> int:
        """Fewest heavy nodes that must sign a result: two where the scheme does without the third, else all three."""
        return 2 if self.scheme == "rep64" else 3

    @property
    def ends(self) -> datetime:
        """When heavy nodes without a result give up, by their own clocks: the more participants, the later."""
        each = {"additive64": 0.1, "rep64": 1.0}.get(self.scheme, 2.0)
        return self.closes + timedelta(seconds=30, milliseconds=self.participants_max * each)

    @property
    def closes(self) -> datetime:
        """The deadline as a moment."""
        return rfc3339_moment(self.deadline)

    @classmethod
    def open(cls, envelope: Envelope) -> tuple[str, Proposal]:
        """Reads a proposal that its proposer has signed; with the computation's id.

        Raises:
            DocumentError: The payload is no proposal of a version that is known here.
            VerificationError: Its proposer has not signed it, or its heavy nodes are not three.
        """
        payload = envelope.verify(PAYLOAD_TYPE, ())
        proposal = read(cls, payload, "a proposal")
        envelope.verify(PAYLOAD_TYPE, [NodeId(proposal.proposer)])
        keys = [heavy.public_key for heavy in proposal.heavy_ids]
        if sorted(set(keys)) != keys:
            raise VerificationError("the proposal does not name three different heavy nodes in order")
        return content_id(payload), proposal


def read(model: type[M], payload: bytes, what: str) -> M:
    """Reads a document's payload.

    Raises:
        DocumentError: It is not what the model says.
    """
    try:
        return model.model_validate(loads(payload, what))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"not {what} that is known here: `{where}`: {first['msg']}") from None


def deadline_of(deadline: Deadline, now: datetime | None = None) -> datetime:
    """The moment that a deadline names, in UTC.

    Raises:
        InvalidProposal: The text is neither a time from now nor a moment, or the moment has no time zone.
    """
    now = now or datetime.now(UTC)
    if isinstance(deadline, timedelta):
        return now + deadline
    if isinstance(deadline, str):
        text = deadline.strip().lower()
        parts = _DURATION.findall(text)
        if parts and _DURATION.sub("", text) == "" and all(unit in _UNITS_S for _, unit in parts):
            return now + timedelta(seconds=sum(float(number) * _UNITS_S[unit] for number, unit in parts))
        try:
            deadline = _MOMENT.validate_python(deadline)
        except ValidationError:
            raise InvalidProposal("deadline", f"`{deadline}` is neither a time from now (`10min`, `2h`) nor a moment") from None
    if deadline.tzinfo is None:
        raise InvalidProposal("deadline", f"`{deadline}` has no time zone", hint="add one, such as `Z` for UTC")
    return deadline.astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """A moment as documents write it: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_moment(text: object) -> datetime:
    """The moment that a document's text names.

    Raises:
        ValueError: It names none, or has no time zone.
    """
    moment = _MOMENT.validate_python(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a caller says of a proposal; :func:`build` adds the rest."""

    schema: RecordSchema
    reduction: Reduction
    dataset: str | None = None
    title: str | None = None
    purpose: str = ""
    where: str | None = None
    per: Literal["record", "person"] = "record"
    records_max: int = 1_000
    scheme: Scheme = "prio3"
    participants_min: int = PARTICIPANTS_FLOOR
    participants_max: int = 10_000
    deadline: Deadline = "10min"

    def query(self) -> dict[str, Any]:
        """The proposal's ``query``, whole."""
        query = self.reduction.query(self.schema, self.participants_min) | {"per": self.per, "records_max": self.records_max}
        if self.where is not None:
            query["where"] = self.where
        return query


def build(draft: Draft, heavy: Sequence[HeavyKey], identity: Identity) -> Envelope:
    """The signed proposal of a draft through three heavy nodes.

    Raises:
        InvalidProposal: Something is missing, or is not acceptable.
    """
    if draft.participants_min < PARTICIPANTS_FLOOR:
        raise InvalidProposal(
            "participants_min",
            f"{draft.participants_min} is under {PARTICIPANTS_FLOOR}: a total of so few says too much of each",
        )
    if draft.participants_max < draft.participants_min:
        raise InvalidProposal("participants_max", f"{draft.participants_max} is less than the fewest that are asked for")
    if len(heavy) != 3:
        raise InvalidProposal("heavy", f"{len(heavy)} heavy nodes, where three are needed")
    dataset = draft.dataset or draft.schema.name
    if not dataset:
        raise InvalidProposal("dataset", "the schema has no title to name the data set by", hint="give `dataset=`")
    words = draft.reduction.words()
    payload = {
        "version": 2,
        "title": (draft.title or f"{words} in {dataset}")[:120],
        "purpose": draft.purpose,
        "proposer": identity.id,
        "dataset": dataset,
        "schema": draft.schema.document,
        "query": draft.query(),
        "scheme": draft.scheme,
        "participants_min": draft.participants_min,
        "participants_max": draft.participants_max,
        "deadline": rfc3339(deadline_of(draft.deadline)),
        "heavy": [key.model_dump() for key in sorted(heavy, key=lambda key: NodeId(key.id).public_key)],
        "nonce": secrets.token_hex(16),
    }
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return identity.sign(PAYLOAD_TYPE, text.encode())
