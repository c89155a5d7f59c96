"""Quantiles in rounds: each round brackets every quantile within a cell, and the next cuts those cells finer.

The people who answer may differ from round to round, and so may the quantiles; a later round then finds one outside of the
cells that it cut, and says so with a wider bracket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from .errors import InvalidProposal
from .figures import Quantiles
from .proposal import Draft, deadline_of
from .reductions import CELLS_MAX
from .results import Result

__all__ = ["check", "next_draft", "next_edges"]

#: Cells of a round where the query does not say.
BINS_DEFAULT: Final = 64
# Two edges for each of at most 20 quantiles that are found, and as many for gaps.
_CELLS_LEFT: Final = CELLS_MAX - 4 * 20


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
    widths = [each.width for each in figures.quantiles if each.rank is not None]
    if all(width is not None and width <= reduction.tolerance for width in widths):
        return None
    edges = next_edges(result.proposal.query, figures)
    if edges is None:
        return None
    return replace(draft, reduction=replace(reduction, options={**reduction.options, "bins": _bins(result), "edges": edges}))


def _bins(result: Result) -> int:
    return int(result.proposal.query.get("bins", BINS_DEFAULT))


def next_edges(query: Mapping[str, Any], figures: Quantiles) -> list[str] | None:
    """Edges of the cells in which the quantiles lie, cut finer; ``None`` where each is found to the unit.

    What lies outside of all cells, because people came or went between rounds, is looked at again whole.
    """
    value = query["value"]
    unit = Decimal(1).scaleb(-int(value["decimals"]))

    def units(number: str | Decimal) -> int:
        return int(Decimal(number) / unit)

    lower, end = units(value["lower"]), units(value["upper"]) + 1
    wide, found = set[tuple[int, int]](), set[tuple[int, int]]()
    for each in figures.quantiles:
        start = lower if each.at_least is None else max(units(each.at_least), lower)
        stop = end if each.at_most is None else min(units(each.at_most) + 1, end)
        if each.rank is not None and start < stop:
            (wide if stop - start > 1 else found).add((start, stop))
    if not wide:
        return None
    parts = max(min(int(query.get("bins", BINS_DEFAULT)), _CELLS_LEFT) // len(wide), 2)
    edges = {edge for each in found for edge in each}
    for start, stop in wide:
        cells = min(parts, stop - start)
        edges.update(start + (stop - start) * at // cells for at in range(cells + 1))
    texts = [f"{edge * unit:f}" for edge in sorted(edges)]
    # The same round again would say the same.
    return None if texts == query.get("edges") else texts
