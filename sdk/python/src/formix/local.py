"""The heavy node of this machine, as a program on it finds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from .documents import loads
from .errors import DocumentError, Unreachable
from .identity import home

__all__ = ["NETWORK", "find"]

#: Where a network is looked for when none is named, unless ``FORMIX_URL`` says otherwise.
NETWORK: Final = "http://127.0.0.1:4800"
#: Seconds that a node on this machine may take to say that it runs.
_PATIENCE_S: Final = 2.0


def _candidates(folder: Path | None) -> Iterator[str]:
    named = os.environ.get("FORMIX_URL")
    yield named or NETWORK
    if named:
        return
    # Where the system chose a node's ports, they stand in its folder.
    for file in sorted((folder or home()).glob("nodes/*/ports.json")):
        try:
            ports = loads(file.read_bytes(), str(file))
        except (OSError, DocumentError):
            continue
        if isinstance(ports, dict) and isinstance(ports.get("http"), int):
            yield f"http://127.0.0.1:{ports['http']}"


async def find(folder: Path | None = None) -> str:
    """The address of a heavy node that runs on this machine: `FORMIX_URL`, the default port, or a node of this home.

    Raises:
        Unreachable: None answers.
    """
    asked = []
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_S) as client:
        for url in _candidates(folder):
            asked.append(url)
            try:
                if (await client.get(f"{url.rstrip('/')}/healthz")).is_success:
                    return url
            except (httpx.HTTPError, httpx.InvalidURL):
                continue
    raise Unreachable("this machine", f"no heavy node answers ({', '.join(asked)}); start one with `formix heavy`")
