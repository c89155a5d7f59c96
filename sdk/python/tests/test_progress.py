"""How a computation under way is shown."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from formix import DocumentError, Status
from formix.progress import Lines, Terminal, display_for, status_html
from formix.status import span

OPEN = Status(
    id="bafkrei",
    title="Steps <b>",
    stage="open",
    reports=3,
    participants_min=6,
    participants_max=10,
    deadline=datetime(2100, 1, 1, tzinfo=UTC),
    ended=False,
    refusal_text=None,
)
REFUSED = replace(OPEN, ended=True, stage="refused", refusal_text="nobody\x1b[2J\r\ncame")


class Console(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_words_say_how_it_stands() -> None:
    soon = replace(OPEN, deadline=datetime.now(UTC) + timedelta(hours=2, seconds=-1))
    assert str(soon) == "3 of 6 answers, open, 1 h 59 min left"
    assert str(replace(OPEN, ended=True)) == "3 of 6 answers, ended"
    assert str(replace(OPEN, deadline=datetime(2026, 1, 1, tzinfo=UTC))) == "3 of 6 answers, open, 0 s left"


@pytest.mark.parametrize(
    ("time", "words"),
    [(0, "0 s"), (0.2, "1 s"), (59, "59 s"), (60, "1 min"), (3_601, "1 h"), (3_660, "1 h 1 min"), (200_000, "2 d 7 h")],
)
def test_a_time_has_its_two_largest_units(time: float, words: str) -> None:
    assert span(timedelta(seconds=time)) == words


def test_a_terminal_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    console = Console()
    bar = Terminal(console, colour=False)
    bar.update(replace(OPEN, reports=0))
    bar.update(OPEN)
    bar.update(replace(OPEN, ended=True))
    bar.close()
    first, second, last = console.getvalue().rstrip("\n").split("\r")[1:]
    assert first.startswith("░" * 24 + " 0 of 6") and second.startswith("█" * 12 + "░" * 12)
    # What is shorter covers what was longer.
    assert last.rstrip().endswith("ended") and len(last) == len(second)
    assert console.getvalue().count("\n") == 1


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = Console()
    display_for(console).update(OPEN)
    assert "\x1b[36m" in console.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console()
    display_for(console).update(OPEN)
    assert "█" in console.getvalue() and "\x1b" not in console.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display_for(Console()), Lines)
    assert isinstance(display_for(io.StringIO()), Lines)


def test_a_narrow_terminal_is_not_overrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    console = Console()
    Terminal(console, colour=False).update(OPEN)
    assert len(console.getvalue()) <= 40 and console.getvalue().endswith("…")


def test_a_log_has_a_line_for_each_change() -> None:
    log = io.StringIO()
    lines = Lines(log)
    for status in (OPEN, OPEN, replace(OPEN, reports=4), REFUSED):
        lines.update(status)
    lines.close()
    assert len(log.getvalue().splitlines()) == 3


def test_other_peoples_words_move_no_cursor() -> None:
    for stream, make in [(io.StringIO(), Lines), (Console(), lambda it: Terminal(it, colour=False))]:
        make(stream).update(REFUSED)
        assert "\x1b" not in stream.getvalue() and "\r\n" not in stream.getvalue()


def test_other_peoples_words_are_no_html() -> None:
    assert "Steps &lt;b&gt;" in status_html(OPEN)


@pytest.mark.parametrize("view", [None, {}, [], {"id": "x"}, {"id": "x", "proposal": {"title": "x"}}])
def test_what_is_no_computation_is_refused(view: object) -> None:
    with pytest.raises(DocumentError, match="not a computation"):
        Status.of(view)
