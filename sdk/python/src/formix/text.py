"""Other people's words, as they are shown."""

from __future__ import annotations

__all__ = ["plain"]


def plain(words: str) -> str:
    """Words on one line of a terminal: what would move its cursor or change its colours is replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
