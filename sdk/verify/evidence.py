#!/usr/bin/env python3
"""Checks evidence that a heavy node of a `rep64` computation lied about its sums, with PyNaCl and no code of Formix.

    formix comp show ID --documents > documents.json
    python evidence.py documents.json

The accused signed the sums of the reports' commitments, and then sums of shares. They must fit: for each component,
C = r*H + sum(m_k * G_k) in ristretto255 (RFC 9496), where H is the group's base point and G_k the element that the SHA-512 of
"formix rep64 generator v1" and k (8 bytes, little-endian) derives. Sums that do not fit convict it.
"""
import base64, hashlib, json, sys
from verify import need, open_envelope, verifies  # The script beside this one.

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # Of -1.
ROOT_AD_1 = 25063068953384623474111414158702152701244531502492656460079210482610430750235  # Of -D - 1.
BASE = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def even(value):  # RFC 9496 calls odd numbers negative.
    return -value % P if value & 1 else value


def root_of_ratio(u, v):  # Section 4.2.
    r = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    found = v * r * r % P
    if found in (-u % P, -u * ROOT % P):
        r = r * ROOT % P
    return found in (u % P, -u % P), even(r)


def decode(data):  # Section 4.3.1, to extended coordinates.
    s = int.from_bytes(data, "little")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    is_square, inverse = root_of_ratio(1, v * u2 * u2 % P)
    x = even(2 * s * inverse * u2 % P)
    y = u1 * inverse * inverse * u2 * v % P
    is_point = len(data) == 32 and s < P and not s & 1 and is_square and not x * y % P & 1 and y
    return (x, y, 1, x * y % P) if is_point else None


def derive(half):  # Section 4.3.4.
    t = int.from_bytes(half, "little") % 2**255 % P
    r = ROOT * t * t % P
    u, v = (r + 1) * (1 - D * D) % P, (-1 - r * D) * (r + D) % P
    is_square, s = root_of_ratio(u, v)
    s, c = (s, -1) if is_square else (-even(s * t % P) % P, r)
    n = (c * (r - 1) * (D - 1) ** 2 - v) % P
    w = 2 * s * v % P, n * ROOT_AD_1 % P, (1 - s * s) % P, (1 + s * s) % P
    return w[0] * w[3] % P, w[2] * w[1] % P, w[1] * w[3] % P, w[0] * w[2] % P


def add(p, q):
    a, b, c, d = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def generator(k):
    uniform = hashlib.sha512(b"formix rep64 generator v1" + k.to_bytes(8, "little")).digest()
    return add(derive(uniform[:32]), derive(uniform[32:]))


def opens(scalars, point):  # The blinding is the last scalar.
    total, terms = (0, 1, 1, 0), [*zip(scalars[:-1], map(generator, range(len(scalars) - 1))), (scalars[-1], decode(BASE))]
    for bit in reversed(range(253)):
        total = add(total, total)
        for scalar, each in terms:
            total = add(total, each) if scalar >> bit & 1 else total
    same_x, same_y = total[0] * point[1] - total[1] * point[0], total[1] * point[1] - total[0] * point[0]
    return same_x % P == 0 or same_y % P == 0


def fits(role, commitments, sums):
    points = [decode(commitments[at : at + 32]) for at in range(4, len(commitments), 32)]
    scalars = [int.from_bytes(sums[at : at + 32], "little") for at in range(4, len(sums), 32)]
    half = len(scalars) // 2
    if len(points) != 3 or None in points or (len(sums) - 4) % 64 or half < 2 or max(scalars) >= ORDER:
        return False
    return sums[:4] == commitments[:4] and all(
        opens(scalars[place * half : (place + 1) * half], points[(role + place) % 3]) for place in (0, 1)
    )


def check(asked, document):
    payload, proposal, _ = open_envelope(asked, lambda kind, body, signatures: [body["proposer"]])
    _, body, _ = open_envelope(document, lambda kind, body, signatures: [body["accuser"]])
    heavy, digest = [key["id"] for key in proposal["heavy"]], hashlib.sha256(payload).digest()
    need(document["payloadType"] == "application/vnd.formix.evidence+json" and proposal["scheme"] == "rep64", "not evidence")
    need({body["accused"], body["accuser"]} <= set(heavy), "evidence among strangers")
    cid = base64.b32decode(body["computation"][1:].upper() + "======")
    need(cid == b"\x01\x55\x12\x20" + digest, "evidence about another computation")
    commitments, sums = base64.b64decode(body["commitments"]), base64.b64decode(body["sum"])
    reports_set = base64.b32decode(body["set"][1:].upper() + "======")[4:]
    counts = body["participants"].to_bytes(4, "little") + body["rejected"].to_bytes(4, "little")
    committed = digest + bytes([body["cohort"]]) + reports_set + counts + commitments
    verifies(body["accused"], b"formix/commit/1\0" + committed, body["commit_signature"])
    verifies(body["accused"], b"formix/partial/1\0" + digest + reports_set + sums, body["sum_signature"])
    is_honest = fits(heavy.index(body["accused"]), commitments, sums) and sums[:4] == counts[:4]
    # How many sums the question asks for is not checked here: `formix comp verify` also convicts of too many or too few.
    need(not is_honest, "the sums that the accused signed fit its commitments")
    print(f"{body['accused']} lied about its sums, as its own signatures show")


if __name__ == "__main__":
    documents = json.load(open(sys.argv[1]))
    need(documents.get("evidence"), "there is no evidence")
    check(documents["proposal"], documents["evidence"])
