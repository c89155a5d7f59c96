"""What can go wrong, one class for each thing that a caller would do differently.

Everything is a :class:`FormixError`. Each message says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .text import plain

if TYPE_CHECKING:
    from .documents import NodeId
    from .verify import Refusal

__all__ = [
    "ComputationRefused",
    "DocumentError",
    "FormixError",
    "IdentityError",
    "InvalidProposal",
    "NetworkError",
    "NotPinned",
    "ProblemError",
    "ResultTimeout",
    "UnknownComputation",
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
    """

    def __init__(self, url: str, status: int, detail: str, problem: Mapping[str, Any]) -> None:
        super().__init__(url, status, detail, problem)
        self.url = url
        self.status = status
        self.detail = detail
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.url}: {self.status}: {self.detail}"


class UnknownComputation(ProblemError):
    """The heavy node knows no such computation."""


class ResultTimeout(FormixError, TimeoutError):
    """There is no result yet. The computation goes on; ask again later."""


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
