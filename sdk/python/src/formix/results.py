"""A result as a caller holds it: verified figures, their rounding, and the documents that prove them."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .documents import Envelope, NodeId
from .evidence import Evidence
from .figures import Figures, Rounding
from .outcome import Outcome
from .proposal import Proposal
from .text import plain

if TYPE_CHECKING:
    import pandas

__all__ = ["Documents", "Result"]


@dataclass(frozen=True, slots=True)
class Documents:
    """The signed documents of a computation: what any verifier needs."""

    #: The proposal, signed by its proposer.
    proposal: Envelope
    #: The result, signed by heavy nodes.
    end: Envelope
    #: That a heavy node lied, where one did and another has shown it.
    evidence: Envelope | None = None

    def to_json(self, indent: int | None = None) -> str:
        """The form that ``formix comp verify`` and the scripts in ``sdk/verify`` read."""
        documents = {"proposal": self.proposal.to_dict(), "end": self.end.to_dict()}
        if self.evidence is not None:
            documents["evidence"] = self.evidence.to_dict()
        return json.dumps(documents, indent=indent)


@dataclass(frozen=True, slots=True)
class Result:
    """A verified result. Nobody makes one without its signatures having been checked."""

    #: The computation.
    id: str
    #: What was asked.
    proposal: Proposal
    #: The payload that the heavy nodes signed.
    outcome: Outcome
    #: The signed documents.
    document: Documents
    #: The heavy nodes whose signatures hold.
    signed_by: tuple[NodeId, ...]
    #: That a heavy node lied, verified; the result is right without it.
    evidence: Evidence | None = None

    @property
    def figures(self) -> Figures:
        """All figures, by name: ``result.figures.sample_deviation``."""
        return self.outcome.answer.result

    @property
    def value(self) -> Any:
        """The figure that was asked for.

        An ``int`` for a count; a ``Decimal`` for sum, mean, variance and covariance (of the sample); slope and intercept; the
        bins' counts; a ``dict`` by category or by probability; a ``list`` of sums.
        """
        return self.figures.value

    @property
    def rounding(self) -> Rounding:
        """How far the figures may be from those of unrounded values, and why."""
        return self.outcome.answer.rounding

    @property
    def participants(self) -> int:
        """How many people's answers are in it."""
        return self.outcome.participants

    @property
    def doubts(self) -> tuple[str, ...]:
        """What cannot come from honest answers, in words; empty where all is in order."""
        return self.outcome.answer.doubts

    def to_frame(self, *, exact: bool = False) -> pandas.DataFrame:
        """The figures as a data frame: one row, or a row for each bin, category, value or quantile.

        Numbers become floats unless ``exact`` keeps their decimals. A vector's rows are named by its expressions.

        Raises:
            ImportError: pandas is not installed: ``pip install formix[pandas]``.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("a data frame needs pandas: pip install 'formix[pandas]'") from error
        columns, rows = self.figures.table()
        if not exact:
            rows = [[float(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in rows]
        index = [each["expr"] for each in self.proposal.query["values"]] if self.figures.kind == "vector" else None
        return pandas.DataFrame(rows, columns=columns, index=index)

    def __str__(self) -> str:
        columns, rows = self.figures.table()
        lines = [self.proposal.title]
        if len(rows) == 1:
            lines += [f"  {name.replace('_', ' ')}: {_text(cell)}" for name, cell in zip(columns, rows[0], strict=True)]
        else:
            lines += ["  " + "  ".join(columns), *("  " + "  ".join(map(_text, row)) for row in rows)]
        lines += [f"  {self.rounding.words}", *(f"  doubt: {doubt}" for doubt in self.doubts)]
        if self.evidence is not None:
            lines.append(f"  heavy node …{self.evidence.accused.short} lied about its sums and was left out")
        signers = " ".join(f"…{each.short}" for each in self.signed_by)
        lines.append(f"  participants: {self.participants}; signed by {signers}")
        return "\n".join(map(plain, lines))

    def _repr_html_(self) -> str:
        escape = html.escape
        columns, rows = self.figures.table()
        if len(rows) == 1:
            body = "".join(
                f"<tr><th scope='row'>{escape(name.replace('_', ' '))}</th><td>{escape(_text(cell))}</td></tr>"
                for name, cell in zip(columns, rows[0], strict=True)
            )
        else:
            body = "<tr>" + "".join(f"<th scope='col'>{escape(name)}</th>" for name in columns) + "</tr>"
            body += "".join("<tr>" + "".join(f"<td>{escape(_text(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        doubts = "".join(f"<div role='alert'>⚠ {escape(doubt)}</div>" for doubt in self.doubts)
        if self.evidence is not None:
            liar = escape(self.evidence.accused.short)
            doubts += f"<div role='alert'>⚠ heavy node …{liar} lied about its sums and was left out</div>"
        signers = ", ".join(f"<code title='{escape(each)}'>…{escape(each.short)}</code>" for each in self.signed_by)
        return (
            f"<div><strong>{escape(self.proposal.title)}</strong><table>{body}</table><div>{escape(self.rounding.words)}</div>"
            f"{doubts}<div>{self.participants} participants · verified: signed by {signers}</div></div>"
        )


def _text(cell: Any) -> str:
    """A figure for a person to read."""
    if cell is None:
        return "none"
    if isinstance(cell, Decimal) and cell.is_infinite():
        return "-∞" if cell < 0 else "∞"
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)
