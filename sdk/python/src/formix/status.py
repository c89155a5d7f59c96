"""How a computation stands at one heavy node: a view to show while it goes on, and no proof of anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .errors import DocumentError
from .proposal import rfc3339_moment

__all__ = ["Status"]


@dataclass(frozen=True, slots=True)
class Status:
    """A computation as a heavy node shows it to anyone."""

    #: Its id.
    id: str
    #: What is computed.
    title: str
    #: How far it has come there, such as ``open`` or ``closed``.
    stage: str
    #: Answers that this heavy node holds, durable.
    reports: int
    #: Fewest participants for a result.
    participants_min: int
    #: Most participants.
    participants_max: int
    #: When the heavy nodes close.
    deadline: datetime
    #: Whether there is a result or a refusal to fetch and verify.
    ended: bool
    #: Why there is no result, where this heavy node refused.
    refusal_text: str | None

    @classmethod
    def of(cls, view: Any) -> Status:
        """Reads a heavy node's view of a computation.

        Raises:
            DocumentError: It is none.
        """
        try:
            proposal: Mapping[str, Any] = view["proposal"]
            return cls(
                id=str(view["id"]),
                title=str(proposal["title"]),
                stage=str(view["stage"]),
                reports=int(view["reports"]),
                participants_min=int(proposal["participants_min"]),
                participants_max=int(proposal["participants_max"]),
                deadline=rfc3339_moment(proposal["deadline"]),
                ended=view.get("result") is not None or view.get("refusal") is not None,
                refusal_text=view.get("refusal_text"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DocumentError(f"not a computation as a heavy node shows it ({type(error).__name__}: {error})") from None

    @property
    def left(self) -> timedelta:
        """Time until the deadline by the clock here; zero once it has passed."""
        return max(self.deadline - datetime.now(UTC), timedelta())

    def __str__(self) -> str:
        needed = f"{self.reports} of {self.participants_min} answers"
        if self.ended:
            return f"{needed}, " + (f"no result: {self.refusal_text}" if self.refusal_text else "ended")
        return f"{needed}, {self.stage}, {span(self.left)} left"


def span(time: timedelta) -> str:
    """A time in words: its two largest units."""
    seconds = -(-time // timedelta(seconds=1))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    shown = [f"{number} {unit}" for number, unit in parts[first : first + 2] if number]
    return " ".join(shown) or "0 s"
