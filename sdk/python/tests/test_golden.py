"""The frozen documents, whole: what the Rust code signs, this package verifies."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import golden
import pytest
from pydantic import TypeAdapter

import formix
from formix.arithmetic import figures, layout
from formix.documents import content_id
from formix.figures import Answer, Figures, Quantiles
from formix.proposal import PAYLOAD_TYPE, Proposal
from formix.refinement import next_edges
from formix.verify import REFUSAL_TYPE

FIGURES: TypeAdapter[Any] = TypeAdapter(Figures)
REFUSALS = [name for name in golden.names() if golden.document(name).payload_type == REFUSAL_TYPE]


def test_the_frozen_proposal_opens() -> None:
    for name in ("proposal", "proposal, accepted by all three"):
        id, proposal = Proposal.open(golden.document(name))
        assert id == content_id(golden.document(name).payload)
        assert proposal.model_dump(by_alias=True) == golden.payload(name)
    golden.document("proposal, accepted by all three").verify(PAYLOAD_TYPE, proposal.heavy_ids)


def test_the_frozen_result_verifies() -> None:
    result = formix.verify(golden.document("proposal"), golden.document("result"))
    assert isinstance(result, formix.Result)
    payload = golden.payload("result")
    assert result.participants == payload["participants"]
    assert result.value == Decimal(payload["answer"]["result"]["mean"])
    assert result.signed_by == result.proposal.heavy_ids
    assert result.rounding["sum"] == Decimal("0.3")
    assert result.rounding["count"] == 0


@pytest.mark.parametrize("name", REFUSALS)
def test_every_frozen_refusal_verifies(name: str) -> None:
    refusal = formix.verify(golden.document("proposal"), golden.document(name))
    assert isinstance(refusal, formix.Refusal)
    assert refusal.code == name
    # Each has words of its own.
    assert not refusal.text.startswith("{")


@pytest.mark.parametrize("name", golden.answers())
def test_every_frozen_answer_follows_from_its_totals(name: str) -> None:
    frozen = golden.answers()[name]
    query, stated = frozen["query"], Answer.model_validate(frozen["answer"])
    found = figures(query, [int(total) for total in frozen["totals"]])
    for each, other in zip(found.get("quantiles", ()), frozen["answer"]["result"].get("quantiles", ()), strict=True):
        each["estimate_error"] = other["estimate_error"]
    assert FIGURES.validate_python(found) == stated.result
    assert dataclasses.asdict(layout(query)) == frozen["layout"]
    if isinstance(stated.result, Quantiles):
        assert next_edges(query, stated.result) == (frozen["next"] or {}).get("edges")
    # Whatever it says can be shown.
    columns, rows = stated.result.table()
    assert rows and all(len(row) == len(columns) for row in rows)


def test_an_end_of_another_kind_is_none() -> None:
    for name in ("proposal", "heavy node's descriptor"):
        with pytest.raises(formix.VerificationError, match="unexpected type"):
            formix.verify(golden.document("proposal"), golden.document(name))
