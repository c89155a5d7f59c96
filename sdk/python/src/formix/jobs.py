"""Jobs under way: WASI commands that other nodes run, whose receipts are verified here.

A heavy node is believed about nothing but how a job stands meanwhile. What it hands out in the end counts only with receipts
that the job's nodes signed, that follow from the manifest that was signed here, and that speak of the very bytes received.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import ValidationError

from .documents import Envelope, NodeId, content_digest, loads
from .errors import (
    DocumentError,
    JobEnded,
    JobFailed,
    NetworkError,
    ProblemError,
    ResultTimeout,
    Unreachable,
    VerificationError,
)
from .http import is_passing, patiently
from .job_status import ArrayStatus, JobResult, JobStatus, Why
from .manifest import Manifest, first
from .receipt import Receipt, verify_receipt

if TYPE_CHECKING:
    from .aio import AsyncClient

__all__ = ["AsyncJob", "AsyncJobArray"]

#: Media type of a cancellation's payload.
CANCEL_TYPE: Final = "application/vnd.formix.job-cancel+json"
#: So long is waited for an end that is overdue: clocks may differ, and a heavy node may be starting again.
OVERDUE: Final = timedelta(minutes=1)
#: Most receipts of one job that are read: of its replicas, of those that ran it in others' place, of a judge.
RECEIPTS_MAX: Final = 64
#: Seconds between attempts to reach a heavy node, and between looks at an array: at first and at most.
_PAUSE_S: Final = (0.25, 5.0)
_LOOK_S: Final = (0.2, 2.0)
_PAGE: Final = 200
#: Seconds that an ended job's documents may take to come.
_FETCH_S: Final = 60.0

S = TypeVar("S", JobStatus, ArrayStatus)


class AsyncJob:
    """A job under way."""

    def __init__(self, client: AsyncClient, envelope: Envelope) -> None:
        self._client = client
        self._trouble: str | None = None
        #: The signed manifest.
        self.envelope = envelope
        #: The job's id, and what it asks for.
        self.id, self.manifest = Manifest.open(envelope)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.manifest.name!r}, {self.id!r})"

    async def status(self) -> JobStatus:
        """How it stands at the heavy node now.

        Raises:
            NetworkError: The heavy node does not answer.
        """
        status = JobStatus.of(await self._client._api.get(f"/jobs/{self.id}"))
        if status.id != self.id:
            raise Unreachable(self._client.network, "answers with another job")
        return status

    async def why(self) -> Why:
        """Why it is not running: what keeps each node that the heavy node knows from it."""
        try:
            return Why.model_validate(await self._client._api.get(f"/jobs/{self.id}/why"))
        except ValidationError as error:
            raise Unreachable(self._client.network, f"does not say why: {first(error)}") from None

    async def updates(self) -> AsyncGenerator[JobStatus]:
        """How it stands: now, whenever that changes, and lastly once it has ended.

        A heavy node that does not answer for a while is asked again; what it holds is durable.

        Raises:
            ProblemError: The heavy node does not know the job.
        """
        last: JobStatus | None = None
        pause = _PAUSE_S[0]
        while True:
            try:
                async with aclosing(self._listen()) as statuses:
                    async for status in statuses:
                        pause, self._trouble = _PAUSE_S[0], None
                        if status != last:
                            last = status
                            yield status
                        if status.is_ended:
                            return
                self._trouble = "the stream of events ended"
            except (NetworkError, DocumentError) as error:
                if not is_passing(error):
                    raise
                self._trouble = str(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_S[1])

    async def _listen(self) -> AsyncGenerator[JobStatus]:
        """Its states as one stream of events tells them; its present one alone where no stream is to be had."""
        try:
            async with self._client._api.events(f"?job={self.id}") as events:
                # Subscribed before it is asked for, so that nothing falls between.
                yield await self.status()
                async for name, data in events:
                    if name == "job" and self.id in data:
                        status = JobStatus.of(loads(data, "an event"))
                        if status.id == self.id:
                            yield status
        except ProblemError as error:
            if not is_passing(error):
                raise
            # Too many listen; who looks now and then is no burden.
            yield await self.status()

    async def result(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[JobStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
    ) -> JobResult:
        """Waits until it has ended, and gives what it wrote, with every receipt verified.

        Args:
            timeout: Seconds to wait at most; without it, a minute longer than the job's deadline.
            progress: Called with how it stands, now and whenever that changes.
            witness: The heavy node that must have witnessed each receipt; ``True`` where anybody's word will do.

        Raises:
            JobFailed: The guest failed, as its nodes signed; what it wrote is in the error.
            JobEnded: It was refused or cancelled.
            ResultTimeout: It has not ended in that time. It goes on; ask again.
            VerificationError: What the heavy node gave does not hold.
        """
        status = await self._ended(timeout, progress)
        result = await self._conclude(status, witness)
        if not result.succeeded:
            raise JobFailed(result)
        return result

    async def _ended(
        self, timeout: float | timedelta | None, progress: Callable[[JobStatus], object] | None = None
    ) -> JobStatus:
        patience = _seconds(timeout)
        if patience is None:
            patience = max((self.manifest.deadline + OVERDUE - datetime.now(UTC)).total_seconds(), 0.0)
        last = await _last(self.updates(), patience, progress)
        if last is None or not last.is_ended:
            raise ResultTimeout(f"no result of job {self.id} after {patience:g} s: {self._trouble or last or 'no answer'}")
        return last

    async def _conclude(self, status: JobStatus, witness: str | Literal[True] | None) -> JobResult:
        """What an ended job gave, from its receipts."""
        shown = status.result
        if shown is None:
            raise JobEnded(status)
        documents = await self.receipts()
        receipts = [verify_receipt(each, manifest=self.envelope, witness=witness) for each in documents]
        claim = shown.ending.code, content_digest(shown.stdout).hex(), content_digest(shown.stderr).hex(), shown.fuel
        agreeing = [receipt for receipt in receipts if receipt.claim == claim]
        _check_support(self, agreeing, judged=shown.judged)
        stdout, stderr = [await self._stream(name) for name in ("stdout", "stderr")]
        for data, meant, name in ((stdout, agreeing[0].stdout, "stdout"), (stderr, agreeing[0].stderr, "stderr")):
            if hashlib.sha256(data).hexdigest() != meant:
                raise VerificationError(f"{self._client.network} gives another {name} of job {self.id} than its nodes signed")
        return JobResult(
            job=self.id,
            ending=agreeing[0].ending,
            stdout=stdout,
            stderr=stderr,
            receipts=tuple(agreeing),
            dissenting=tuple(receipt for receipt in receipts if receipt.claim != claim),
            documents=tuple(documents),
            judged=shown.judged,
            ended=status.ended,
        )

    async def _stream(self, name: str) -> bytes:
        return await patiently(lambda: self._client._api.read(f"/jobs/{self.id}/{name}"))

    async def receipts(self) -> list[Envelope]:
        """The receipts that the heavy node has of it by now, as they were signed; not verified yet."""
        listed = await patiently(lambda: self._client._api.get(f"/jobs/{self.id}/receipts"))
        if not isinstance(listed, list) or len(listed) > RECEIPTS_MAX:
            raise Unreachable(self._client.network, "does not list the job's receipts")
        return [Envelope.from_json(each) for each in listed]

    async def cancel(self) -> None:
        """Tells the heavy node that it is not wanted any more, signed by its submitter.

        Raises:
            ProblemError: It has ended already, or somebody else submitted it.
        """
        identity = self._client.identity
        payload = {"version": 1, "job": self.id, "submitter": str(identity.id)}
        envelope = identity.sign(CANCEL_TYPE, json.dumps(payload, separators=(",", ":")).encode())
        await patiently(lambda: self._client._api.post(f"/jobs/{self.id}/cancel", envelope.to_json()))


def _check_support(job: AsyncJob, agreeing: Sequence[Receipt], *, judged: bool) -> None:
    """Whether receipts carry a result: enough nodes for the job's quorum, or one where a judge decided."""
    nodes = {NodeId(receipt.node) for receipt in agreeing}
    needed = 1 if judged else job.manifest.agreeing_min
    if len(nodes) < needed:
        raise VerificationError(f"the result of job {job.id} has {len(nodes)} receipts that agree, and needs {needed}")
    if len({receipt.stdin for receipt in agreeing}) != 1:
        raise VerificationError(f"the receipts of job {job.id} speak of different inputs")


def _seconds(timeout: float | timedelta | None) -> float | None:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else timeout


async def _last(updates: AsyncGenerator[S], patience: float | None, progress: Callable[[S], object] | None) -> S | None:
    """The last state that comes in that time."""
    last: S | None = None
    try:
        async with asyncio.timeout(patience), aclosing(updates) as statuses:
            async for status in statuses:
                last = status
                if progress is not None:
                    progress(status)
    except TimeoutError:
        pass
    return last


class AsyncJobArray:
    """Jobs that were submitted together and, where wanted, one more that reduces their outputs to one."""

    def __init__(self, client: AsyncClient, jobs: Sequence[AsyncJob], reduce: AsyncJob | None = None) -> None:
        self._client = client
        #: The jobs, in the order in which they were given.
        self.jobs = tuple(jobs)
        #: The one whose input is all their outputs, one after the other.
        self.reduce = reduce

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.jobs)} jobs{', reduced' if self.reduce else ''})"

    def __len__(self) -> int:
        return len(self.jobs)

    async def status(self) -> ArrayStatus:
        """How they stand at the heavy node now."""
        every = (*self.jobs, *([self.reduce] if self.reduce else []))
        wanted = {job.id for job in every}
        found: dict[str, JobStatus] = {}
        after = ""
        while len(found) < len(wanted):
            path = f"/jobs?submitter={every[0].manifest.submitter}&limit={_PAGE}{after}"
            page = await self._client._api.get(path)
            if not isinstance(page, dict) or not isinstance(page.get("jobs"), list):
                raise Unreachable(self._client.network, "does not list its jobs")
            found |= {status.id: status for status in map(JobStatus.of, page["jobs"]) if status.id in wanted}
            if not isinstance(page.get("next"), str):
                break
            after = f"&after={page['next']}"
        # What the list has no room for is asked for one by one.
        for job in every:
            if job.id not in found:
                found[job.id] = await job.status()
        return ArrayStatus(tuple(found[job.id] for job in self.jobs), found[self.reduce.id] if self.reduce else None)

    async def updates(self) -> AsyncGenerator[ArrayStatus]:
        """How they stand: now, whenever that changes, and lastly once all have ended."""
        last: ArrayStatus | None = None
        pause = _LOOK_S[0]
        while True:
            try:
                status = await self.status()
            except (NetworkError, DocumentError) as error:
                if not is_passing(error):
                    raise
            else:
                pause = pause if status == last else _LOOK_S[0]
                if status != last:
                    last = status
                    yield status
                if status.is_ended:
                    return
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LOOK_S[1])

    async def results(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[ArrayStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
    ) -> list[JobResult]:
        """Waits until all have ended, and gives what each wrote, verified, in the order in which they were given.

        Raises:
            JobFailed: One failed; the first one that did, in that order.
            JobEnded: One was refused or cancelled.
            ResultTimeout: Not all have ended in that time.
            VerificationError: What the heavy node gave does not hold.
        """
        await self._wait(timeout, progress)
        return [await job.result(_FETCH_S, witness=witness) for job in self.jobs]

    async def result(
        self,
        timeout: float | timedelta | None = None,
        *,
        progress: Callable[[ArrayStatus], object] | None = None,
        witness: str | Literal[True] | None = None,
        check_input: bool = True,
    ) -> JobResult:
        """Waits until all have ended, and gives what the reducing job wrote, verified.

        Args:
            timeout: Seconds to wait at most; without it, a minute longer than the latest deadline.
            progress: Called with how they stand, now and whenever that changes.
            witness: As in :meth:`AsyncJob.result`.
            check_input: Whether to fetch every job's output as well, and to check that the reducing job was given just these.

        Raises:
            ValueError: Nothing reduces them; ask for `results`.
            JobFailed: A job failed.
            JobEnded: A job was refused or cancelled.
            ResultTimeout: Not all have ended in that time.
            VerificationError: What the heavy node gave does not hold.
        """
        if self.reduce is None:
            raise ValueError("nothing reduces these jobs: ask for their `results()`, or submit them with `reduce`")
        await self._wait(timeout, progress)
        outputs = hashlib.sha256()
        if check_input:
            for job in self.jobs:
                outputs.update((await job.result(_FETCH_S, witness=witness)).stdout)
        result = await self.reduce.result(_FETCH_S, witness=witness)
        if check_input and result.receipts[0].stdin != outputs.hexdigest():
            raise VerificationError(f"job {self.reduce.id} was given something else than the outputs of the jobs before it")
        return result

    async def _wait(self, timeout: float | timedelta | None, progress: Callable[[ArrayStatus], object] | None) -> ArrayStatus:
        patience = _seconds(timeout)
        if patience is None:
            latest = max(job.manifest.deadline for job in (*self.jobs, *([self.reduce] if self.reduce else [])))
            patience = max((latest + OVERDUE - datetime.now(UTC)).total_seconds(), 0.0)
        last = await _last(self.updates(), patience, progress)
        if last is None or not last.is_ended:
            raise ResultTimeout(f"{len(self.jobs)} jobs have not ended after {patience:g} s: {last or 'no answer'}")
        return last

    async def cancel(self) -> None:
        """Cancels those that have not ended."""
        for job in (*self.jobs, *([self.reduce] if self.reduce else [])):
            if not (await job.status()).is_ended:
                await job.cancel()
