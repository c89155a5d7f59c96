"""Manifests of jobs: what is run, within which limits, on which nodes and by when. Their submitter signs them.

A job's id is the content id of its manifest's payload, so that a manifest sent twice is one job. The published schema is
``core/jobs/schema/manifest.json``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict, Unpack

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from .documents import Envelope, NodeId, content_digest, content_id, loads
from .errors import DocumentError, InvalidJob, InvalidProposal
from .identity import Identity
from .proposal import Deadline, deadline_of, rfc3339

__all__ = ["Blob", "Constraints", "Invocation", "JobOptions", "Kind", "Limits", "Manifest", "Quorum", "blob", "build"]

#: Media type of a manifest's payload.
PAYLOAD_TYPE: Final = "application/vnd.formix.job+json"
#: Longest payload of a manifest, in bytes.
PAYLOAD_BYTES_MAX: Final = 368 * 1024
#: Module and input up to this many bytes each stand in the manifest; longer ones go by content id.
INLINE_BYTES_MAX: Final = 64 * 1024
#: Most bytes of arguments, and of names and values of the environment, together.
WORDS_BYTES_MAX: Final = 16 * 1024
#: Most jobs whose outputs are one input.
OUTPUTS_MAX: Final = 4_096

#: What a node runs in: a browser tab, a process of its own, a heavy node.
Kind: TypeAlias = Literal["tab", "native", "heavy"]
#: When the answers of replicas give a result: more than half of them agree, or all.
Quorum: TypeAlias = Literal["majority", "unanimous"]
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_EXACT: Final = ConfigDict(extra="forbid", frozen=True)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(text: object) -> datetime:
    if isinstance(text, datetime):
        text = rfc3339(text)
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError("not a moment such as `2026-11-20T12:00:00Z`")
    # Finer than microseconds, which Python does not read, is below the milliseconds that count.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone(UTC)
    if moment < _EPOCH:
        raise ValueError("before 1970")
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def _node(text: str) -> str:
    try:
        return NodeId(text)
    except DocumentError as error:
        raise ValueError(str(error)) from None


def _content(text: str) -> str:
    try:
        content_digest(text)
    except DocumentError as error:
        raise ValueError(str(error)) from None
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL, which ends a string for the guest")
    return text


def _variable(text: str) -> str:
    if not text or "=" in text:
        raise ValueError(f"`{text}` is no name: not empty, and without `=`")
    return _without_nul(text)


def _printable(text: str) -> str:
    if any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in text):
        raise ValueError("holds a control character")
    return text


def _within(least: int, most: int) -> Any:
    return Field(ge=least, le=most, strict=True)


Moment = Annotated[datetime, BeforeValidator(_moment)]
Node = Annotated[str, AfterValidator(_node)]
ContentId = Annotated[str, AfterValidator(_content)]
Argument = Annotated[str, AfterValidator(_without_nul)]
Variable = Annotated[str, AfterValidator(_variable)]
Entry = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_printable)]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Limits(BaseModel):
    """What one run may use. A run that needs more fails, and says which limit it met."""

    model_config = _EXACT
    #: Fuel, by the gas schedule of the sandbox: about one unit an instruction.
    fuel: Annotated[int, _within(1, 10**15)] = 2_000_000_000
    #: Bytes of the guest's memory.
    memory_bytes: Annotated[int, _within(0, 2**32)] = 256 << 20
    #: Bytes of the engine's stack.
    stack_bytes: Annotated[int, _within(1_024, 64 << 20)] = 4 << 20
    #: Calls within calls.
    call_depth: Annotated[int, _within(1, 100_000)] = 16_384
    #: Bytes of the module.
    module_bytes: Annotated[int, _within(8, 64 << 20)] = 16 << 20
    #: Elements of each of the guest's tables.
    table_elements: Annotated[int, _within(0, 10_000_000)] = 1 << 20
    #: Bytes of standard output and standard error together.
    output_bytes: Annotated[int, _within(0, 64 << 20)] = 16 << 20
    #: Milliseconds that a node keeps the job; no part of what a run gives.
    wall_ms: Annotated[int, _within(10, 86_400_000)] = 120_000


class Constraints(BaseModel):
    """Which nodes may run a job. What is empty asks for nothing."""

    model_config = _EXACT
    #: Only nodes of these kinds; where empty, light nodes of any kind.
    kinds: tuple[Kind, ...] = ()
    #: Only these nodes.
    nodes: Annotated[tuple[Node, ...], Field(max_length=64)] = ()
    #: Not these nodes.
    except_: Annotated[tuple[Node, ...], Field(max_length=64, alias="except")] = ()
    #: Only nodes of which so many results have agreed with others' before.
    agreed_min: Annotated[int, _within(0, 2**32 - 1)] = 0


class Blob(BaseModel):
    """Some bytes: themselves, their content id or, of an input, the outputs of other jobs one after the other."""

    model_config = _EXACT
    #: The content id of the bytes.
    id: ContentId | None = None
    #: The bytes in base64.
    inline: str | None = None
    #: The jobs whose standard outputs they are.
    outputs: Annotated[tuple[ContentId, ...], Field(max_length=OUTPUTS_MAX)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Blob:
        if len(self.model_fields_set) != 1 or None in (getattr(self, name) for name in self.model_fields_set):
            raise ValueError("is one of `id`, `inline` and `outputs`")
        return self

    @property
    def digest(self) -> bytes | None:
        """The SHA-256 of the bytes; ``None`` of outputs, which are not known before their jobs have ended."""
        if self.inline is not None:
            return hashlib.sha256(base64.b64decode(self.inline)).digest()
        return content_digest(self.id) if self.id is not None else None


class Invocation(BaseModel):
    """With module and input, everything that a run's outcome follows from."""

    model_config = _EXACT
    #: The exported function that is called.
    entry: Entry
    #: The guest's arguments, the program's name first.
    args: tuple[Argument, ...]
    #: The guest's environment.
    env: dict[Variable, Argument]
    #: What the run may use.
    limits: Limits
    #: Where the guest's clock starts.
    clock: Moment
    #: What its randomness follows from.
    seed: Hex32

    @model_validator(mode="after")
    def _short(self) -> Invocation:
        _check_words(self.args, self.env)
        return self


def _check_words(args: Sequence[str], env: Mapping[str, str]) -> None:
    # A guest is given each with a NUL behind it, and a variable with its `=`.
    size = sum(len(arg.encode()) + 1 for arg in args)
    size += sum(len(name.encode()) + len(value.encode()) + 2 for name, value in env.items())
    if size > WORDS_BYTES_MAX:
        raise ValueError(
            f"arguments and environment of {size} bytes, where at most {WORDS_BYTES_MAX} are accepted: move some into the input"
        )


class Manifest(BaseModel):
    """A job: the payload of a document that its submitter signs."""

    model_config = _EXACT
    #: Version of this document's format: 1.
    version: Literal[1]
    #: What the job does, in a few words for whoever runs it.
    name: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
    #: Who submits, and signs.
    submitter: Node
    #: A WASI preview 1 command.
    module: Blob
    #: What the guest reads from standard input.
    input: Blob = Blob(inline="")
    #: The exported function that is called.
    entry: Entry = "_start"
    #: The guest's arguments, the program's name first.
    args: tuple[Argument, ...] = ()
    #: The guest's environment.
    env: dict[Variable, Argument] = {}
    #: What a run may use.
    limits: Limits = Limits()
    #: How many nodes run it. The answer of one alone is not checked by anybody.
    replicas: Annotated[int, _within(1, 7)] = 1
    #: When their answers give a result.
    quorum: Quorum = "majority"
    #: Which nodes may run it.
    constraints: Constraints = Constraints()
    #: When it was made; a deterministic guest's clock starts here.
    created: Moment
    #: When a job without a result is given up.
    deadline: Moment
    #: Its place among its submitter's own jobs; higher goes first.
    priority: Annotated[int, _within(0, 9)] = 0
    #: Whether every run gives the same. Otherwise there is one replica.
    deterministic: bool = True
    #: What makes two alike manifests two jobs.
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

    @model_validator(mode="after")
    def _fits(self) -> Manifest:
        _check_words(self.args, self.env)
        if not self.deterministic and self.replicas > 1:
            raise ValueError("`replicas` must be 1 for a job that is not deterministic: its answers cannot be compared")
        if self.deadline <= self.created:
            raise ValueError("`deadline` is not after `created`")
        return self

    @classmethod
    def open(cls, envelope: Envelope) -> tuple[str, Manifest]:
        """Reads a manifest that its submitter signed; gives the job's id with it.

        Raises:
            DocumentError: The payload is no manifest.
            VerificationError: Its submitter has not signed it.
        """
        payload = envelope.verify(PAYLOAD_TYPE, ())
        try:
            manifest = cls.model_validate(loads(payload, "a manifest"))
        except ValidationError as error:
            raise DocumentError(f"not a manifest: {first(error)}") from None
        envelope.verify(PAYLOAD_TYPE, [NodeId(manifest.submitter)])
        return content_id(payload), manifest

    def invocation(self, job: str, node: str, started: datetime) -> Invocation:
        """How the job ``job``, which this is, is run by ``node`` from ``started`` on."""
        context = b"formix/job-seed/1\0" + content_digest(job)
        if not self.deterministic:
            context += NodeId(node).public_key + unix_ms(started).to_bytes(8, "little")
        return Invocation(
            entry=self.entry,
            args=self.args,
            env=self.env,
            limits=self.limits,
            clock=self.created if self.deterministic else started,
            seed=hashlib.sha256(context).hexdigest(),
        )

    @property
    def agreeing_min(self) -> int:
        """Answers that must agree for a result without a judge."""
        return self.replicas if self.quorum == "unanimous" else self.replicas // 2 + 1


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def first(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    found = error.errors()[0]
    place = ".".join(str(part) for part in found["loc"])
    words = str(found["msg"]).removeprefix("Value error, ")
    return f"`{place}`: {words}" if place else words


def blob(data: bytes) -> dict[str, str]:
    """Bytes as a manifest names them: short ones themselves, longer ones by content id."""
    if len(data) <= INLINE_BYTES_MAX:
        return {"inline": base64.b64encode(data).decode()}
    return {"id": content_id(data)}


class JobOptions(TypedDict, total=False):
    """What a job may ask for besides module, input and arguments."""

    #: The guest's environment.
    env: Mapping[str, str]
    #: The exported function that is called.
    entry: str
    #: What a run may use; those left out have :class:`Limits`' defaults.
    limits: Limits | Mapping[str, int]
    #: How many nodes run it; the answer of one alone is not checked by anybody.
    replicas: int
    #: When their answers give a result.
    quorum: Quorum
    #: Only nodes of these kinds; light nodes of any kind where none are given.
    kinds: Sequence[Kind]
    #: Only these nodes.
    nodes: Sequence[str]
    #: Not these nodes.
    not_nodes: Sequence[str]
    #: Only nodes of which so many results have agreed with others' before.
    agreed_min: int
    #: When a job without a result is given up: ``"10min"``, a `timedelta` or a moment; an hour where none is given.
    deadline: Deadline
    #: Its place among its submitter's own jobs, 0 to 9; higher goes first.
    priority: int
    #: Whether every run gives the same; otherwise there is one replica.
    deterministic: bool


def build(
    identity: Identity,
    *,
    name: str,
    module: Mapping[str, Any],
    input: Mapping[str, Any],
    args: Iterable[str] = (),
    **options: Unpack[JobOptions],
) -> Envelope:
    """A signed manifest, made now.

    Raises:
        InvalidJob: A field is not acceptable.
    """
    created, limits = datetime.now(UTC), options.get("limits", {})
    fields: dict[str, Any] = {
        "version": 1,
        "name": name,
        "submitter": str(identity.id),
        "module": dict(module),
        "input": dict(input),
        "entry": options.get("entry", "_start"),
        "args": [name, *args],
        "env": dict(sorted(options.get("env", {}).items())),
        "limits": limits.model_dump() if isinstance(limits, Limits) else dict(limits),
        "replicas": options.get("replicas", 1),
        "quorum": options.get("quorum", "majority"),
        "constraints": {
            "kinds": list(options.get("kinds", ())),
            "nodes": [str(node) for node in options.get("nodes", ())],
            "except": [str(node) for node in options.get("not_nodes", ())],
            "agreed_min": options.get("agreed_min", 0),
        },
        "created": rfc3339(created),
        "priority": options.get("priority", 0),
        "deterministic": options.get("deterministic", True),
        "nonce": secrets.token_hex(16),
    }
    try:
        fields["deadline"] = rfc3339(deadline_of(options.get("deadline", "1h"), created))
        Manifest.model_validate(fields)
    except ValidationError as error:
        raise InvalidJob(first(error)) from None
    except InvalidProposal as error:
        raise InvalidJob(str(error)) from None
    payload = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise InvalidJob(f"a manifest of {len(payload)} bytes; at most {PAYLOAD_BYTES_MAX} are read: move some into the input")
    return identity.sign(PAYLOAD_TYPE, payload)
