"""Private map-reduce over a Formix network: propose a statistic, watch it, get a result that you verify yourself.

    import formix
    from pydantic import BaseModel, Field

    class Steps(BaseModel):
        steps: int = Field(ge=0, le=100_000)

    computation = formix.propose(Steps, formix.sum("steps"), network="http://127.0.0.1:4800", deadline="10min")
    result = computation.watch().result()
    print(result.value, result.rounding)

Everything is checked here: heavy nodes' descriptors when a proposal is made, and signatures when it has ended. The heavy
nodes are pinned when a network is met first. Jobs for other nodes to run are submitted with :meth:`Client.submit`.
:mod:`formix.aio` is the same for asynchronous programs.
"""

from . import aio
from .aio import AsyncClient, AsyncComputation, AsyncJob, AsyncJobArray
from .client import Client, Computation, Job, JobArray, propose
from .documents import Envelope, NodeId
from .errors import (
    ComputationRefused,
    DocumentError,
    FormixError,
    IdentityError,
    InvalidJob,
    InvalidProposal,
    JobEnded,
    JobFailed,
    NetworkError,
    NotPinned,
    ProblemError,
    ResultTimeout,
    UnknownComputation,
    UnknownJob,
    Unreachable,
    VerificationError,
)
from .evidence import Evidence
from .identity import Identity
from .job_status import ArrayStatus, JobResult, JobStatus, Why
from .manifest import JobOptions, Limits, Manifest
from .outcome import Outcome
from .proposal import Proposal, Scheme
from .receipt import Receipt, verify_receipt
from .reductions import (
    Reduction,
    Value,
    count,
    covariance,
    group,
    histogram,
    mean,
    quantile,
    regression,
    suggest_edges,
    sum,
    value,
    variance,
    vector,
)
from .results import Documents, Result
from .status import Status
from .submission import Item
from .verify import Refusal, verify

__all__ = [
    "ArrayStatus",
    "AsyncClient",
    "AsyncComputation",
    "AsyncJob",
    "AsyncJobArray",
    "Client",
    "Computation",
    "ComputationRefused",
    "DocumentError",
    "Documents",
    "Envelope",
    "Evidence",
    "FormixError",
    "Identity",
    "IdentityError",
    "InvalidJob",
    "InvalidProposal",
    "Item",
    "Job",
    "JobArray",
    "JobEnded",
    "JobFailed",
    "JobOptions",
    "JobResult",
    "JobStatus",
    "Limits",
    "Manifest",
    "NetworkError",
    "NodeId",
    "NotPinned",
    "Outcome",
    "ProblemError",
    "Proposal",
    "Receipt",
    "Reduction",
    "Refusal",
    "Result",
    "ResultTimeout",
    "Scheme",
    "Status",
    "UnknownComputation",
    "UnknownJob",
    "Unreachable",
    "Value",
    "VerificationError",
    "Why",
    "aio",
    "count",
    "covariance",
    "group",
    "histogram",
    "mean",
    "propose",
    "quantile",
    "regression",
    "suggest_edges",
    "sum",
    "value",
    "variance",
    "vector",
    "verify",
    "verify_receipt",
]
