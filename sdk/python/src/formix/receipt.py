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

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .documents import Envelope, NodeId, content_id, content_id_of, loads
from .errors import DocumentError, VerificationError

__all__ = ["Ending", "Failure", "Invocation", "Receipt", "verify_receipt"]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "https://github.com/formix/formix/receipt/v1"

_Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, lt=2**53, strict=True)]
_Code = Annotated[str, Field(pattern=r"^[a-z0-9./-]{1,64}$")]
_EXACT = ConfigDict(extra="forbid", frozen=True)


class _Digest(BaseModel):
    model_config = _EXACT
    sha256: _Hex32


class Failure(BaseModel):
    """Why a guest did not exit by itself."""

    model_config = _EXACT
    #: What programs compare, such as ``out-of-fuel``.
    code: _Code
    #: What a person reads.
    words: str


class _Exit(BaseModel):
    model_config = _EXACT
    exit: Annotated[int, Field(ge=0, lt=2**32, strict=True)]


class _Trap(BaseModel):
    model_config = _EXACT
    trap: Failure


class _Rejected(BaseModel):
    model_config = _EXACT
    rejected: Failure


Ending = _Exit | _Trap | _Rejected


class _Limits(BaseModel):
    model_config = _EXACT
    fuel: _Count
    memory_bytes: _Count
    stack_bytes: _Count
    call_depth: _Count
    module_bytes: _Count
    table_elements: _Count
    output_bytes: _Count
    wall_ms: _Count


class Invocation(BaseModel):
    """With module and input, everything that the outcome follows from."""

    model_config = _EXACT
    entry: str
    args: tuple[str, ...]
    env: dict[str, str]
    limits: _Limits
    clock: datetime
    seed: _Hex32


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
    submitter: str
    node: str
    module: _Digest
    input: _Digest
    invocation: Invocation
    ending: Ending
    fuel: _Fuel
    memory_peak_bytes: _Count
    wall_us: _Count
    cpu_us: _Count | None = None
    started: datetime
    ended: datetime


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
        return isinstance(self.ending, _Exit) and self.ending.exit == 0


def verify_receipt(
    document: Envelope | bytes | str | Mapping[str, Any],
    *,
    node: str | None = None,
    module: bytes | None = None,
    stdin: bytes | None = None,
    stdout: bytes | None = None,
    stderr: bytes | None = None,
) -> Receipt:
    """Checks every signature of a receipt, and that it speaks of the bytes that are given.

    Args:
        document: The DSSE envelope.
        node: Who must have run the job.
        module: The module that must have been run.
        stdin: What the guest must have been given.
        stdout: What it must have written to standard output.
        stderr: What it must have written to standard error.

    Raises:
        DocumentError: It is no receipt.
        VerificationError: A signature is missing or does not hold, or the receipt speaks of something else.
    """
    envelope = document if isinstance(document, Envelope) else Envelope.from_json(document)
    statement = _read(envelope.verify(PAYLOAD_TYPE, ()))
    run = statement.predicate
    signers = [each.keyid for each in envelope.signatures]
    runner = NodeId(run.node)
    envelope.verify(PAYLOAD_TYPE, [runner, *signers])
    if node is not None and node != runner:
        raise VerificationError(f"the receipt is of {runner}, not of {node}")
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
    return Receipt(
        job=_cid(run.job),
        submitter=NodeId(run.submitter),
        node=runner,
        witnesses=tuple(signer for signer in signers if signer != runner),
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


def _cid(digest: _Digest) -> str:
    return content_id_of(bytes.fromhex(digest.sha256))


def _read(payload: bytes) -> _Statement:
    try:
        statement = _Statement.model_validate(loads(payload, "a receipt"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"not a receipt: `{place}`: {first['msg']}") from None
    if [each.name for each in statement.subject] != ["stdout", "stderr"]:
        raise DocumentError("not a receipt: `subject` is `stdout` and `stderr`")
    return statement
