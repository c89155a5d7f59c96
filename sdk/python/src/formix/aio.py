"""The asynchronous interface, which the synchronous one runs on a thread of its own.

    async with formix.aio.AsyncClient("http://127.0.0.1:4800") as network:
        computation = await network.propose(Steps, formix.sum("steps"), min_participants=5)
        print((await computation.result()).value)

A client works without ``async with`` too; then every request has a connection of its own and there is nothing to close.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import httpx

from . import refinement
from .documents import Envelope, loads
from .errors import (
    ComputationRefused,
    DocumentError,
    NetworkError,
    ProblemError,
    ResultTimeout,
    Unreachable,
    VerificationError,
)
from .heavy import HEAVY_NODES_MAX, Descriptor, Pins
from .http import Api, invalid_proposal
from .identity import Identity
from .progress import display_for
from .proposal import Deadline, Draft, HeavyKey, Proposal, Scheme, build
from .reductions import Reduction
from .results import Result
from .schemas import RecordSchema
from .status import Status
from .verify import Refusal, verify_end

__all__ = ["AsyncClient", "AsyncComputation", "propose"]

#: Where a network is looked for when none is named, unless ``FORMIX_URL`` says otherwise.
NETWORK: Final = "http://127.0.0.1:4800"
#: So long is waited for an end that is overdue: clocks may differ, and a heavy node may be starting again.
OVERDUE: Final = timedelta(minutes=1)
#: Media type of a cancellation's payload.
CANCEL_TYPE: Final = "application/vnd.formix.cancellation+json"
#: Seconds between attempts to reach a heavy node, at first and at most.
_RETRY_S: Final = (0.25, 5.0)
_PROPOSE_ATTEMPTS: Final = 4


class AsyncClient:
    """A network, as one of its heavy nodes shows it, and who proposes to it."""

    def __init__(
        self,
        network: str | None = None,
        *,
        identity: Identity | str | os.PathLike[str] | None = None,
        home: str | os.PathLike[str] | None = None,
        timeout: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Names a network; nothing is sent yet.

        Args:
            network: A heavy node's HTTP address; ``FORMIX_URL`` or ``http://127.0.0.1:4800`` where none is given.
            identity: Who proposes, or the file that says so; made at the first proposal where none is given.
            home: Where identity and pins are kept, instead of ``FORMIX_HOME`` or ``~/.formix``.
            timeout: Seconds that one request may take.
            transport: How requests travel, for programs that bring their own.
        """
        self._api = Api(network or os.environ.get("FORMIX_URL") or NETWORK, timeout=timeout, transport=transport)
        self._home = Path(home).expanduser() if home is not None else None
        self._identity = identity
        self._pins = Pins(self._api.url, self._home)

    async def __aenter__(self) -> Self:
        await self._api.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._api.url!r})"

    @property
    def network(self) -> str:
        """The heavy node's address."""
        return self._api.url

    @property
    def identity(self) -> Identity:
        """Who proposes.

        Raises:
            IdentityError: Its file cannot be read or made.
        """
        if not isinstance(self._identity, Identity):
            path = self._identity
            if path is None and self._home is not None:
                path = self._home / "sdk-identity"
            self._identity = Identity.load(path)
        return self._identity

    async def _descriptors(self) -> list[Descriptor]:
        answer = await self._api.get("/network")
        listed = answer.get("heavy") if isinstance(answer, dict) else None
        if not isinstance(listed, list) or len(listed) > HEAVY_NODES_MAX:
            raise Unreachable(self._api.url, "does not name its network's heavy nodes")
        return [Descriptor.open(Envelope.from_json(each)) for each in listed]

    async def heavy(self) -> list[HeavyKey]:
        """The network's heavy nodes, ascending, their descriptors verified; pinned when the network is met first.

        Raises:
            NotPinned: They are not those that were pinned.
            VerificationError: A descriptor is not signed by its node.
            NetworkError: The network does not answer.
        """
        return self._pins.check(await self._descriptors())

    async def trust(self) -> list[HeavyKey]:
        """Pins the heavy nodes that the network shows now, in place of those pinned before."""
        self._pins.replace(await self._descriptors())
        return await self.heavy()

    async def propose(
        self,
        model: Any,
        reduction: Reduction,
        *,
        dataset: str | None = None,
        where: str | None = None,
        per: Literal["record", "person"] = "record",
        records_max: int = 1_000,
        scheme: Scheme = "prio3",
        min_participants: int = 3,
        max_participants: int = 10_000,
        deadline: Deadline = "10min",
        title: str | None = None,
        purpose: str = "",
        heavy: Sequence[str] | None = None,
    ) -> AsyncComputation:
        """Proposes a computation.

        Args:
            model: What one record is: a Pydantic model, or a JSON Schema.
            reduction: What is computed, such as ``formix.sum("steps")``.
            dataset: Name of the data set that is asked; the model's name in lower case where none is given.
            where: Which records count: a CEL expression that is true or false of a record.
            per: Whether each record counts, or each person once: then expressions are over all of a person's records.
            records_max: Most records of one person; who has more does not answer.
            scheme: How answers are shared; see :data:`formix.Scheme`.
            min_participants: Fewest people for a result, at least 3.
            max_participants: Most people; reaching them closes the computation.
            deadline: When it closes; for quantiles in rounds, how long each round takes.
            title: A few words for a stranger.
            purpose: What the answer is for.
            heavy: The ids of the three heavy nodes to use; the first three of the network where none are given.

        Raises:
            InvalidProposal: It is not acceptable, as found here or by the heavy node; ``path`` says where.
            NotPinned: The network's heavy nodes are not those that were pinned.
            NetworkError: The network does not answer.
        """
        draft = Draft(
            schema=RecordSchema.of(model),
            reduction=reduction,
            dataset=dataset,
            title=title,
            purpose=purpose,
            where=where,
            per=per,
            records_max=records_max,
            scheme=scheme,
            participants_min=min_participants,
            participants_max=max_participants,
            deadline=deadline,
        )
        refinement.check(draft)
        # What is wrong with the question is said before the network is asked.
        draft.query()
        known = await self.heavy()
        if heavy is not None:
            known = [key for key in known if key.id in set(heavy)]
        elif len(known) < 3:
            raise NetworkError(f"{self._api.url} knows {len(known)} heavy nodes, and a proposal needs three")
        return AsyncComputation(self, await self._send(draft, known[:3]), draft)

    async def _send(self, draft: Draft, heavy: Sequence[HeavyKey]) -> Envelope:
        """Signs and sends. A proposal that came twice is one, so that an answer that was lost is asked for again."""
        envelope = build(draft, heavy, self.identity)
        id, _ = Proposal.open(envelope)
        pause = _RETRY_S[0]
        for attempt in range(_PROPOSE_ATTEMPTS):
            try:
                accepted = await self._api.post("/computations", envelope.to_json())
            except (Unreachable, ProblemError) as error:
                if isinstance(error, ProblemError) and (invalid := invalid_proposal(error)) is not None:
                    raise invalid from None
                passing = isinstance(error, Unreachable) or error.status >= 500
                if not passing or attempt + 1 == _PROPOSE_ATTEMPTS:
                    raise
                await asyncio.sleep(pause)
                pause *= 2
            else:
                if not isinstance(accepted, dict) or accepted.get("id") != id:
                    raise Unreachable(self._api.url, "answers with the id of another computation")
                break
        return envelope

    async def computation(self, id: str) -> AsyncComputation:
        """A computation that somebody proposed, by its id.

        Raises:
            UnknownComputation: The heavy node knows none of this id.
            VerificationError: What it gives is not signed by its proposer, or is another.
        """
        documents = await self._api.get(f"/computations/{id}/documents")
        envelope = Envelope.from_json(documents["proposal"] if isinstance(documents, dict) else documents)
        found, _ = Proposal.open(envelope)
        if found != id:
            raise VerificationError(f"{self._api.url} gives another computation, {found}")
        return AsyncComputation(self, envelope)

    async def computations(self) -> list[Status]:
        """The computations that the heavy node keeps, the latest deadline first, as it shows them."""
        views = await self._api.get("/computations")
        if not isinstance(views, list):
            raise Unreachable(self._api.url, "does not list its computations")
        return [Status.of(view) for view in views]


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


async def propose(
    model: Any,
    reduction: Reduction,
    *,
    network: str | None = None,
    identity: Identity | str | os.PathLike[str] | None = None,
    **options: Any,
) -> AsyncComputation:
    """Proposes a computation to a network: :meth:`AsyncClient.propose` without a client to keep."""
    return await AsyncClient(network, identity=identity).propose(model, reduction, **options)
