"""The group ristretto255 (RFC 9496), in plain Python: for checking what is public, never for secrets.

Nothing here takes constant time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Self

__all__ = ["ORDER", "Point", "multiply"]

_P: Final = 2**255 - 19
#: Order of the group.
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
# RFC 9496, section 4.1.
_D: Final = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_SQRT_M1: Final = 19681161376707505956807079304988542015446066515923890162744021073123829784752
_SQRT_AD_MINUS_ONE: Final = 25063068953384623474111414158702152701244531502492656460079210482610430750235
_INVSQRT_A_MINUS_D: Final = 54469307008909316920995813868745141605393597292927456921205312896311721017578
_ONE_MINUS_D_SQ: Final = (1 - _D * _D) % _P
_D_MINUS_ONE_SQ: Final = (_D - 1) ** 2 % _P


def _absolute(value: int) -> int:
    return _P - value if value & 1 else value


def _sqrt_ratio(u: int, v: int) -> tuple[bool, int]:
    """Whether ``u/v`` is square, and its root, or that of ``SQRT_M1 * u/v`` (section 4.2)."""
    r = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    check = v * r * r % _P
    is_square = check in (u % _P, -u % _P)
    if check in (-u % _P, -u * _SQRT_M1 % _P):
        r = r * _SQRT_M1 % _P
    return is_square, _absolute(r)


class Point:
    """An element of the group, in extended coordinates."""

    __slots__ = ("t", "x", "y", "z")

    def __init__(self, x: int, y: int, z: int, t: int) -> None:
        self.x, self.y, self.z, self.t = x, y, z, t

    @classmethod
    def identity(cls) -> Self:
        """The neutral element."""
        return cls(0, 1, 1, 0)

    @classmethod
    def base(cls) -> Self:
        """The generator of section 4.1."""
        point = cls.decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
        assert point is not None, "a constant"
        return point

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        """The element that 32 bytes encode; ``None`` where they encode none (section 4.3.1)."""
        s = int.from_bytes(data, "little")
        if len(data) != 32 or s >= _P or s & 1:
            return None
        u1, u2 = (1 - s * s) % _P, (1 + s * s) % _P
        v = (-_D * u1 * u1 - u2 * u2) % _P
        was_square, inverse = _sqrt_ratio(1, v * u2 * u2 % _P)
        den_x = inverse * u2 % _P
        x = _absolute(2 * s * den_x % _P)
        y = u1 * inverse * den_x * v % _P
        t = x * y % _P
        return cls(x, y, 1, t) if was_square and not t & 1 and y else None

    def encode(self) -> bytes:
        """The element's 32 bytes (section 4.3.2)."""
        u1, u2 = (self.z + self.y) * (self.z - self.y) % _P, self.x * self.y % _P
        _, inverse = _sqrt_ratio(1, u1 * u2 * u2 % _P)
        den1, den2 = inverse * u1 % _P, inverse * u2 % _P
        z_inverse = den1 * den2 * self.t % _P
        x, y, den = self.x, self.y, den2
        if self.t * z_inverse % _P & 1:
            x, y, den = y * _SQRT_M1 % _P, x * _SQRT_M1 % _P, den1 * _INVSQRT_A_MINUS_D % _P
        if x * z_inverse % _P & 1:
            y = -y % _P
        return _absolute(den * (self.z - y) % _P).to_bytes(32, "little")

    @classmethod
    def from_uniform(cls, data: bytes) -> Point:
        """The element that 64 uniform bytes derive (section 4.3.4)."""
        return cls._map(data[:32]) + cls._map(data[32:])

    @classmethod
    def hash(cls, message: bytes) -> Point:
        """The element that the SHA-512 of ``message`` derives."""
        return cls.from_uniform(hashlib.sha512(message).digest())

    @classmethod
    def _map(cls, half: bytes) -> Point:
        t = (int.from_bytes(half, "little") & (2**255 - 1)) % _P
        r = _SQRT_M1 * t * t % _P
        u, v = (r + 1) * _ONE_MINUS_D_SQ % _P, (-1 - r * _D) * (r + _D) % _P
        was_square, s = _sqrt_ratio(u, v)
        c = -1
        if not was_square:
            s, c = -_absolute(s * t % _P) % _P, r
        n = (c * (r - 1) * _D_MINUS_ONE_SQ - v) % _P
        w0, w1, w2, w3 = 2 * s * v % _P, n * _SQRT_AD_MINUS_ONE % _P, (1 - s * s) % _P, (1 + s * s) % _P
        return cls(w0 * w3 % _P, w2 * w1 % _P, w1 * w3 % _P, w0 * w2 % _P)

    def __add__(self, other: Point) -> Point:
        a, b = (self.y - self.x) * (other.y - other.x), (self.y + self.x) * (other.y + other.x)
        c, d = 2 * _D * self.t * other.t, 2 * self.z * other.z
        e, f, g, h = (b - a) % _P, (d - c) % _P, (d + c) % _P, (b + a) % _P
        return Point(e * f % _P, g * h % _P, f * g % _P, e * h % _P)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Point):
            return NotImplemented
        return (self.x * other.y - self.y * other.x) % _P == 0 or (self.y * other.y - self.x * other.x) % _P == 0

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Point({self.encode().hex()})"


def multiply(terms: Iterable[tuple[int, Point]]) -> Point:
    """The sum of each point times its number."""
    reduced = [(number % ORDER, point) for number, point in terms]
    total = Point.identity()
    for bit in reversed(range(ORDER.bit_length())):
        total = total + total
        for number, point in reduced:
            if number >> bit & 1:
                total = total + point
    return total
