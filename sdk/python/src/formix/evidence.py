"""Evidence that a heavy node lied about its sums: a document that convicts it by its own two signatures.

With `rep64`, each heavy node signs the agreed set together with the sums of the reports' commitments before any sum is
released. A sum of shares that it signs afterwards either opens them or contradicts its own word. Nothing else is needed: no
report, no secret, and no trust in the accuser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from .arithmetic import layout
from .documents import Envelope, NodeId, content_digest, from_base64
from .errors import DocumentError, VerificationError
from .proposal import Proposal, read
from .rep64 import scalars, sums_open
from .text import plain

__all__ = ["Evidence"]

#: Media type of the payload.
EVIDENCE_TYPE: Final = "application/vnd.formix.evidence+json"
_COMMIT: Final = b"formix/commit/1\0"
_PARTIAL: Final = b"formix/partial/1\0"
_U32: Final = 2**32


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    version: Literal[1]
    computation: str
    accused: str
    accuser: str
    #: Whose holdings were intersected: one bit for each place in the proposal's `heavy`.
    cohort: int = Field(ge=0, lt=256)
    set: str
    participants: int = Field(ge=0, lt=_U32)
    rejected: int = Field(ge=0, lt=_U32)
    commitments: str
    commit_signature: str
    sum: str
    sum_signature: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Verified evidence: this heavy node signed two things that contradict each other."""

    #: The computation.
    id: str
    #: What was asked.
    proposal: Proposal
    #: Who lied.
    accused: NodeId
    #: Who says so, and signed the document.
    accuser: NodeId
    #: The signed documents: proposal and evidence.
    documents: tuple[Envelope, Envelope]

    def __str__(self) -> str:
        liar, witness = self.accused.short, self.accuser.short
        return f"{plain(self.proposal.title)}\n  heavy node …{liar} lied about its sums\n  shown by …{witness}"

    @classmethod
    def open(cls, asked: Envelope, envelope: Envelope) -> Evidence:
        """Verifies evidence against the computation's proposal.

        Raises:
            DocumentError: One of them is not a document of its kind.
            VerificationError: The accused has not signed what it is accused of, or did not lie.
        """
        id, proposal = Proposal.open(asked)
        payload = read(_Payload, envelope.verify(EVIDENCE_TYPE, ()), "evidence")
        accused, accuser = NodeId(payload.accused), NodeId(payload.accuser)
        envelope.verify(EVIDENCE_TYPE, [accuser])
        heavy = proposal.heavy_ids
        if payload.computation != id or accused not in heavy or accuser not in heavy or proposal.scheme != "rep64":
            raise VerificationError("evidence about another computation")
        agreed = content_digest(id), content_digest(payload.set)
        commitments = from_base64(payload.commitments, "`commitments`")
        counts = payload.participants.to_bytes(4, "little") + payload.rejected.to_bytes(4, "little")
        committed = _COMMIT + agreed[0] + bytes([payload.cohort]) + agreed[1] + counts + commitments
        if not accused.verifies(committed, from_base64(payload.commit_signature, "`commit_signature`")):
            raise VerificationError("the accused heavy node has not signed this set and these commitments")
        sums = from_base64(payload.sum, "`sum`")
        if not accused.verifies(_PARTIAL + agreed[0] + agreed[1] + sums, from_base64(payload.sum_signature, "`sum_signature`")):
            raise VerificationError("the accused heavy node has not signed this sum")
        length = scalars(layout(proposal.query), proposal.participants_max)
        try:
            opens = sums_open(heavy.index(accused), sums, commitments, length)
        except DocumentError:
            # To sign commitments that are none is a lie as well.
            opens = False, False
        if all(opens) and sums[:4] == counts[:4]:
            raise VerificationError("what the accused heavy node signed fits together: it did not lie")
        return cls(id, proposal, accused, accuser, (asked, envelope))
