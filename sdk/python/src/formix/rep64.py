"""The scheme `rep64`, as far as anybody can check it: whether a heavy node's sums are those of the reports.

A report publishes three commitments in ristretto255, one for each component: ``C = r*H + sum(m_k * G_k)``. Commitments add,
so the sum of those of a set of reports opens with the sums of components and blindings, and with nothing else. ``H`` is the
group's base point, and ``G_k`` the element that the SHA-512 of a label and ``k`` derives.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from .errors import DocumentError
from .ristretto import ORDER, Point, multiply

__all__ = ["PUBLIC_SHARE_BYTES", "sums_open"]

#: Bytes of a report's public share: three commitments.
PUBLIC_SHARE_BYTES: Final = 96
_ELEMENT: Final = 32
_LABEL: Final = b"formix rep64 generator v1"


@cache
def _generator(number: int) -> Point:
    return Point.hash(_LABEL + number.to_bytes(8, "little"))


def sums_open(role: int, sums: bytes, public_shares: Iterable[bytes]) -> tuple[bool, bool]:
    """Whether each of the two components in a heavy node's sums is that of the reports with these public shares.

    A heavy node of `role` 0 to 2 holds the components `role` and `role + 1`, modulo 3.

    Args:
        role: The heavy node's place among the three.
        sums: What it published: the number of reports in 4 bytes, then each component's scalars and blinding in 32 bytes each;
            all little-endian.
        public_shares: Those of all agreed reports.

    Raises:
        DocumentError: The bytes are none of that.
    """
    totals = [Point.identity()] * 3
    reports = 0
    for share in public_shares:
        points = [Point.decode(share[at : at + _ELEMENT]) for at in range(0, len(share), _ELEMENT)]
        if len(share) != PUBLIC_SHARE_BYTES or None in points:
            raise DocumentError("a public share is three elements of ristretto255")
        totals = [total + point for total, point in zip(totals, points, strict=True) if point is not None]
        reports += 1
    scalars = [int.from_bytes(sums[at : at + _ELEMENT], "little") for at in range(4, len(sums), _ELEMENT)]
    half = len(scalars) // 2
    if (len(sums) - 4) % (2 * _ELEMENT) or half < 2 or any(scalar >= ORDER for scalar in scalars):
        raise DocumentError("a heavy node's sums are two components of scalars")
    fits = reports == int.from_bytes(sums[:4], "little")
    opens = []
    for place in (0, 1):
        *values, blinding = scalars[place * half : (place + 1) * half]
        terms = [*((value, _generator(at)) for at, value in enumerate(values)), (blinding, Point.base())]
        opens.append(fits and multiply(terms) == totals[(role + place) % 3])
    return opens[0], opens[1]
