"""Who proposes: an Ed25519 key in a file that only its owner reads.

The file holds the 32-byte seed in base64, as `formix` itself keeps its keys, so one identity can serve both: pass
``identity="~/.formix/identity.key"`` to propose as the command line does.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

from .documents import Envelope, NodeId, Signature
from .errors import IdentityError

__all__ = ["Identity", "home"]

_FILE: Final = "sdk-identity"


def home(path: str | os.PathLike[str] | None = None) -> Path:
    """Where this package keeps its files: ``path``, or ``FORMIX_HOME``, or ``~/.formix``."""
    return Path(path or os.environ.get("FORMIX_HOME") or "~/.formix").expanduser()


def create_private(path: Path, data: bytes) -> bool:
    """Makes a file with mode 0600, whole or not at all, and never in place of one that is there; whether it made it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


class Identity:
    """A secret signing key. Neither ``repr`` nor an error ever shows the secret half."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 32:
            raise IdentityError(f"a seed has 32 bytes, not {len(seed)}")
        self._key = SigningKey(seed)
        self.id = NodeId.of_public_key(bytes(self._key.verify_key))

    def __repr__(self) -> str:
        return f"Identity({self.id})"

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None) -> Identity:
        """The identity in a file, made at the first call; without ``path``, ``sdk-identity`` in :func:`home`.

        Raises:
            IdentityError: The file cannot be read or made, does not hold a key, or others may read it.
        """
        file = Path(path).expanduser() if path is not None else home() / _FILE
        try:
            if not file.exists():
                create_private(file, base64.b64encode(secrets.token_bytes(32)) + b"\n")
            if os.name == "posix" and file.stat().st_mode & 0o077:
                raise IdentityError(f"{file} can be read by others; take that away with `chmod 600`")
            text = file.read_bytes()
        except OSError as error:
            raise IdentityError(f"{file}: {error.strerror or error}") from error
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, IdentityError):
            raise IdentityError(
                f"{file} does not hold a key (32 bytes in base64); restore it from a copy, or delete it to be somebody else"
            ) from None

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """A document with this identity's signature alone."""
        unsigned = Envelope(payload_type, payload)
        signature = self._key.sign(unsigned.pre_authentication).signature
        return Envelope(payload_type, payload, (Signature(self.id, signature),))
