"""How jobs reach a heavy node: their bytes first, where these are long, then their signed manifests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, TypedDict

from .documents import Envelope, content_digest, content_id, loads
from .errors import DocumentError, InvalidJob, NetworkError, ProblemError, Unreachable
from .http import Api, is_passing, patiently
from .manifest import INLINE_BYTES_MAX, blob

__all__ = ["Input", "Item", "Module", "Source", "send", "source_of_input", "source_of_module", "upload"]

#: A WASI command: its bytes, the path of a file, or the content id of one that the heavy node has.
Module: TypeAlias = bytes | str | os.PathLike[str]
#: What a guest reads from standard input: bytes, a text, or the path of a file.
Input: TypeAlias = bytes | str | os.PathLike[str]

#: Bytes of one part of an upload, after which it can be taken up again.
_PART_BYTES: Final = 4 << 20
#: Manifests, and bytes of manifests, that are sent at once.
_BATCH_MAX: Final = 1_000
_BATCH_BYTES_MAX: Final = 4 << 20
_ATTEMPTS: Final = 5
#: Media type of many documents, one a line.
_LINES: Final = "application/x-ndjson"


class Item(TypedDict, total=False):
    """What sets one job of an array apart from the others."""

    #: Its arguments, in place of those of all.
    args: Sequence[str]
    #: Its input, in place of that of all.
    input: Input
    #: What it is called.
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """Some bytes of a job: as its manifest names them, and themselves where they have to be sent before it."""

    blob: Mapping[str, Any]
    data: bytes | None = None
    name: str = "job"


def source_of_module(module: Module) -> Source:
    """A module, which goes by content id unless it is short.

    Raises:
        InvalidJob: It cannot be read, or is none.
    """
    if isinstance(module, str) and _is_content_id(module):
        return Source({"id": module})
    name = "job" if isinstance(module, bytes) else Path(module).stem[:120] or "job"
    data = module if isinstance(module, bytes) else _read(module)
    if not data.startswith(b"\0asm"):
        raise InvalidJob(f"`module`: `{name}` is no WebAssembly module: it does not begin with `\\0asm`")
    return _source(data, name)


def source_of_input(given: Input | None) -> Source:
    """A guest's standard input.

    Raises:
        InvalidJob: It cannot be read.
    """
    if isinstance(given, str):
        return _source(given.encode(), "")
    return _source(given if isinstance(given, bytes) else b"" if given is None else _read(given), "")


def _source(data: bytes, name: str) -> Source:
    return Source(blob(data), data if len(data) > INLINE_BYTES_MAX else None, name)


def _is_content_id(text: str) -> bool:
    try:
        content_digest(text)
    except DocumentError:
        return False
    return True


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise InvalidJob(f"{os.fspath(path)}: {error.strerror or error}") from error


async def upload(api: Api, data: bytes) -> None:
    """Sends bytes that the heavy node lacks, from where an earlier attempt broke off.

    Raises:
        NetworkError: It does not answer, or does not take them.
    """
    path = f"/blobs/{content_id(data)}"

    async def go_on() -> None:
        offset = await api.held(path)
        while offset is not None and offset < len(data):
            part = data[offset : offset + _PART_BYTES]
            end = offset + len(part)
            headers = {"content-type": "application/octet-stream"}
            if len(part) < len(data):
                headers["content-range"] = f"bytes {offset}-{end - 1}/{len(data)}"
            await api.put(path, part, headers)
            offset = end

    await patiently(go_on, _ATTEMPTS)


async def send(api: Api, envelopes: Sequence[Envelope], ids: Sequence[str]) -> None:
    """Hands signed manifests to the heavy node. One that comes twice is one job, so an answer that was lost is asked for again.

    Raises:
        InvalidJob: It takes one for never runnable; the words name the field.
        NetworkError: It does not answer, or does not take one.
    """
    if len(envelopes) == 1:
        answer = await _refused(api.post, "/jobs", envelopes[0].to_json())
        _check(api, answer, ids[0])
        return
    batch, size = list[tuple[str, bytes]](), 0
    for id, envelope in zip(ids, envelopes, strict=True):
        line = envelope.to_json() + b"\n"
        if batch and (len(batch) == _BATCH_MAX or size + len(line) > _BATCH_BYTES_MAX):
            await _send_lines(api, batch)
            batch, size = [], 0
        batch.append((id, line))
        size += len(line)
    await _send_lines(api, batch)


async def _refused(post: Any, path: str, body: bytes, *kind: str) -> Any:
    try:
        return await patiently(lambda: post(path, body, *kind), _ATTEMPTS)
    except ProblemError as error:
        if error.status == 422:
            raise InvalidJob(error.detail) from None
        raise


async def _send_lines(api: Api, batch: list[tuple[str, bytes]]) -> None:
    """Sends a batch; those of it that the heavy node has no room for yet, again, for as long as it takes some."""
    waiting = batch

    async def go_on() -> None:
        nonlocal waiting
        body = b"".join(line for _, line in waiting)
        answers = (await api.send("/jobs", body, _LINES)).splitlines()
        if len(answers) != len(waiting):
            raise Unreachable(api.url, f"answers {len(waiting)} jobs with {len(answers)} lines")
        later, passing = list[tuple[str, bytes]](), None
        for job, text in zip(waiting, answers, strict=True):
            answer = loads(text, api.url)
            problem = answer.get("error") if isinstance(answer, dict) else None
            if not isinstance(problem, dict):
                _check(api, answer, job[0])
                continue
            error = _problem(api, problem)
            if not is_passing(error):
                raise InvalidJob(error.detail) if error.status == 422 else error
            later.append(job)
            passing = error
        waiting = later
        if passing is not None:
            raise passing

    while waiting:
        before = len(waiting)
        try:
            await patiently(go_on, _ATTEMPTS)
        except ProblemError as error:
            if not is_passing(error) or len(waiting) == before:
                raise


def _problem(api: Api, problem: Mapping[str, Any]) -> ProblemError:
    status, detail, after = problem.get("status"), problem.get("detail"), problem.get("retry_after_s")
    words = detail if isinstance(detail, str) else "without a reason"
    seconds = float(after) if isinstance(after, int) else None
    return ProblemError(f"{api.url}/api/v1/jobs", status if isinstance(status, int) else 500, words, problem, seconds)


def _check(api: Api, answer: Any, id: str) -> None:
    if not isinstance(answer, dict) or answer.get("id") != id:
        raise NetworkError(f"{api.url} answers with the id of another job")
