"""The synchronous interface: :mod:`formix.aio` on an event loop of its own thread.

So it works in a notebook too, where a loop already runs. An interrupt ends the waiting and not the computation.
"""

from __future__ import annotations

import asyncio
import html
import os
import threading
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any, Self, TypeVar

from .aio import AsyncClient, AsyncComputation
from .documents import Envelope
from .errors import FormixError
from .identity import Identity
from .progress import display_for, status_html
from .proposal import HeavyKey, Proposal
from .reductions import Reduction
from .results import Result
from .status import Status

__all__ = ["Client", "Computation", "propose"]

T = TypeVar("T")


class _Loop:
    """An event loop on a daemon thread, begun at the first use, anew in a forked process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: tuple[int, asyncio.AbstractEventLoop] | None = None

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._running is None or self._running[0] != os.getpid():
                loop = asyncio.new_event_loop()
                threading.Thread(target=loop.run_forever, name="formix", daemon=True).start()
                self._running = os.getpid(), loop
            return self._running[1]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for ``work``; cancels it where the waiting is interrupted."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


_run = _Loop().run


class Client:
    """A network, as one of its heavy nodes shows it, and who proposes to it. It needs no closing."""

    def __init__(self, network: str | None = None, **options: Any) -> None:
        """Names a network, as :class:`formix.aio.AsyncClient` does."""
        self._client = AsyncClient(network, **options)

    def __repr__(self) -> str:
        return f"Client({self.network!r})"

    @property
    def network(self) -> str:
        """The heavy node's address."""
        return self._client.network

    @property
    def identity(self) -> Identity:
        """Who proposes."""
        return self._client.identity

    def heavy(self) -> list[HeavyKey]:
        """See :meth:`formix.aio.AsyncClient.heavy`."""
        return _run(self._client.heavy())

    def trust(self) -> list[HeavyKey]:
        """See :meth:`formix.aio.AsyncClient.trust`."""
        return _run(self._client.trust())

    def propose(self, model: Any, reduction: Reduction, **options: Any) -> Computation:
        """See :meth:`formix.aio.AsyncClient.propose`."""
        return Computation(_run(self._client.propose(model, reduction, **options)))

    def computation(self, id: str) -> Computation:
        """See :meth:`formix.aio.AsyncClient.computation`."""
        return Computation(_run(self._client.computation(id)))

    def computations(self) -> list[Status]:
        """See :meth:`formix.aio.AsyncClient.computations`."""
        return _run(self._client.computations())


class Computation:
    """A computation under way. Quantiles in rounds are one handle over several computations, one after the other."""

    def __init__(self, computation: AsyncComputation) -> None:
        self._computation = computation

    def __repr__(self) -> str:
        return f"Computation({self.proposal.title!r}, {self.id!r})"

    def _repr_html_(self) -> str:
        try:
            return status_html(self.status())
        except FormixError as error:
            return f"<code>{html.escape(repr(self))}</code><br>{html.escape(str(error))}"

    @property
    def id(self) -> str:
        """The computation's id; of several rounds, that of the latest."""
        return self._computation.id

    @property
    def rounds(self) -> tuple[str, ...]:
        """The ids of all rounds so far."""
        return self._computation.rounds

    @property
    def proposal(self) -> Proposal:
        """What is asked; of several rounds, in the latest."""
        return self._computation.proposal

    @property
    def envelope(self) -> Envelope:
        """The signed proposal."""
        return self._computation.envelope

    def status(self) -> Status:
        """See :meth:`formix.aio.AsyncComputation.status`."""
        return _run(self._computation.status())

    def updates(self, *, every: float | None = None) -> Iterator[Status]:
        """See :meth:`formix.aio.AsyncComputation.updates`."""
        updates = self._computation.updates(every=every)
        try:
            while (status := _run(anext(updates, None))) is not None:
                yield status
        finally:
            _run(updates.aclose())

    def cancel(self) -> None:
        """See :meth:`formix.aio.AsyncComputation.cancel`."""
        _run(self._computation.cancel())

    def watch(self) -> Self:
        """See :meth:`formix.aio.AsyncComputation.watch`."""
        # Shown from the caller's thread: a notebook knows the cell by it.
        display = display_for()
        try:
            for status in self.updates(every=1.0):
                display.update(status)
        finally:
            display.close()
        return self

    def result(self, timeout: float | timedelta | None = None) -> Result:
        """See :meth:`formix.aio.AsyncComputation.result`."""
        return _run(self._computation.result(timeout))


def propose(
    model: Any,
    reduction: Reduction,
    *,
    network: str | None = None,
    identity: Identity | str | os.PathLike[str] | None = None,
    **options: Any,
) -> Computation:
    """Proposes a computation to a network: :meth:`formix.aio.AsyncClient.propose` without a client to keep."""
    return Client(network, identity=identity).propose(model, reduction, **options)
