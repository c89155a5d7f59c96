"""What can go wrong, one class for each thing that a caller would do differently.

Everything is a :class:`FormixError`. Each message says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .text import plain

if TYPE_CHECKING:
    from .documents import NodeId
    from .job_status import JobResult, JobStatus
    from .verify import Refusal

__all__ = [
    "ComputationRefused",
    "DocumentError",
    "FormixError",
    "IdentityError",
    "InvalidJob",
    "InvalidProposal",
    "JobEnded",
    "JobFailed",
    "NetworkError",
    "NotPinned",
    "ProblemError",
    "ResultTimeout",
    "UnknownComputation",
    "UnknownJob",
    "Unreachable",
    "VerificationError",
]


class FormixError(Exception):
    """The base of all errors of this package."""


class InvalidProposal(FormixError, ValueError):
    """A proposal is not acceptable; found before it was sent, or by a heavy node.

    Attributes:
        path: Where, as in ``query.value.expr``; empty where the whole proposal is meant.
        problem: What is wrong, and what is accepted.
        position: Character offset inside the text at ``path`` (an expression), or ``None``.
        hint: How to mend it, where that is known apart from ``problem``.
    """

    def __init__(self, path: str, problem: str, *, position: int | None = None, hint: str | None = None) -> None:
        super().__init__(path, problem, position, hint)
        self.path = path
        self.problem = problem
        self.position = position
        self.hint = hint

    def __str__(self) -> str:
        where = f"`{self.path}`: " if self.path else ""
        # A heavy node draws the expression with a caret below the place.
        drawn = self.position is None or f"^ character {self.position}" in self.problem
        at = "" if drawn else f" (at character {self.position})"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.problem}{at}{hint}"


class InvalidJob(FormixError, ValueError):
    """A job is not acceptable; found before it was sent, or by a heavy node. The words name the field of the manifest."""


class DocumentError(FormixError, ValueError):
    """Some bytes are not a document of the kind that was expected."""


class VerificationError(FormixError):
    """A document is well-formed, and does not prove what it should: a signature or a computation does not fit."""


class IdentityError(FormixError):
    """The proposer's identity file cannot be read or made."""


class NotPinned(FormixError):
    """A network shows other heavy nodes, or other keys of theirs, than when it was first met.

    Attributes:
        network: The address that was asked.
        heavy: The heavy node that is not as it was.
    """

    def __init__(self, network: str, heavy: NodeId, problem: str) -> None:
        super().__init__(network, heavy, problem)
        self.network = network
        self.heavy = heavy
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"{self.network}: {self.problem}. Ask its operators; where the change is meant, pin the new ones with "
            f"`Client({self.network!r}).trust()`"
        )


class NetworkError(FormixError):
    """A heavy node did not do what it was asked."""


class Unreachable(NetworkError):
    """A heavy node does not answer, or does not answer like one."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(url, why)
        self.url = url
        self.why = why

    def __str__(self) -> str:
        return f"{self.url}: {self.why}"


class ProblemError(NetworkError):
    """A heavy node answered with a problem document (RFC 9457).

    Attributes:
        status: The HTTP status.
        detail: The node's words.
        problem: The whole document.
        retry_after: Seconds after which the node wants to be asked again, where it says so.
    """

    def __init__(
        self, url: str, status: int, detail: str, problem: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        super().__init__(url, status, detail, problem, retry_after)
        self.url = url
        self.retry_after = retry_after
        self.status = status
        self.detail = detail
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.url}: {self.status}: {self.detail}"


class UnknownComputation(ProblemError):
    """The heavy node knows no such computation."""


class UnknownJob(ProblemError):
    """The heavy node knows no such job."""


class ResultTimeout(FormixError, TimeoutError):
    """There is no result yet. The computation, or the job, goes on; ask again later."""


class JobEnded(FormixError):
    """A job ended without a result: it was refused, or cancelled.

    Attributes:
        status: How it stands at the heavy node.
    """

    def __init__(self, status: JobStatus) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        return f"job {self.status.id}: {plain(str(self.status))}"


class JobFailed(FormixError):
    """A job's guest failed, as its nodes' receipts say.

    Attributes:
        result: How it ended, what it wrote, and the verified receipts.
    """

    def __init__(self, result: JobResult) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        return f"job {self.result.job} failed: {plain(str(self.result.ending))}"


class ComputationRefused(FormixError):
    """The computation ended without a result.

    Attributes:
        refusal: The heavy node's signed reason, verified.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal

    def __str__(self) -> str:
        return f"no result: {plain(self.refusal.text)} (signed by …{self.refusal.heavy.short})"
