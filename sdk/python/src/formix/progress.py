"""Shows a computation while it goes on: in place in a notebook, as a bar at a terminal, line by line anywhere else.

At a terminal it writes to standard error. ``NO_COLOR`` (https://no-color.org) and ``TERM=dumb`` are honoured.
"""

from __future__ import annotations

import html
import os
import shutil
import sys
from typing import Any, Protocol, TextIO

from .status import Status
from .text import plain

__all__ = ["Display", "Lines", "Notebook", "Terminal", "display_for"]

_BAR_WIDTH = 24


class Display(Protocol):
    """Where a computation's progress is shown."""

    def update(self, status: Status) -> None:
        """Shows how it stands now, in place of how it stood."""

    def close(self) -> None:
        """Leaves what was shown last."""


def display_for(stream: TextIO | None = None) -> Display:
    """The display that fits where the program runs."""
    if _has_kernel():
        return Notebook()
    stream = stream or sys.stderr
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return Terminal(stream, colour="NO_COLOR" not in os.environ)
    return Lines(stream)


def _has_kernel() -> bool:
    """Whether this is a notebook's kernel; IPython at a terminal has none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class Notebook:
    """One output of a cell, updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def update(self, status: Status) -> None:
        """Shows how it stands now."""
        from IPython.display import HTML, display

        shown = HTML(status_html(status))
        if self._handle is None:
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def close(self) -> None:
        """Leaves what was shown last."""


def status_html(status: Status) -> str:
    """A computation's progress as HTML."""
    escape = html.escape
    return (
        f"<div><strong>{escape(status.title)}</strong><br>"
        f"<progress max='{status.participants_min}' value='{min(status.reports, status.participants_min)}'"
        f" aria-label='answers'></progress> {escape(str(status))}<br><code>{escape(status.id)}</code></div>"
    )


class Terminal:
    """One line, rewritten in place."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._width = 0

    def update(self, status: Status) -> None:
        """Shows how it stands now."""
        done = _BAR_WIDTH * min(status.reports, status.participants_min) // max(status.participants_min, 1)
        bar = "█" * done, "░" * (_BAR_WIDTH - done)
        room = max(shutil.get_terminal_size().columns - _BAR_WIDTH - 2, 10)
        words = plain(str(status))
        words = words if len(words) <= room else words[: room - 1] + "…"
        padding = " " * max(self._width - len(words), 0)
        self._width = len(words)
        tint = ("\x1b[36m", "\x1b[2m", "\x1b[0m") if self._colour else ("", "", "")
        text = f"{tint[0]}{bar[0]}{tint[2]}{tint[1]}{bar[1]}{tint[2]}" if self._colour else "".join(bar)
        self._stream.write(f"\r{text} {words}{padding}")
        self._stream.flush()

    def close(self) -> None:
        """Leaves what was shown last."""
        if self._width:
            self._stream.write("\n")
            self._stream.flush()


class Lines:
    """A line whenever something has changed, but for the time that passes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: tuple[object, ...] = ()

    def update(self, status: Status) -> None:
        """Writes how it stands, where that is news."""
        seen = (status.id, status.stage, status.reports, status.ended)
        if seen != self._last:
            self._last = seen
            print(plain(f"{status.title}: {status}"), file=self._stream, flush=True)

    def close(self) -> None:
        """Leaves what was written."""
