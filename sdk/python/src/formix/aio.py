"""The asynchronous interface, which the synchronous one runs on a thread of its own.

    async with formix.aio.AsyncClient("http://127.0.0.1:4800") as network:
        computation = await network.propose(Steps, formix.sum("steps"), min_participants=5)
        print((await computation.result()).value)

A client works without ``async with`` too; then every request has a connection of its own and there is nothing to close.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, Unpack

import httpx

from . import local, manifest, refinement
from .computation import AsyncComputation
from .documents import Envelope
from .errors import NetworkError, ProblemError, Unreachable, VerificationError
from .heavy import HEAVY_NODES_MAX, Descriptor, Pins
from .http import Api, invalid_proposal, patiently
from .identity import Identity
from .job_status import JobState, JobStatus
from .jobs import AsyncJob, AsyncJobArray
from .manifest import JobOptions
from .proposal import Deadline, Draft, HeavyKey, Proposal, Scheme, build
from .reductions import Reduction
from .schemas import RecordSchema
from .status import Status
from .submission import Input, Item, Module, Source, send, source_of_input, source_of_module, upload

__all__ = ["AsyncClient", "AsyncComputation", "AsyncJob", "AsyncJobArray", "propose"]

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
        self._api = Api(network or os.environ.get("FORMIX_URL") or local.NETWORK, timeout=timeout, transport=transport)
        self._home = Path(home).expanduser() if home is not None else None
        self._identity = identity
        self._pins = Pins(self._api.url, self._home)

    @classmethod
    async def local(cls, **options: Any) -> Self:
        """A client of the heavy node on this machine: `FORMIX_URL`, the default port, or a node of this home.

        Raises:
            Unreachable: None answers.
        """
        home = options.get("home")
        return cls(await local.find(Path(home).expanduser() if home is not None else None), **options)

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
        try:
            accepted = await patiently(lambda: self._api.post("/computations", envelope.to_json()), _PROPOSE_ATTEMPTS)
        except ProblemError as error:
            if (invalid := invalid_proposal(error)) is not None:
                raise invalid from None
            raise
        if not isinstance(accepted, dict) or accepted.get("id") != id:
            raise Unreachable(self._api.url, "answers with the id of another computation")
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

    async def submit(
        self,
        module: Module,
        args: Sequence[str] = (),
        *,
        input: Input | None = None,
        outputs: Sequence[AsyncJob | str] | None = None,
        name: str | None = None,
        **options: Unpack[JobOptions],
    ) -> AsyncJob:
        """Submits a job: a WASI command that other nodes run in their sandbox.

        Args:
            module: The command: its bytes, a file, or the content id of one that the heavy node has.
            args: Its arguments, without the program's name.
            input: What it reads from standard input: bytes, a text, or the path of a file.
            outputs: Jobs whose standard outputs, one after the other, are its input; it waits until they have ended well.
            name: What it does, in a few words for whoever runs it; the file's name where none is given.
            options: Limits, replicas, constraints and more; see :class:`formix.JobOptions`.

        Raises:
            InvalidJob: It is not acceptable, as found here or by the heavy node; the words name the field.
            NetworkError: The heavy node does not answer, or has no room.
        """
        source = source_of_module(module)
        given = self._input(input, outputs)
        job = self._job(source, given, name or source.name, args, options)
        await self._submit([source, given], [job])
        return job

    async def submit_many(
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
    ) -> AsyncJobArray:
        """Submits many jobs of one module and, with `reduce`, one that gets all their outputs. All are signed at once.

        Args:
            module: The command, as in :meth:`submit`.
            items: What each job has of its own: a mapping with `args`, `input`, `name`.
            args: The arguments of those that have none of their own.
            input: The input of those that have none of their own.
            reduce: The command whose standard input is their outputs, in the order of `items`.
            reduce_args: Its arguments.
            name: As in :meth:`submit`.
            options: Of every job, the reducing one too.

        Raises:
            InvalidJob: One is not acceptable.
            NetworkError: The heavy node does not answer, or has no room.
        """
        source, common = source_of_module(module), source_of_input(input)
        sources, jobs = [source], []
        for item in items:
            given = source_of_input(item["input"]) if "input" in item else common
            called = item.get("name") or name or source.name
            jobs.append(self._job(source, given, called, item.get("args", args), options))
            sources.append(given)
        reducing = None
        if reduce is not None:
            last = source_of_module(reduce)
            reducing = self._job(last, self._input(None, jobs), name or last.name, reduce_args, options)
            sources.append(last)
        # The reducing one comes last: the heavy node knows the others by then.
        await self._submit(sources, [*jobs, *([reducing] if reducing else [])])
        return AsyncJobArray(self, jobs, reducing)

    def _input(self, input: Input | None, outputs: Sequence[AsyncJob | str] | None) -> Source:
        if outputs is None:
            return source_of_input(input)
        return Source({"outputs": [job if isinstance(job, str) else job.id for job in outputs]})

    def _job(self, module: Source, input: Source, name: str, args: Sequence[str], options: JobOptions) -> AsyncJob:
        envelope = manifest.build(self.identity, name=name, module=module.blob, input=input.blob, args=args, **options)
        return AsyncJob(self, envelope)

    async def _submit(self, sources: Sequence[Source], jobs: Sequence[AsyncJob]) -> None:
        # What several share goes once.
        for data in {source.data for source in sources if source.data is not None}:
            await upload(self._api, data)
        if jobs:
            await send(self._api, [job.envelope for job in jobs], [job.id for job in jobs])

    async def job(self, id: str) -> AsyncJob:
        """A job that somebody submitted, by its id.

        Raises:
            UnknownJob: The heavy node knows none of this id.
            VerificationError: What it gives is not signed by its submitter, or is another.
        """
        job = AsyncJob(self, Envelope.from_json(await self._api.read(f"/jobs/{id}/manifest")))
        if job.id != id:
            raise VerificationError(f"{self._api.url} gives another job, {job.id}")
        return job

    async def jobs(self, *, submitter: str | None = None, state: JobState | None = None, limit: int = 100) -> list[JobStatus]:
        """Jobs as the heavy node shows them, at most `limit`."""
        given = {"submitter": submitter, "state": state, "limit": str(limit)}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
        page = await self._api.get(f"/jobs?{query}")
        if not isinstance(page, dict) or not isinstance(page.get("jobs"), list):
            raise Unreachable(self._api.url, "does not list its jobs")
        return [JobStatus.of(view) for view in page["jobs"]]

    async def workers(self) -> list[dict[str, Any]]:
        """The nodes that run jobs for the heavy node, as it shows them."""
        listed = await self._api.get("/workers")
        if not isinstance(listed, list):
            raise Unreachable(self._api.url, "does not list its workers")
        return listed


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
