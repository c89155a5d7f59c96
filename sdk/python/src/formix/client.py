"""The synchronous interface: :mod:`formix.aio` on an event loop of its own thread.

So it works in a notebook too, where a loop already runs. An interrupt ends the waiting and not the computation.
"""

from __future__ import annotations

import asyncio
import html
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal, Self, TypeVar, Unpack

from .aio import AsyncClient, AsyncComputation, AsyncJob, AsyncJobArray
from .documents import Envelope
from .errors import FormixError
from .identity import Identity
from .job_status import ArrayStatus, JobResult, JobState, JobStatus, Why
from .manifest import JobOptions, Manifest
from .progress import display_for, status_html
from .proposal import HeavyKey, Proposal
from .reductions import Reduction
from .results import Result
from .status import Status
from .submission import Input, Item, Module

__all__ = ["Client", "Computation", "Job", "JobArray", "propose"]

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


def _each(updates: AsyncGenerator[T]) -> Iterator[T]:
    """What an asynchronous generator gives, one after the other."""
    try:
        while (update := _run(anext(updates, None))) is not None:
            yield update
    finally:
        _run(updates.aclose())


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

    @classmethod
    def local(cls, **options: Any) -> Self:
        """See :meth:`formix.aio.AsyncClient.local`."""
        client = cls.__new__(cls)
        client._client = _run(AsyncClient.local(**options))
        return client

    def submit(
        self,
        module: Module,
        args: Sequence[str] = (),
        *,
        input: Input | None = None,
        outputs: Sequence[Job | str] | None = None,
        name: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """See :meth:`formix.aio.AsyncClient.submit`."""
        ids = None if outputs is None else [job if isinstance(job, str) else job.id for job in outputs]
        return Job(_run(self._client.submit(module, args, input=input, outputs=ids, name=name, **options)))

    def submit_many(
        self,
        module: Module,
        items: Sequence[Item],
        args: Sequence[str] = (),
        *,
        input: Input | None = None,
        reduce: Module | None = None,
        reduce_args: Sequence[str] = (),
        name: str | None = None,
        **options: Unpack[JobOptions],
    ) -> JobArray:
        """See :meth:`formix.aio.AsyncClient.submit_many`."""
        submitted = self._client.submit_many(
            module, items, args, input=input, reduce=reduce, reduce_args=reduce_args, name=name, **options
        )
        return JobArray(_run(submitted))

    def job(self, id: str) -> Job:
        """See :meth:`formix.aio.AsyncClient.job`."""
        return Job(_run(self._client.job(id)))

    def jobs(self, *, submitter: str | None = None, state: JobState | None = None, limit: int = 100) -> list[JobStatus]:
        """See :meth:`formix.aio.AsyncClient.jobs`."""
        return _run(self._client.jobs(submitter=submitter, state=state, limit=limit))

    def workers(self) -> list[dict[str, Any]]:
        """See :meth:`formix.aio.AsyncClient.workers`."""
        return _run(self._client.workers())


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
        return _each(self._computation.updates(every=every))

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


class Job:
    """A job under way."""

    def __init__(self, job: AsyncJob) -> None:
        self._job = job

    def __repr__(self) -> str:
        return f"Job({self.manifest.name!r}, {self.id!r})"

    @property
    def id(self) -> str:
        """The job's id: the content id of its manifest."""
        return self._job.id

    @property
    def manifest(self) -> Manifest:
        """What it asks for."""
        return self._job.manifest

    @property
    def envelope(self) -> Envelope:
        """The signed manifest."""
        return self._job.envelope

    def status(self) -> JobStatus:
        """See :meth:`formix.aio.AsyncJob.status`."""
        return _run(self._job.status())

    def why(self) -> Why:
        """See :meth:`formix.aio.AsyncJob.why`."""
        return _run(self._job.why())

    def updates(self) -> Iterator[JobStatus]:
        """See :meth:`formix.aio.AsyncJob.updates`."""
        return _each(self._job.updates())

    def result(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[JobStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
    ) -> JobResult:
        """See :meth:`formix.aio.AsyncJob.result`. ``progress`` is called on the client's own thread."""
        return _run(self._job.result(timeout, progress=progress, witness=witness))

    def receipts(self) -> list[Envelope]:
        """See :meth:`formix.aio.AsyncJob.receipts`."""
        return _run(self._job.receipts())

    def cancel(self) -> None:
        """See :meth:`formix.aio.AsyncJob.cancel`."""
        _run(self._job.cancel())


class JobArray:
    """Jobs that were submitted together and, where wanted, one more that reduces their outputs to one."""

    def __init__(self, array: AsyncJobArray) -> None:
        self._array = array
        #: The jobs, in the order in which they were given.
        self.jobs = tuple(map(Job, array.jobs))
        #: The one whose input is all their outputs, one after the other.
        self.reduce = Job(array.reduce) if array.reduce else None

    def __repr__(self) -> str:
        return f"JobArray({len(self)} jobs{', reduced' if self.reduce else ''})"

    def __len__(self) -> int:
        return len(self.jobs)

    def status(self) -> ArrayStatus:
        """See :meth:`formix.aio.AsyncJobArray.status`."""
        return _run(self._array.status())

    def updates(self) -> Iterator[ArrayStatus]:
        """See :meth:`formix.aio.AsyncJobArray.updates`."""
        return _each(self._array.updates())

    def results(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[ArrayStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
    ) -> list[JobResult]:
        """See :meth:`formix.aio.AsyncJobArray.results`. ``progress`` is called on the client's own thread."""
        return _run(self._array.results(timeout, progress=progress, witness=witness))

    def result(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[ArrayStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
        check_input: bool = True,
    ) -> JobResult:
        """See :meth:`formix.aio.AsyncJobArray.result`. ``progress`` is called on the client's own thread."""
        return _run(self._array.result(timeout, progress=progress, witness=witness, check_input=check_input))

    def cancel(self) -> None:
        """See :meth:`formix.aio.AsyncJobArray.cancel`."""
        _run(self._array.cancel())


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
