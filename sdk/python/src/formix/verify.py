"""Verifies how a computation ended, without a network and without trust in whoever handed the documents over.

A **result** holds when it names the computation at hand and the heavy nodes that its scheme needs have signed it. A
**refusal** holds when the heavy node that it names, one of the computation's three, has signed it; a result supersedes
refusals. Whether these heavy nodes deserve trust is for the caller to know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter

from .arithmetic import figures
from .documents import Envelope, NodeId, loads
from .errors import DocumentError, VerificationError
from .evidence import EVIDENCE_TYPE, Evidence
from .figures import Figures
from .outcome import Outcome
from .proposal import Proposal, read
from .results import Documents, Result
from .text import plain

__all__ = ["Refusal", "verify", "verify_end"]

#: Media types of the payloads.
RESULT_TYPE: Final = "application/vnd.formix.result+json"
REFUSAL_TYPE: Final = "application/vnd.formix.refusal+json"

_FIGURES: TypeAdapter[Any] = TypeAdapter(Figures)

#: A document as a caller may have it: read, as JSON text, or as what a JSON reader made of it.
DocumentLike: TypeAlias = Envelope | bytes | str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A heavy node's verified statement that it has no result."""

    #: The computation.
    id: str
    #: What was asked.
    proposal: Proposal
    #: Who refuses.
    heavy: NodeId
    #: The reason's code, such as ``too-few``.
    code: str
    #: Everything that the reason says.
    reason: Mapping[str, Any]
    #: The signed documents: proposal and refusal.
    documents: tuple[Envelope, Envelope]

    @property
    def text(self) -> str:
        """The reason in words."""
        return _words(self.code, self.reason)

    def __str__(self) -> str:
        return f"{plain(self.proposal.title)}\n  no result: {plain(self.text)}\n  signed by …{self.heavy.short}"


class _RefusalPayload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1]
    computation: str
    heavy: str
    reason: dict[str, Any]


def _envelope(document: DocumentLike) -> Envelope:
    return document if isinstance(document, Envelope) else Envelope.from_json(document)


def verify(proposal: DocumentLike, end: DocumentLike | None = None) -> Result | Refusal | Evidence:
    """Verifies the end of a computation, or evidence against one of its heavy nodes, with its proposal.

    Give the proposal's envelope and the end's; or one document with both, as ``Result.document.to_json()``,
    ``formix comp show --documents`` and ``GET /api/v1/computations/{id}/documents`` write it.

    Raises:
        DocumentError: One of them is not a document of its kind.
        VerificationError: They are, and do not prove what they say.
    """
    if end is None:
        both = loads(proposal, "the documents") if isinstance(proposal, bytes | str) else proposal
        if not isinstance(both, Mapping) or not {"proposal", "end"} <= set(both):
            raise DocumentError("give the proposal and the end, or one document with both")
        if both["end"] is None:
            raise DocumentError("the computation has not ended: there is nothing to verify yet")
        evidence = both.get("evidence")
        shown = _envelope(evidence) if evidence is not None else None
        return verify_end(_envelope(both["proposal"]), _envelope(both["end"]), shown)
    asked, ended = _envelope(proposal), _envelope(end)
    if ended.payload_type == EVIDENCE_TYPE:
        return Evidence.open(asked, ended)
    return verify_end(asked, ended)


def verify_end(asked: Envelope, ended: Envelope, evidence: Envelope | None = None) -> Result | Refusal:
    """Verifies the end of a computation against its proposal, as :func:`verify`; and evidence, where there is some."""
    id, opened = Proposal.open(asked)
    shown = Evidence.open(asked, evidence) if evidence is not None else None
    if ended.payload_type == REFUSAL_TYPE:
        return _refusal(id, opened, asked, ended)
    return _result(id, opened, Documents(asked, ended, evidence), shown)


def _result(id: str, proposal: Proposal, documents: Documents, evidence: Evidence | None) -> Result:
    ended = documents.end
    outcome = read(Outcome, ended.verify(RESULT_TYPE, ()), "a result")
    present = {signature.keyid for signature in ended.signatures}
    signed_by = tuple(heavy for heavy in proposal.heavy_ids if heavy in present)
    enough = len(signed_by) >= proposal.signatures_min
    # Where too few are there, the first that is missing is named.
    ended.verify(RESULT_TYPE, signed_by if enough else proposal.heavy_ids)
    if outcome.computation != id or outcome.scheme != proposal.scheme:
        raise VerificationError("a result of another computation")
    if outcome.participants < proposal.participants_min:
        raise VerificationError(f"a result of {outcome.participants} participants, fewer than the proposal asks for")
    if outcome.answer.participants != outcome.participants or outcome.answer.result.kind != proposal.query.get("kind"):
        raise VerificationError("the answer does not belong to the totals")
    _check_figures(proposal, outcome)
    return Result(id, proposal, outcome, documents, signed_by, evidence)


def _check_figures(proposal: Proposal, outcome: Outcome) -> None:
    """Works the figures out again from the totals. What is stated beside them (rounding, doubts) is the heavy nodes' word."""
    stated = outcome.answer.result.model_dump(by_alias=True)
    found = figures(proposal.query, outcome.totals)
    for each, other in zip(found.get("quantiles", ()), stated.get("quantiles", ()), strict=False):
        each["estimate_error"] = other["estimate_error"]
    if _FIGURES.validate_python(found) != outcome.answer.result:
        raise VerificationError("the answer does not follow from the signed totals")


def _refusal(id: str, proposal: Proposal, asked: Envelope, ended: Envelope) -> Refusal:
    payload = read(_RefusalPayload, ended.verify(REFUSAL_TYPE, ()), "a refusal")
    heavy = NodeId(payload.heavy)
    if payload.computation != id or heavy not in proposal.heavy_ids:
        raise VerificationError("a refusal of another computation")
    ended.verify(REFUSAL_TYPE, [heavy])
    code = payload.reason.get("code")
    if not isinstance(code, str):
        raise DocumentError("not a refusal: its reason has no code")
    return Refusal(id, proposal, heavy, code, payload.reason, (asked, ended))


def _short(id: object) -> str:
    return f"…{str(id)[-6:]}"


def _words(code: str, reason: Mapping[str, Any]) -> str:
    """A reason in words; one that is unknown here in its own JSON."""
    try:
        match code:
            case "not-accepted":
                return f"heavy node {_short(reason['heavy'])} did not accept the proposal: {reason['why']}"
            case "too-few":
                return f"{reason['participants']} answers reached all heavy nodes, and {reason['participants_min']} are needed"
            case "shrunk":
                return (
                    f"only {reason['participants']} of the {reason['held']} answers held by one heavy node are valid and held "
                    "by all, which would leave too few people among whom to hide"
                )
            case "differencing":
                return (
                    f"the people who answered are those of the earlier computation {str(reason['computation'])[7:15]} but for "
                    f"{reason['differs_by']}: the two results together would tell about these few"
                )
            case "few-values":
                of = f" in the category “{reason['category']}”" if "category" in reason else ""
                plural = "" if reason["values"] == 1 else "s"
                return f"a total of only {reason['values']} value{plural}{of} would tell what they are"
            case "impossible":
                return f"the totals cannot be right: {reason['why']}"
            case "heavy-missing":
                return f"no answer in time from {' '.join(map(_short, reason['heavy']))} ({reason['awaited']})"
            case "heavy-disagrees":
                return f"heavy node {_short(reason['heavy'])} disagrees about {reason['about']}"
            case "heavy-refused":
                return f"heavy node {_short(reason['heavy'])} refused first ({reason['reason']})"
            case "cancelled":
                return "its proposer cancelled it before it closed"
            case "expired":
                return "the heavy node was not running when it had to decide"
    except (KeyError, TypeError):
        pass
    return json.dumps(reason)
