"""Receipts of jobs: what a node says that a guest's run gave, verified here and offline.

A receipt is an in-toto Statement v1 in a DSSE envelope. Its node's signature makes it that node's word: evidence against it
where it is false, and no proof that it is true. Who has module and input can run the job again:
``formix receipt verify --rerun``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .documents import Envelope, NodeId, content_id, content_id_of, loads
from .errors import DocumentError, VerificationError
from .manifest import Hex32, Invocation, Manifest, Moment, Node, first

__all__ = ["Ending", "Exit", "Failure", "Invocation", "Receipt", "Rejected", "Trap", "verify_receipt"]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "https://github.com/formix/formix/receipt/v1"
#: Longest payload of a receipt, in bytes.
PAYLOAD_BYTES_MAX: Final = 128 * 1024
#: Longest words about a failure, in bytes.
WORDS_BYTES_MAX: Final = 1_024


def _words(text: str) -> str:
    if len(text.encode()) > WORDS_BYTES_MAX:
        raise ValueError(f"words of more than {WORDS_BYTES_MAX} bytes")
    return text


_Count = Annotated[int, Field(ge=0, lt=2**53, strict=True)]
_Code = Annotated[str, Field(pattern=r"^[a-z0-9./-]{1,64}$")]
_EXACT = ConfigDict(extra="forbid", frozen=True)


class _Digest(BaseModel):
    model_config = _EXACT
    sha256: Hex32


class Failure(BaseModel):
    """Why a guest did not exit by itself."""

    model_config = _EXACT
    #: What programs compare, such as ``out-of-fuel``.
    code: _Code
    #: What a person reads.
    words: Annotated[str, AfterValidator(_words)]


class Exit(BaseModel):
    """The guest ended with this exit code; 0 alone is a success."""

    model_config = _EXACT
    exit: Annotated[int, Field(ge=0, lt=2**32, strict=True)]

    @property
    def code(self) -> str:
        """What programs compare."""
        return f"exit {self.exit}"

    def __str__(self) -> str:
        return "done" if self.exit == 0 else f"the guest ended with exit code {self.exit}"


class Trap(BaseModel):
    """It trapped, or met a limit."""

    model_config = _EXACT
    trap: Failure

    @property
    def code(self) -> str:
        """What programs compare."""
        return f"trap {self.trap.code}"

    def __str__(self) -> str:
        return f"{self.trap.words} ({self.trap.code})"


class Rejected(BaseModel):
    """It was never started: the module is not in order, or asks for what is denied."""

    model_config = _EXACT
    rejected: Failure

    @property
    def code(self) -> str:
        """What programs compare."""
        return f"rejected {self.rejected.code}"

    def __str__(self) -> str:
        return f"rejected: {self.rejected.words} ({self.rejected.code})"


#: How a run ended.
Ending = Exit | Trap | Rejected


class _Fuel(BaseModel):
    model_config = _EXACT
    used: _Count
    schedule: _Code


class _Subject(BaseModel):
    model_config = _EXACT
    name: str
    digest: _Digest


class _Predicate(BaseModel):
    model_config = _EXACT
    job: _Digest
    submitter: Node
    node: Node
    module: _Digest
    input: _Digest
    invocation: Invocation
    ending: Ending
    fuel: _Fuel
    memory_peak_bytes: _Count
    wall_us: _Count
    cpu_us: _Count | None = None
    started: Moment
    ended: Moment

    @model_validator(mode="after")
    def _forwards(self) -> _Predicate:
        if self.ended < self.started:
            raise ValueError("`ended` is before `started`")
        return self


class _Statement(BaseModel):
    model_config = _EXACT
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[_Subject, _Subject]
    predicateType: Literal["https://github.com/formix/formix/receipt/v1"]
    predicate: _Predicate


class Receipt(BaseModel):
    """A verified receipt. Content ids are those that ``formix`` prints, ``bafkrei…``; times are the node's own."""

    model_config = _EXACT
    #: Which job: the content id of the manifest's payload.
    job: str
    #: Who submitted it.
    submitter: str
    #: Who ran it, and signed.
    node: str
    #: Whose signatures stand under it as well: heavy nodes that took the receipt from its node.
    witnesses: tuple[str, ...]
    #: SHA-256 of the module, in hexadecimal digits; so are the next three.
    module: str
    #: Of what the guest could read from standard input.
    stdin: str
    #: Of what it wrote to standard output.
    stdout: str
    #: Of what it wrote to standard error.
    stderr: str
    #: How it was run.
    invocation: Invocation
    #: How it ended.
    ending: Ending
    #: Fuel used.
    fuel: int
    #: By which count.
    gas_schedule: str
    #: The most bytes that its memory had.
    memory_peak_bytes: int
    #: Microseconds that the run took.
    wall_us: int
    #: Microseconds of processor time, where the node could tell.
    cpu_us: int | None
    #: When the run began.
    started: datetime
    #: When it ended.
    ended: datetime

    @property
    def succeeded(self) -> bool:
        """Whether the guest did what it was meant to, by its own word: exit code 0."""
        return isinstance(self.ending, Exit) and self.ending.exit == 0

    @property
    def claim(self) -> tuple[str, str, str, int]:
        """What the replicas of a deterministic job agree about: ending, standard output, standard error, fuel."""
        return self.ending.code, self.stdout, self.stderr, self.fuel

    def check_follows(self, job: str, manifest: Manifest) -> None:
        """Checks that this is about the job ``job``, whose manifest is ``manifest``, run as that asks.

        Raises:
            VerificationError: It is not; the words name the first field that differs.
        """
        module, given = manifest.module.digest, manifest.input.digest
        for field, same in (
            ("predicate.job", self.job == job),
            ("predicate.submitter", self.submitter == manifest.submitter),
            ("predicate.module", module is not None and self.module == module.hex()),
            ("predicate.input", given is None or self.stdin == given.hex()),
            ("predicate.invocation", self.invocation == manifest.invocation(job, self.node, self.started)),
            ("predicate.fuel.used", self.fuel <= manifest.limits.fuel),
            ("predicate.memory_peak_bytes", self.memory_peak_bytes <= manifest.limits.memory_bytes),
        ):
            if not same:
                raise VerificationError(f"the receipt is about another job: `{field}` is another than the manifest asks for")


def verify_receipt(
    document: Envelope | bytes | str | Mapping[str, Any],
    *,
    node: str | None = None,
    witness: str | Literal[True] | None = None,
    manifest: Envelope | bytes | str | Mapping[str, Any] | None = None,
    module: bytes | None = None,
    stdin: bytes | None = None,
    stdout: bytes | None = None,
    stderr: bytes | None = None,
) -> Receipt:
    """Checks every signature of a receipt, and that it speaks of the bytes that are given.

    Args:
        document: The DSSE envelope.
        node: Who must have run the job.
        witness: Who must have witnessed it; ``True`` where anybody's word will do.
        manifest: The signed manifest that it must be about, and must have been run by.
        module: The module that must have been run.
        stdin: What the guest must have been given.
        stdout: What it must have written to standard output.
        stderr: What it must have written to standard error.

    Raises:
        DocumentError: It is no receipt.
        VerificationError: A signature is missing or does not hold, or the receipt speaks of something else.
    """
    envelope = document if isinstance(document, Envelope) else Envelope.from_json(document)
    payload = envelope.verify(PAYLOAD_TYPE, ())
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise DocumentError(f"a receipt of {len(payload)} bytes; at most {PAYLOAD_BYTES_MAX} are read")
    statement = _read(payload)
    run = statement.predicate
    signers = [each.keyid for each in envelope.signatures]
    runner = NodeId(run.node)
    envelope.verify(PAYLOAD_TYPE, [runner, *signers])
    if node is not None and node != runner:
        raise VerificationError(f"the receipt is of {runner}, not of {node}")
    witnesses = tuple(signer for signer in signers if signer != runner)
    if witness is not None and not (witnesses if witness is True else witness in witnesses):
        raise VerificationError("no witness has signed" if witness is True else f"{witness} has not witnessed it")
    out, err = (each.digest.sha256 for each in statement.subject)
    given = {
        "module": (module, run.module.sha256),
        "stdin": (stdin, run.input.sha256),
        "stdout": (stdout, out),
        "stderr": (stderr, err),
    }
    for name, (data, meant) in given.items():
        if data is not None and hashlib.sha256(data).hexdigest() != meant:
            raise VerificationError(f"the {name} given, {content_id(data)}, is not that of this receipt")
    receipt = Receipt(
        job=_cid(run.job),
        submitter=NodeId(run.submitter),
        node=runner,
        witnesses=witnesses,
        module=run.module.sha256,
        stdin=run.input.sha256,
        stdout=out,
        stderr=err,
        invocation=run.invocation,
        ending=run.ending,
        fuel=run.fuel.used,
        gas_schedule=run.fuel.schedule,
        memory_peak_bytes=run.memory_peak_bytes,
        wall_us=run.wall_us,
        cpu_us=run.cpu_us,
        started=run.started,
        ended=run.ended,
    )
    if manifest is not None:
        document = manifest if isinstance(manifest, Envelope) else Envelope.from_json(manifest)
        receipt.check_follows(*Manifest.open(document))
    return receipt


def _cid(digest: _Digest) -> str:
    return content_id_of(bytes.fromhex(digest.sha256))


def _read(payload: bytes) -> _Statement:
    try:
        statement = _Statement.model_validate(loads(payload, "a receipt"))
    except ValidationError as error:
        raise DocumentError(f"not a receipt: {first(error)}") from None
    if [each.name for each in statement.subject] != ["stdout", "stderr"]:
        raise DocumentError("not a receipt: `subject` is `stdout` and `stderr`")
    return statement
