"""Quantiles in rounds: each round brackets every quantile within a cell, and the next cuts those cells finer.

The people who answer may differ from round to round, and so may the quantiles; a later round then finds one outside of the
cells that it cut, and says so with a wider bracket.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .errors import InvalidProposal
from .figures import Quantiles
from .proposal import Draft, deadline_of
from .reductions import decimal_text
from .results import Result

__all__ = ["check", "next_draft"]


def check(draft: Draft) -> None:
    """Whether a draft can have later rounds, where it asks for them.

    Raises:
        InvalidProposal: Its deadline is a moment, after which no second round can begin.
    """
    if draft.reduction.tolerance is None or draft.reduction.rounds == 1:
        return
    now = datetime.now(UTC)
    if deadline_of(draft.deadline, now) == deadline_of(draft.deadline, now + timedelta(hours=1)):
        raise InvalidProposal(
            "deadline", "quantiles in rounds need a time for each round", hint="write it as in `10min`, not as a moment"
        )


def next_draft(draft: Draft, result: Result, rounds: int) -> Draft | None:
    """The next round after ``rounds``; ``None`` where every quantile is found well enough, or no round is left."""
    figures, reduction = result.figures, draft.reduction
    if not isinstance(figures, Quantiles) or reduction.tolerance is None or rounds >= reduction.rounds:
        return None
    brackets = {
        (each.at_least, each.at_most)
        for each in figures.quantiles
        if each.at_least is not None and each.at_most is not None and each.at_most - each.at_least > reduction.tolerance
    }
    if not brackets:
        return None
    query = result.proposal.query
    unit = Decimal(1).scaleb(-int(query["value"]["decimals"]))
    # Cells of which nothing is known lie between the brackets; each takes one of the bins.
    share = max((int(query.get("bins", 64)) - len(brackets) + 1) // len(brackets), 2)
    edges = set[Decimal]()
    for at_least, at_most in brackets:
        units = int((at_most - at_least) / unit) + 1
        cells = min(share, units)
        edges.update(at_least + units * at // cells * unit for at in range(cells + 1))
    options = dict(reduction.options) | {"edges": [decimal_text(edge) for edge in sorted(edges)]}
    return replace(draft, reduction=replace(reduction, options=options))
