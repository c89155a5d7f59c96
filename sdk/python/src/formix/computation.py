"""Computations under way, asynchronously; :mod:`formix.client` has the same for everybody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from . import refinement
from .documents import Envelope, loads
from .errors import ComputationRefused, DocumentError, NetworkError, ProblemError, ResultTimeout, Unreachable
from .progress import display_for
from .proposal import Proposal
from .results import Result
from .status import Status
from .verify import Refusal, verify_end

if TYPE_CHECKING:
    from .aio import AsyncClient
    from .proposal import Draft

__all__ = ["AsyncComputation"]

#: So long is waited for an end that is overdue: clocks may differ, and a heavy node may be starting again.
OVERDUE: Final = timedelta(minutes=1)
#: Media type of a cancellation's payload.
CANCEL_TYPE: Final = "application/vnd.formix.cancellation+json"
#: Seconds between attempts to reach a heavy node, at first and at most.
_RETRY_S: Final = (0.25, 5.0)


class AsyncComputation:
    """A computation under way. Quantiles in rounds are one handle over several computations, one after the other."""

    def __init__(self, client: AsyncClient, envelope: Envelope, draft: Draft | None = None) -> None:
        self._client = client
        self._draft = draft
        self._rounds = [_Round(envelope)]
        self._advancing = asyncio.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.proposal.title!r}, {self.id!r})"

    @property
    def id(self) -> str:
        """The computation's id; of several rounds, that of the latest."""
        return self._rounds[-1].id

    @property
    def rounds(self) -> tuple[str, ...]:
        """The ids of all rounds so far."""
        return tuple(each.id for each in self._rounds)

    @property
    def proposal(self) -> Proposal:
        """What is asked; of several rounds, in the latest."""
        return self._rounds[-1].proposal

    @property
    def envelope(self) -> Envelope:
        """The signed proposal."""
        return self._rounds[-1].envelope

    async def status(self) -> Status:
        """How it stands at the heavy node now.

        Raises:
            NetworkError: The heavy node does not answer.
        """
        return await self._status(self._rounds[-1].id)

    async def _status(self, id: str) -> Status:
        status = Status.of(await self._client._api.get(f"/computations/{id}"))
        if status.id != id:
            raise Unreachable(self._client.network, "answers with another computation")
        return status

    async def updates(self, *, every: float | None = None) -> AsyncGenerator[Status]:
        """How it stands: now, whenever that changes, and lastly once it has ended; through all rounds.

        A heavy node that does not answer for a while is asked again; what it holds is durable.

        Args:
            every: Seconds after which the last state is given again where nothing has changed, for a clock that ticks.

        Raises:
            ResultTimeout: It should have ended long ago, and the heavy node has not said how.
        """
        while True:
            current = self._rounds[-1]
            async with aclosing(self._follow(current, every)) as statuses:
                async for status in statuses:
                    yield status
            await self._conclude(current)
            if self._rounds[-1] is current:
                return

    async def _follow(self, current: _Round, every: float | None) -> AsyncGenerator[Status]:
        """One round's states, the last of them ended."""
        queue: asyncio.Queue[Status | Exception] = asyncio.Queue(maxsize=64)
        listening = asyncio.create_task(self._listen(current, queue))
        last: Status | None = None
        try:
            while True:
                latest = current.proposal.ends + OVERDUE - datetime.now(UTC)
                patience = min(every or float("inf"), max(latest.total_seconds(), 0.0))
                try:
                    async with asyncio.timeout(patience):
                        told = await queue.get()
                except TimeoutError:
                    if datetime.now(UTC) >= current.proposal.ends + OVERDUE:
                        told_last = f"{self._client.network} says: {current.trouble or last}"
                        raise ResultTimeout(f"computation {current.id} should have ended; {told_last}") from None
                    if last is not None:
                        yield last
                    continue
                if isinstance(told, Exception):
                    raise told
                if told != last or told.ended:
                    last = told
                    yield told
                if told.ended:
                    return
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, current: _Round, queue: asyncio.Queue[Status | Exception]) -> None:
        """Puts a round's states into the queue until it has ended."""
        pause = _RETRY_S[0]
        while True:
            try:
                async with self._client._api.events() as events:
                    # Subscribed before it is asked for, so that nothing falls between.
                    status = await self._status(current.id)
                    await queue.put(status)
                    pause, current.trouble = _RETRY_S[0], None
                    async for name, data in events:
                        if name == "computation" and current.id in data:
                            told = Status.of(loads(data, "an event"))
                            if told.id == current.id:
                                status = told
                                await queue.put(status)
                        if status.ended:
                            return
                    if status.ended:
                        return
                    current.trouble = "the stream of events ended"
            except (Unreachable, DocumentError) as error:
                current.trouble = str(error)
            except ProblemError as error:
                # Too busy to be listened to, or about to stop, is no answer; anything else is.
                if error.status < 500:
                    await queue.put(error)
                    return
                current.trouble = str(error)
                await self._look(current, queue)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_S[1])

    async def _look(self, current: _Round, queue: asyncio.Queue[Status | Exception]) -> None:
        """Asks once, where events are not to be had."""
        try:
            await queue.put(await self._status(current.id))
        except (NetworkError, DocumentError) as error:
            current.trouble = str(error)

    async def _conclude(self, current: _Round) -> None:
        """Fetches and verifies a round's end, and begins the next round where one is needed; once for all who wait."""
        async with self._advancing:
            if self._rounds[-1] is not current:
                return
            if current.end is None:
                documents = await self._client._api.get(f"/computations/{current.id}/documents")
                documents = documents if isinstance(documents, dict) else {}
                end, evidence = documents.get("end"), documents.get("evidence")
                if end is None:
                    raise Unreachable(self._client.network, "ended the computation without a document")
                shown = Envelope.from_json(evidence) if evidence is not None else None
                # The proposal at hand counts, not the host's word for it.
                current.end = verify_end(current.envelope, Envelope.from_json(end), shown)
            if self._draft is None or not isinstance(current.end, Result):
                return
            draft = refinement.next_draft(self._draft, current.end, len(self._rounds))
            if draft is not None:
                self._rounds.append(_Round(await self._client._send(draft, current.proposal.heavy)))

    async def cancel(self) -> None:
        """Tells the heavy nodes that it no longer stands, signed by the proposer; it ends in a refusal, `cancelled`.

        Raises:
            ProblemError: It has closed already and takes its course, or somebody else proposed it.
        """
        current = self._rounds[-1]
        payload = json.dumps({"version": 1, "computation": current.id}, separators=(",", ":")).encode()
        envelope = self._client.identity.sign(CANCEL_TYPE, payload)
        await self._client._api.post(f"/computations/{current.id}/cancel", envelope.to_json())

    async def watch(self) -> Self:
        """Shows its progress until it has ended: in place in a notebook, as a bar at a terminal; gives itself.

        Raises:
            ResultTimeout: It should have ended long ago, and the heavy node has not said how.
        """
        display = display_for()
        try:
            async with aclosing(self.updates(every=1.0)) as statuses:
                async for status in statuses:
                    display.update(status)
        finally:
            display.close()
        return self

    async def result(self, timeout: float | timedelta | None = None) -> Result:
        """Waits until it has ended, and gives its verified result.

        Args:
            timeout: Seconds to wait at most; without it, until it should have ended, a minute or two after its deadline.

        Raises:
            ComputationRefused: It ended without a result; the heavy node's signed reason is in it.
            ResultTimeout: It has not ended in that time. It goes on; ask again.
            VerificationError: What the heavy node gave does not hold.
        """
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        last: Status | None = None
        try:
            async with asyncio.timeout(seconds), aclosing(self.updates()) as statuses:
                async for status in statuses:
                    last = status
        except TimeoutError as error:
            if isinstance(error, ResultTimeout):
                raise
            raise ResultTimeout(f"no result of {self.id} after {seconds:g} s: {last or self._rounds[-1].trouble}") from None
        end = self._rounds[-1].end
        if isinstance(end, Refusal):
            raise ComputationRefused(end)
        assert end is not None, "a round that ended was concluded"
        return end


class _Round:
    """One computation of a handle."""

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.id, self.proposal = Proposal.open(envelope)
        self.end: Result | Refusal | None = None
        #: Why nothing is heard, while nothing is.
        self.trouble: str | None = None
