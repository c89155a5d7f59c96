"""The scheme `rep64`, as far as anybody can check it: whether a heavy node's sums are those of the reports.

A report publishes three commitments in ristretto255, one for each component: ``C = r*H + sum(m_k * G_k)``. Commitments add,
so the sum of those of a set of reports opens with the sums of components and blindings, and with nothing else. ``H`` is the
group's base point, and ``G_k`` the element that the SHA-512 of a label and ``k`` derives.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from .arithmetic import Layout
from .errors import DocumentError
from .ristretto import ORDER, Point, multiply

__all__ = ["add_up", "scalars", "sums_open"]

_ELEMENT: Final = 32
#: Bits of a scalar that every value may use.
_SCALAR_BITS: Final = 252
_LABEL: Final = b"formix rep64 generator v1"


@cache
def _generator(number: int) -> Point:
    return Point.hash(_LABEL + number.to_bytes(8, "little"))


def _points(data: bytes) -> list[Point]:
    points = [Point.decode(data[at : at + _ELEMENT]) for at in range(0, len(data), _ELEMENT)]
    found = [point for point in points if point is not None]
    if len(points) != 3 or len(found) != 3:
        raise DocumentError("commitments are three elements of ristretto255")
    return found


def add_up(public_shares: Iterable[bytes]) -> bytes:
    """The commitments of a set of reports, added up: their number in 4 bytes, little-endian, then three points.

    Raises:
        DocumentError: A public share is not three commitments.
    """
    totals, reports = [Point.identity()] * 3, 0
    for share in public_shares:
        totals = [total + point for total, point in zip(totals, _points(share), strict=True)]
        reports += 1
    return reports.to_bytes(4, "little") + b"".join(total.encode() for total in totals)


def scalars(layout: Layout, participants_max: int) -> int:
    """How many scalars a component has: each carries as many numbers as their largest totals leave room for."""
    largest = 1 if layout.one_hot else (1 << layout.bits) - 1
    slots = _SCALAR_BITS // max((largest * participants_max).bit_length(), 1)
    return -(-layout.length // slots)


def sums_open(role: int, sums: bytes, commitments: bytes, length: int) -> tuple[bool, bool]:
    """Whether each of the two components in a heavy node's sums is that of the reports.

    A heavy node of `role` 0 to 2 holds the components `role` and `role + 1`, modulo 3. Sums that are none open nothing.

    Args:
        role: The heavy node's place among the three.
        sums: What it published: the number of reports in 4 bytes, then each component's scalars and blinding in 32 bytes
            each; all little-endian.
        commitments: Those of the reports, as :func:`add_up` gives them.
        length: How many scalars a component has.

    Raises:
        DocumentError: The commitments are none.
    """
    totals = _points(commitments[4:])
    stated = [int.from_bytes(sums[at : at + _ELEMENT], "little") for at in range(4, len(sums), _ELEMENT)]
    if len(sums) != 4 + 2 * (length + 1) * _ELEMENT or any(scalar >= ORDER for scalar in stated):
        return False, False
    opens = [sums[:4] == commitments[:4]] * 2
    for place in (0, 1):
        *values, blinding = stated[place * (length + 1) : (place + 1) * (length + 1)]
        terms = [*((value, _generator(at)) for at, value in enumerate(values)), (blinding, Point.base())]
        opens[place] = opens[place] and multiply(terms) == totals[(role + place) % 3]
    return opens[0], opens[1]
