"""Private map-reduce over a Formix network: propose a statistic, watch it, get a result that you verify yourself.

    import formix
    from pydantic import BaseModel, Field

    class Steps(BaseModel):
        steps: int = Field(ge=0, le=100_000)

    computation = formix.propose(Steps, formix.sum("steps"), network="http://127.0.0.1:4800", deadline="10min")
    result = computation.watch().result()
    print(result.value, result.rounding)

Everything is checked here: heavy nodes' descriptors when a proposal is made, and signatures when it has ended. The heavy
nodes are pinned when a network is met first. :mod:`formix.aio` is the same for asynchronous programs.
"""

from . import aio
from .aio import AsyncClient, AsyncComputation
from .client import Client, Computation, propose
from .documents import Envelope, NodeId
from .errors import (
    ComputationRefused,
    DocumentError,
    FormixError,
    IdentityError,
    InvalidProposal,
    NetworkError,
    NotPinned,
    ProblemError,
    ResultTimeout,
    UnknownComputation,
    Unreachable,
    VerificationError,
)
from .evidence import Evidence
from .identity import Identity
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
from .verify import Refusal, verify

__all__ = [
    "AsyncClient",
    "AsyncComputation",
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
    "InvalidProposal",
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
    "Unreachable",
    "Value",
    "VerificationError",
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
