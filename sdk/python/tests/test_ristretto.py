"""The group, against the vectors of RFC 9496, appendix A."""

from __future__ import annotations

import pytest

from formix.ristretto import ORDER, Point, multiply

MULTIPLES = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
]


def test_small_multiples_of_the_generator() -> None:
    total = Point.identity()
    for at, encoding in enumerate(MULTIPLES):
        assert total.encode().hex() == encoding
        assert multiply([(at, Point.base())]) == total
        assert Point.decode(bytes.fromhex(encoding)) == total
        total = total + Point.base()


def test_an_element_from_uniform_bytes() -> None:
    uniform = bytes.fromhex(
        "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
        "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6"
    )
    expected = "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"
    assert Point.from_uniform(uniform).encode().hex() == expected


@pytest.mark.parametrize(
    "encoding",
    [
        # Not canonical, negative, not square, and of another length.
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "00",
        "",
    ],
)
def test_what_is_no_element_is_refused(encoding: str) -> None:
    assert Point.decode(bytes.fromhex(encoding)) is None


def test_the_group_is_one() -> None:
    a, b = Point.hash(b"a"), Point.hash(b"b")
    assert a + b == b + a != a
    assert multiply([(ORDER, a)]) == Point.identity()
    assert multiply([(3, a), (ORDER - 3, a), (1, b)]) == b
    assert multiply([(2**84 + 7, a)]) == multiply([(7, a)]) + multiply([(2**84, a)])
    assert Point.decode(a.encode()) == a
    assert len({a, b, Point.hash(b"a")}) == 2
