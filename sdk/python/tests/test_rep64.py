"""Sums that open commitments, and sums that do not."""

from __future__ import annotations

import random

import pytest

from formix import DocumentError
from formix.rep64 import _generator, sums_open
from formix.ristretto import ORDER, Point, multiply

PICK = random.Random(64)


def report(length: int) -> tuple[bytes, list[list[int]]]:
    """A report's public share, and its three components, blinding last."""
    components = [[PICK.randrange(ORDER) for _ in range(length + 1)] for _ in range(3)]
    generators = [*(_generator(at) for at in range(length)), Point.base()]
    commitments = [multiply(zip(component, generators, strict=True)).encode() for component in components]
    return b"".join(commitments), components


def published(role: int, reports: list[list[list[int]]]) -> bytes:
    """What an honest heavy node publishes."""
    sums = [
        [sum(column) % ORDER for column in zip(*(components[(role + place) % 3] for components in reports), strict=True)]
        for place in (0, 1)
    ]
    return len(reports).to_bytes(4, "little") + b"".join(scalar.to_bytes(32, "little") for each in sums for scalar in each)


REPORTS = [report(2) for _ in range(4)]
PUBLIC = [public for public, _ in REPORTS]


@pytest.mark.parametrize("role", range(3))
def test_honest_sums_open(role: int) -> None:
    assert sums_open(role, published(role, [components for _, components in REPORTS]), PUBLIC) == (True, True)


@pytest.mark.parametrize("role", range(3))
@pytest.mark.parametrize("at", range(6))
def test_a_lie_about_any_number_shows(role: int, at: int) -> None:
    lie = bytearray(published(role, [components for _, components in REPORTS]))
    lie[4 + 32 * at] ^= 1
    assert sums_open(role, bytes(lie), PUBLIC) == (at >= 3, at < 3)


def test_a_report_that_is_left_out_shows() -> None:
    sums = published(0, [components for _, components in REPORTS[1:]])
    assert sums_open(0, sums, PUBLIC) == (False, False)
    assert sums_open(0, sums, PUBLIC[1:]) == (True, True)
    # Nor does it help to say that it was counted.
    assert sums_open(0, len(PUBLIC).to_bytes(4, "little") + sums[4:], PUBLIC) == (False, False)


@pytest.mark.parametrize(
    ("sums", "public"),
    [
        (b"", []),
        (bytes(4), []),
        (bytes(4 + 32 * 3), []),
        (bytes(4 + 32 * 2), []),
        (bytes(4) + b"\xff" * 128, []),
        (bytes(4 + 128), [b""]),
        (bytes(4 + 128), [bytes(95)]),
        (bytes(4 + 128), [b"\x01" + bytes(95)]),
    ],
)
def test_what_are_no_sums_is_refused(sums: bytes, public: list[bytes]) -> None:
    with pytest.raises(DocumentError):
        sums_open(0, sums, public)
