"""What a heavy node's answers mean: problem documents, event streams, addresses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

import formix
from formix.http import EVENT_BYTES_MAX, _problem, base_url, events, invalid_proposal


def problem(status: int, **members: object) -> formix.ProblemError:
    found = _problem("http://here", status, json.dumps({"title": "x", "status": status, **members}).encode())
    assert isinstance(found, formix.ProblemError)
    return found


def test_a_problem_of_a_proposal_names_the_place() -> None:
    fault = {"path": "query.where", "problem": "no field `stepz`\n  1 < stepz\n      ^ character 4", "position": 4}
    found = invalid_proposal(problem(422, detail="`query.where`: no field", errors=[fault, {"path": "title"}]))
    assert found is not None
    assert (found.path, found.position) == ("query.where", 4)
    assert str(found) == f"`query.where`: {fault['problem']}"
    found = invalid_proposal(problem(422, detail="x", errors=[{"path": "deadline", "problem": "too near"}]))
    assert found is not None
    assert (str(found), found.position) == ("`deadline`: too near", None)
    found = invalid_proposal(problem(422, detail="`deadline`: too near this node's clock"))
    assert found is not None
    assert (found.path, found.problem) == ("deadline", "too near this node's clock")


@pytest.mark.parametrize("errors", [None, [], {}, [1], [{"path": 1, "problem": "x"}], "x"])
def test_a_proposal_that_is_refused_without_a_place_has_its_words(errors: object) -> None:
    for status in (400, 422):
        found = invalid_proposal(problem(status, detail="not a proposal", errors=errors))
        assert found is not None and (found.path, found.problem) == ("", "not a proposal")
    assert invalid_proposal(problem(503, detail="busy", errors=errors)) is None


def test_other_problems_keep_their_words() -> None:
    unknown = problem(404, detail="no such computation")
    assert isinstance(unknown, formix.UnknownComputation) and unknown.status == 404
    busy = problem(503, detail="too many proposals at once")
    assert type(busy) is formix.ProblemError
    assert str(busy) == "http://here: 503: too many proposals at once"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"detail": 7}', b"\xff"])
def test_what_is_no_problem_document_is_a_problem_too(body: bytes) -> None:
    found = _problem("http://here", 500, body)
    assert isinstance(found, formix.ProblemError) and found.detail == "without a reason"


def read(*parts: str) -> list[tuple[str, str]]:
    async def give() -> AsyncIterator[str]:
        for part in parts:
            yield part

    async def take() -> list[tuple[str, str]]:
        return [event async for event in events(give())]

    return asyncio.run(take())


STREAM = (
    ": hello\n\nevent: peers\ndata: {}\n\ndata: one\ndata:two\nid: 7\n\nevent: none\n\nevent: computation\r\ndata: x: y\r\n\r\n"
)
TOLD = [("peers", "{}"), ("message", "one\ntwo"), ("computation", "x: y")]


def test_events_are_read_however_they_are_cut() -> None:
    assert read(STREAM) == TOLD
    assert read(*STREAM) == TOLD
    for size in range(2, 20):
        assert read(*(STREAM[at : at + size] for at in range(0, len(STREAM), size))) == TOLD
    assert read(STREAM.replace("\r\n", "\n").replace("\n", "\r") + " ") == TOLD


def test_an_event_that_breaks_off_is_none() -> None:
    assert read("data: x\n") == []


def test_an_endless_event_is_refused() -> None:
    with pytest.raises(formix.DocumentError, match="more than"):
        read("data: ", *["x" * 65_536] * (EVENT_BYTES_MAX // 65_536 + 1))
    with pytest.raises(formix.DocumentError, match="more than"):
        read(*["data: " + "x" * 65_536 + "\n"] * (EVENT_BYTES_MAX // 65_536 + 1), "data")


@pytest.mark.parametrize(
    ("network", "url"),
    [
        ("127.0.0.1:4800", "http://127.0.0.1:4800"),
        ("https://heavy.example/", "https://heavy.example"),
        ("http://[::1]:4800/x/?q#f", "http://[::1]:4800/x"),
    ],
)
def test_an_address_is_completed(network: str, url: str) -> None:
    assert base_url(network) == url


@pytest.mark.parametrize("network", ["", "ftp://x", "http://", "http:///x"])
def test_what_is_no_address_is_refused(network: str) -> None:
    with pytest.raises(formix.NetworkError, match="HTTP address"):
        base_url(network)


def test_a_network_that_does_not_answer_is_named(tmp_path: object) -> None:
    # Port 1 is reserved; nobody listens.
    with pytest.raises(formix.Unreachable, match=r"http://127\.0\.0\.1:1/"):
        formix.Client("http://127.0.0.1:1", home=str(tmp_path)).heavy()
