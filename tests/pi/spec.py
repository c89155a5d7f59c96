"""core/rank/SPEC.md, followed line by line, in whole numbers of any size.

Each line on standard input is a JSON object with `nodes`, `edges` (from, to, weight), `weighted`, `stakes` (or null), `by_stake`, `a`, `epsilon`.
Each answer is a line: the verdict, the rounds, and the name of π.
"""

import base64
import hashlib
import json
import sys

ONE = 1 << 58
ROUNDS_MAX = 2048


def encode(x: int) -> int:
    e = max(0, x.bit_length() - 27)
    return (1 << 32) - 1 if e > 31 else e << 27 | x >> e


def decode(c: int) -> int:
    return (c & (1 << 27) - 1) << (c >> 27)


def share(p: int, w: int) -> int:
    s = max(0, w.bit_length() - 69)
    if s > 0:
        p, w = p >> s, (w >> s) + 1
    if p == w:
        return (1 << 27) - 1
    f = min(31, w.bit_length() - p.bit_length())
    q = (p << (27 + f)) // w
    if q >= 1 << 27:
        f, q = f - 1, q >> 1
    return f << 27 | q


def weigh(c: int, s: int) -> int:
    e, m, f, q = c >> 27, c & (1 << 27) - 1, s >> 27, s & (1 << 27) - 1
    return ((m * q) << 4) >> (31 - e + f)


def solve(asked: dict) -> tuple[str, int, list[int]]:
    n, a, epsilon = asked["nodes"], asked["a"], asked["epsilon"]
    if n == 0:
        return "Converged", 0, []
    stakes = asked["stakes"]
    weights: dict[tuple[int, int], int] = {}
    for source, target, weight in asked["edges"]:
        before = weights.get((source, target), 0)
        weights[source, target] = before + weight if asked["weighted"] else 1
    parts = {}
    for (source, target), weight in weights.items():
        part = weight * (1 if stakes is None else stakes[target])
        if part > 0:
            parts[source, target] = part
    d, w = [0] * n, [0] * n
    for (source, _), part in parts.items():
        d[source] += 1
        w[source] += part
    even = all(part * d[source] == w[source] for (source, _), part in parts.items())
    edges = [(source, target, 0 if even else share(part, w[source])) for (source, target), part in parts.items()]

    below = [0]
    if asked["by_stake"]:
        for stake in stakes:
            below.append(below[-1] + stake)
        s = max(0, below[-1].bit_length() - 69)
        below = [((b >> s) << 58) // (below[-1] >> s) for b in below]

    def jump(units: int, j: int) -> int:
        if asked["by_stake"]:
            return ((units * below[j + 1]) >> 58) - ((units * below[j]) >> 58)
        return units // n + (1 if j < units % n else 0)

    z, t, changes = [0] * n, ONE, []
    while True:
        pi = [z[j] + jump(t, j) for j in range(n)]
        dangling = sum(pi[i] for i in range(n) if d[i] == 0)
        c = [0 if d[i] == 0 else encode(pi[i] // d[i] if even else pi[i]) for i in range(n)]
        y = [0] * n
        for source, target, s in edges:
            y[target] += decode(c[source]) if even else weigh(c[source], s)
        new = [(x * a) >> 32 for x in y]
        moved = sum(abs(x - old) for x, old in zip(new, z))
        lost = ONE - dangling - sum(y)
        new_t = ONE - sum(new)
        change = moved + abs(new_t - t)
        z, t = new, new_t
        changes.append(change)
        rounds = len(changes)

        def bound(lost: int, change: int) -> int:
            return -(-(2 * lost * a + (10 * n << 32) + change * a) // ((1 << 32) - a))

        verdict = None
        if bound(lost, change) <= epsilon:
            verdict = "Converged"
        elif bound(lost, 0) > epsilon and bound(0, change) <= bound(lost, 0):
            verdict = "EpsilonTooSmall"
        elif rounds >= ROUNDS_MAX:
            verdict = "RoundsUsedUp"
        elif rounds >= 32 and bound(lost, 0) <= epsilon:
            goal = (epsilon - bound(lost, 0)) * ((1 << 32) - a) // max(a, 1)
            earlier, left, more = changes[-17], change, 0
            while left > goal and change < earlier and rounds + more <= ROUNDS_MAX:
                left, more = left * change // earlier, more + 16
            if change >= earlier or rounds + more > ROUNDS_MAX:
                verdict = "GapTooSmall" if change > 1 << 33 else "EpsilonTooSmall"
        if verdict:
            return verdict, rounds, [z[j] + jump(t, j) for j in range(n)]


def name(pi: list[int]) -> str:
    hashed = b"formix/rank/pi/1\0" + len(pi).to_bytes(8, "little")
    for start in range(0, len(pi), 65536):
        piece = b"".join(x.to_bytes(8, "little") for x in pi[start : start + 65536])
        hashed += hashlib.sha256(piece).digest()
    cid = b"\x01\x55\x12\x20" + hashlib.sha256(hashed).digest()
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def main() -> None:
    for line in sys.stdin:
        verdict, rounds, pi = solve(json.loads(line))
        assert sum(pi) == (ONE if pi else 0)
        print(verdict, rounds, name(pi), flush=True)


if __name__ == "__main__":
    main()
