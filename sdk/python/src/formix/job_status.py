"""How jobs stand at one heavy node, which is a view to show and no proof; and what is left of one that ran, which is proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .documents import Envelope
from .errors import DocumentError
from .manifest import Moment, first
from .receipt import Ending, Receipt

__all__ = ["ArrayStatus", "JobResult", "JobState", "JobStatus", "Lease", "Reason", "Why"]

#: How far a job has come. *done* is exit code 0; *failed* an ending that its nodes agree about and is no success.
JobState: TypeAlias = Literal["waiting", "running", "done", "failed", "refused", "cancelled"]
ENDED: Final = frozenset({"done", "failed", "refused", "cancelled"})
#: Views gain members over time: what is unknown here is left alone.
_VIEW: Final = ConfigDict(extra="ignore", frozen=True)


class Lease(BaseModel):
    """A node that is running a job."""

    model_config = _VIEW
    #: Which.
    node: str
    #: What it runs in; ``None`` where it is not connected now.
    kind: str | None = None
    #: When it was given the job.
    since: Moment
    #: Until when it keeps it.
    until: Moment


class Reason(BaseModel):
    """What keeps one node from a job."""

    model_config = _VIEW
    #: Which node.
    node: str
    #: What keeps it.
    words: str


class Why(BaseModel):
    """Why a job is not running, as its heavy node knows."""

    model_config = _VIEW
    #: The reason in words.
    words: str
    #: Whether no node that is here can run it.
    stuck: bool = False
    #: What keeps each node that is here from it.
    nodes: tuple[Reason, ...] = ()

    def __str__(self) -> str:
        return self.words


class Refused(BaseModel):
    """Why a job gives no result."""

    model_config = _VIEW
    #: What programs compare.
    code: str
    #: What a person reads.
    words: str


class Agreed(BaseModel):
    """What a job's nodes agree about, as the heavy node shows it."""

    model_config = _VIEW
    #: How it ended.
    ending: Ending
    #: Content id of standard output.
    stdout: str
    #: Content id of standard error.
    stderr: str
    #: Fuel used.
    fuel: Annotated[int, Field(ge=0)]
    #: Whether a heavy node ran it again to decide.
    judged: bool = False


class JobStatus(BaseModel):
    """A job as a heavy node shows it to anyone."""

    model_config = _VIEW
    #: Its id: the content id of its manifest.
    id: str
    #: What it does.
    name: str
    #: Who submitted it.
    submitter: str
    #: How far it has come.
    state: JobState
    #: When the heavy node took it.
    submitted: Moment
    #: When it is given up.
    deadline: Moment
    #: When it ended.
    ended: Moment | None = None
    #: How many nodes run it.
    replicas: int = 1
    #: Who runs it now.
    leases: tuple[Lease, ...] = ()
    #: Why it is not running, while it waits.
    why: str | None = None
    #: What its nodes agree about, once they do.
    result: Agreed | None = None
    #: Receipts that the heavy node has for it.
    receipts: int = 0
    #: Why it gives no result.
    refusal: Refused | None = None

    @classmethod
    def of(cls, view: Any) -> JobStatus:
        """Reads a heavy node's view of a job.

        Raises:
            DocumentError: It is none.
        """
        try:
            return cls.model_validate(view)
        except ValidationError as error:
            raise DocumentError(f"not a job as a heavy node shows it: {first(error)}") from None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ENDED

    def __str__(self) -> str:
        if self.refusal is not None:
            return f"{self.state}: {self.refusal.words}"
        if self.state == "waiting" and self.why:
            return f"waiting: {self.why}"
        if self.state == "running":
            return f"running on {len(self.leases)} of {self.replicas}"
        if self.state == "failed" and self.result is not None:
            return f"failed: {self.result.ending}"
        return self.state


@dataclass(frozen=True, slots=True)
class ArrayStatus:
    """How many of an array's jobs stand how."""

    #: The jobs, in the order in which they were submitted; without the one that reduces them.
    jobs: tuple[JobStatus, ...]
    #: The one that reduces them.
    reduce: JobStatus | None = None

    def count(self, *states: JobState) -> int:
        """How many are in one of these states."""
        counts = Counter(job.state for job in self.jobs)
        return sum(counts[state] for state in states)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.jobs)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more comes of any."""
        return all(job.is_ended for job in self.jobs) and (self.reduce is None or self.reduce.is_ended)

    def __str__(self) -> str:
        states: Iterable[JobState] = ("running", "waiting", "failed", "refused", "cancelled")
        rest = [f"{self.count(state)} {state}" for state in states if self.count(state)]
        return ", ".join([f"{self.count('done')} of {self.total} done", *rest])


@dataclass(frozen=True)
class JobResult:
    """What a job gave, as its nodes signed it. Every receipt was verified here, and speaks of these very bytes."""

    #: The job's id.
    job: str
    #: How it ended.
    ending: Ending
    #: What the guest wrote to standard output.
    stdout: bytes
    #: What it wrote to standard error.
    stderr: bytes
    #: The verified receipts that agree about it.
    receipts: tuple[Receipt, ...]
    #: Those of nodes that say otherwise.
    dissenting: tuple[Receipt, ...]
    #: All receipts as they were signed, to keep and to show to others: :func:`formix.verify_receipt`.
    documents: tuple[Envelope, ...]
    #: Whether a heavy node ran it again to decide.
    judged: bool
    #: When it ended, by the heavy node's clock.
    ended: datetime | None

    @property
    def succeeded(self) -> bool:
        """Whether the guest did what it was meant to: exit code 0."""
        return self.receipts[0].succeeded

    @property
    def text(self) -> str:
        """Standard output as text.

        Raises:
            UnicodeDecodeError: It is not UTF-8.
        """
        return self.stdout.decode()

    @property
    def fuel(self) -> int:
        """Fuel that one run used."""
        return self.receipts[0].fuel

    @property
    def nodes(self) -> tuple[str, ...]:
        """Who ran it and agrees."""
        return tuple(receipt.node for receipt in self.receipts)
