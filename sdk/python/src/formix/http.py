"""A heavy node's HTTP interface: requests, problem documents, server-sent events.

Bounds: an answer has at most :data:`ANSWER_BYTES_MAX` bytes, an event :data:`EVENT_BYTES_MAX`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx

from .documents import loads
from .errors import DocumentError, InvalidProposal, NetworkError, ProblemError, UnknownComputation, UnknownJob, Unreachable

__all__ = ["Api", "events", "invalid_proposal", "is_passing", "patiently"]

#: Longest answer that is read, in bytes: a list of a heavy node's 1,000 computations.
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
#: Longest event that is read, in bytes.
EVENT_BYTES_MAX: Final = 4 * 1024 * 1024
#: A heavy node's stream says something at least every 15 seconds, if only that it lives.
_QUIET_S: Final = 45.0
#: Seconds between attempts, at first and at most.
_PAUSE_S: Final = (0.25, 10.0)
T = TypeVar("T")
_PLACE: Final = re.compile(r"`([a-z][a-z0-9_.]*)`: (.+)", re.DOTALL)


def base_url(network: str) -> str:
    """A heavy node's HTTP address, with scheme and without a trailing slash.

    Raises:
        NetworkError: It is none.
    """
    parts = urlsplit(network if "://" in network else f"http://{network}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NetworkError(f"`{network}` is not a heavy node's HTTP address, such as `http://127.0.0.1:4800`")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


@cache
def _tls() -> ssl.SSLContext:
    """The trust in certificate authorities, read once."""
    return httpx.create_ssl_context()


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Api:
    """One heavy node's HTTP interface. Each request has a connection of its own unless :meth:`connected` shares one."""

    def __init__(self, network: str, *, timeout: float = 15.0, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = base_url(network)
        self._timeout = timeout
        self._transport = transport
        self._shared: httpx.AsyncClient | None = None

    def _open(self) -> httpx.AsyncClient:
        # A proxy in the environment is not for a node on this machine.
        here = _is_here(self.url)
        return httpx.AsyncClient(
            verify=False if self.url.startswith("http:") else _tls(),
            trust_env=not here,
            timeout=self._timeout,
            transport=self._transport,
            headers={"user-agent": "formix-python/0.1.0"},
        )

    def _client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        return self._open() if self._shared is None else nullcontext(self._shared)

    async def connect(self) -> None:
        """Shares one client among all requests from now on."""
        if self._shared is None:
            self._shared = self._open()

    async def close(self) -> None:
        """Closes the shared client."""
        if self._shared is not None:
            shared, self._shared = self._shared, None
            await shared.aclose()

    async def get(self, path: str) -> Any:
        """What stands at a path below ``/api/v1``, as JSON.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        return self._json(path, await self.read(path))

    async def read(self, path: str) -> bytes:
        """What stands at a path below ``/api/v1``, as bytes.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        return (await self._request("GET", path))[1]

    async def post(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        """Sends a body to a path below ``/api/v1``; gives the JSON that it is answered with.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        return self._json(path, await self.send(path, body, kind))

    async def send(self, path: str, body: bytes, kind: str) -> bytes:
        """Sends a body to a path below ``/api/v1``; gives what it is answered with.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        return (await self._request("POST", path, body, {"content-type": kind}))[1]

    async def put(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Puts bytes at a path below ``/api/v1``.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        await self._request("PUT", path, body, headers)

    async def held(self, path: str) -> int | None:
        """How many bytes of what belongs at a path the node has; ``None`` where it has all.

        Raises:
            NetworkError: The node does not answer, or answers with a problem.
        """
        response, _ = await self._request("HEAD", path, accepted=frozenset({404}))
        if response.status_code != 404:
            return None
        offset = response.headers.get("upload-offset", "0")
        return int(offset) if offset.isdecimal() else 0

    def _json(self, path: str, body: bytes) -> Any:
        url = f"{self.url}/api/v1{path}"
        try:
            return loads(body, url)
        except DocumentError as error:
            raise Unreachable(url, f"does not answer like a heavy node: {error}") from None

    async def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accepted: frozenset[int] = frozenset(),
    ) -> tuple[httpx.Response, bytes]:
        url = f"{self.url}/api/v1{path}"
        received = bytearray()
        try:
            async with self._client() as client, client.stream(method, url, content=body, headers=headers) as response:
                async for chunk in response.aiter_bytes():
                    received += chunk
                    if len(received) > ANSWER_BYTES_MAX:
                        raise Unreachable(url, f"answers with more than {ANSWER_BYTES_MAX} bytes")
        except httpx.TimeoutException as error:
            raise Unreachable(url, "no answer in time") from error
        except httpx.HTTPError as error:
            raise Unreachable(url, str(error) or type(error).__name__) from error
        if not response.is_success and response.status_code not in accepted:
            raise _problem(url, response.status_code, bytes(received), response.headers.get("retry-after"))
        return response, bytes(received)

    @asynccontextmanager
    async def events(self, query: str = "") -> AsyncIterator[AsyncIterator[tuple[str, str]]]:
        """The node's server-sent events, as names and data; ``query`` narrows them, as in ``?job=ID``.

        Raises:
            NetworkError: The node does not answer, or answers with a problem; while iterating too, when the stream breaks.
        """
        url = f"{self.url}/api/v1/events{query}"
        timeout = httpx.Timeout(self._timeout, read=_QUIET_S)
        try:
            async with self._client() as client, client.stream("GET", url, timeout=timeout) as response:
                if not response.is_success:
                    raise _problem(url, response.status_code, await response.aread())
                yield events(response.aiter_text())
        except httpx.HTTPError as error:
            raise Unreachable(url, str(error) or type(error).__name__) from error


def _problem(url: str, status: int, body: bytes, retry_after: str | None = None) -> NetworkError:
    """The error that a problem document means (RFC 9457)."""
    try:
        problem = loads(body, url)
    except DocumentError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    detail = problem.get("detail")
    unknown = UnknownJob if "/jobs/" in url or "?job=" in url else UnknownComputation
    kind = unknown if status == 404 else ProblemError
    seconds = float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
    return kind(url, status, detail if isinstance(detail, str) else "without a reason", problem, seconds)


def is_passing(error: Exception) -> bool:
    """Whether asking again may help: nobody answered, or one that is too busy, about to stop, or further with an upload."""
    if isinstance(error, ProblemError):
        return error.status in (408, 409, 429) or error.status >= 500
    return isinstance(error, Unreachable | DocumentError)


async def patiently(ask: Callable[[], Awaitable[T]], attempts: int = 5) -> T:
    """Asks until it is answered, a few times; what is asked so must be the same twice as once.

    Raises:
        NetworkError: The last attempt's, or one that no asking again will mend.
    """
    pause = _PAUSE_S[0]
    for _ in range(attempts - 1):
        try:
            return await ask()
        except NetworkError as error:
            if not is_passing(error):
                raise
            wanted = error.retry_after if isinstance(error, ProblemError) else None
            await asyncio.sleep(min(pause if wanted is None else wanted, _PAUSE_S[1]))
            pause *= 2
    return await ask()


def invalid_proposal(error: ProblemError) -> InvalidProposal | None:
    """What is wrong with the proposal that was sent, where that is what a problem says.

    Beyond the standard's members, ``errors`` lists the places: ``path``, ``problem``, and ``position`` in an expression.
    """
    match error.problem.get("errors"):
        case [{"path": str(path), "problem": str(problem), **more}, *_]:
            position = more.get("position")
            return InvalidProposal(path, problem, position=position if isinstance(position, int) else None)
    if error.status not in (400, 422):
        return None
    # What depends on the node's clock and state is told in words alone, which begin with the place.
    named = _PLACE.match(error.detail)
    return InvalidProposal(named[1], named[2]) if named else InvalidProposal("", error.detail)


async def events(parts: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """The messages of an event stream (WHATWG HTML, "Server-sent events"), as names and data.

    Raises:
        DocumentError: One is longer than :data:`EVENT_BYTES_MAX`.
    """
    name, data, rest, held = "", list[str](), "", 0
    async for part in parts:
        # A line may end in CR, LF or both; a CR at the end of a part may be half of both.
        lines = re.split(r"\r\n|\r(?!\Z)|\n", rest + part)
        rest = lines.pop()
        if len(rest) + held > EVENT_BYTES_MAX:
            raise DocumentError(f"an event of more than {EVENT_BYTES_MAX} bytes")
        for line in lines:
            if not line:
                if data:
                    yield name or "message", "\n".join(data)
                name, data, held = "", [], 0
                continue
            field, _, text = line.partition(":")
            text = text.removeprefix(" ")
            if field == "event":
                name = text
            elif field == "data":
                data.append(text)
                held += len(text)
