"""Identity files and pins."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import golden
import pytest

from formix import DocumentError, Identity, IdentityError, NotPinned, VerificationError
from formix.heavy import PAYLOAD_TYPE, Descriptor, Pins


def test_an_identity_is_made_once_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMIX_HOME", str(tmp_path / "home"))
    first = Identity.load()
    file = tmp_path / "home/sdk-identity"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert Identity.load().id == first.id
    assert list(file.parent.iterdir()) == [file]
    assert first.id in repr(first)


def test_threads_that_begin_together_are_one_person(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda _: Identity.load(tmp_path / "key").id, range(64)))
    assert len(ids) == 1


def test_an_identity_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "key"
    Identity.load(file)
    file.chmod(0o644)
    with pytest.raises(IdentityError, match="chmod 600"):
        Identity.load(file)


@pytest.mark.parametrize("content", [b"", b"AAAA", b"\xff\xfe", b"A" * 10_000])
def test_a_damaged_identity_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(IdentityError, match="restore it from a copy"):
        Identity.load(file)
    assert file.read_bytes() == content


def test_an_identity_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IdentityError, match="file"):
        Identity.load(tmp_path / "file/key")


ISSUED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def descriptor(number: int, seal: str = "A" * 43) -> Descriptor:
    identity = Identity(bytes([number] * 32))
    return Descriptor(version=1, id=identity.id, seal=seal, addresses=[], issued="2026-11-20T12:00:00Z")


def test_the_frozen_descriptor_opens() -> None:
    opened = Descriptor.open(golden.document("heavy node's descriptor"), ISSUED)
    assert opened.model_dump() == golden.payload("heavy node's descriptor")


def test_a_descriptor_from_the_future_is_refused() -> None:
    with pytest.raises(VerificationError, match="its clock or the one here is wrong"):
        Descriptor.open(golden.document("heavy node's descriptor"), ISSUED - timedelta(minutes=11))


@pytest.mark.parametrize("change", [{"version": 2}, {"addresses": ["x"] * 17}, {"issued": "soon"}, {"more": 1}, {"id": "x"}])
def test_what_is_no_descriptor_is_refused(change: dict[str, object]) -> None:
    import json

    identity = Identity(bytes([1] * 32))
    payload = descriptor(1).model_dump() | change
    with pytest.raises((DocumentError, VerificationError)):
        Descriptor.open(identity.sign(PAYLOAD_TYPE, json.dumps(payload).encode()), ISSUED)


def test_a_network_is_pinned_when_it_is_first_met(tmp_path: Path) -> None:
    pins = Pins("http://127.0.0.1:4800", tmp_path)
    met = pins.check(map(descriptor, (3, 1, 2)))
    keys = [Identity(bytes([n] * 32)).id for n in (1, 2, 3)]
    assert {key.id for key in met} == set(keys)
    # A node that is away is no change.
    assert len(Pins("http://127.0.0.1:4800", tmp_path).check([descriptor(1)])) == 1
    with pytest.raises(NotPinned, match="not among those pinned"):
        pins.check(map(descriptor, (1, 2, 4)))
    with pytest.raises(NotPinned, match="another sealing key"):
        pins.check([descriptor(1, seal="B" * 43)])
    # Another network is met on its own.
    Pins("http://127.0.0.1:4810", tmp_path).check([descriptor(4)])
    pins.replace([descriptor(4)])
    assert [key.id for key in pins.check([descriptor(4)])] == [Identity(bytes([4] * 32)).id]
    assert os.listdir(tmp_path) == ["sdk-pins"]


def test_a_network_that_is_not_whole_is_not_pinned(tmp_path: Path) -> None:
    pins = Pins("http://127.0.0.1:4800", tmp_path)
    assert pins.check([]) == []
    assert len(pins.check(map(descriptor, (1, 4)))) == 2
    assert len(pins.check(map(descriptor, (1, 2, 3)))) == 3
    with pytest.raises(NotPinned):
        pins.check(map(descriptor, (1, 4)))
