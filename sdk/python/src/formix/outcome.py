"""What heavy nodes sign: the totals of a computation, and what they say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .figures import Answer

__all__ = ["Outcome"]


class Outcome(BaseModel):
    """A computation's totals: the payload of a document that heavy nodes sign."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    #: Version of this document's format: 2.
    version: Literal[2]
    #: Which computation.
    computation: str
    #: How answers were shared.
    scheme: str
    #: How many answers are in the totals.
    participants: int
    #: How many answers were left out because their proof of validity failed.
    rejected: int
    #: Digest of the ids of the counted reports, ascending.
    set: str
    #: The heavy nodes that hold every report of the set: all three, or with `rep64` two where the third was lost.
    cohort: tuple[str, ...]
    #: The totals of each component, exact.
    totals: tuple[int, ...]
    #: What the totals say.
    answer: Answer
