"""Jobs against a real network: they run on other nodes, and what comes of them is verified here."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import WORKERS, Running

import formix
from formix.documents import content_digest, content_id

PATIENCE_S = 180.0
EXAMPLE = Path(__file__).parents[1] / "examples/remote.py"


@pytest.fixture
def client(running: Running, home: Path) -> formix.Client:
    client = formix.Client(running.url, home=home)
    if len(client.workers()) < WORKERS:
        pytest.skip("the network at hand has no nodes that run jobs")
    return client


def stranger(client: formix.Client, folder: Path) -> formix.Client:
    return formix.Client(client.network, identity=formix.Identity.load(folder / "identity"))


def test_a_job_runs_elsewhere_and_its_receipts_are_verified(client: formix.Client, guests: Path, tmp_path: Path) -> None:
    job = client.submit(guests / "hello.wasm", input="Grüße", replicas=2)
    states: list[str] = []
    result = job.result(PATIENCE_S, progress=lambda status: states.append(status.state), witness=True)
    assert (result.text, states[-1]) == ("eßürG\n", "done")
    assert len(set(result.nodes)) == 2 and not result.dissenting
    for document in result.documents:
        text = document.to_json().decode()
        receipt = formix.verify_receipt(text, manifest=job.envelope, stdin="Grüße".encode(), stdout=result.stdout, stderr=b"")
        assert (receipt.job, receipt.submitter) == (job.id, client.identity.id)
        with pytest.raises(formix.VerificationError):
            formix.verify_receipt(text.replace(receipt.node, client.identity.id))
    # By its id, for who did not submit it.
    assert stranger(client, tmp_path).job(job.id).result(PATIENCE_S).stdout == result.stdout
    assert job.id in {status.id for status in client.jobs(submitter=client.identity.id, state="done")}


def test_an_array_is_reduced_to_one(client: formix.Client, guests: Path) -> None:
    items: list[formix.Item] = [{"args": [str(100 * at), str(100 * at + 100)]} for at in range(10)]
    jobs = client.submit_many(guests / "primes.wasm", items, reduce=guests / "sum.wasm")
    seen: list[formix.ArrayStatus] = []
    result = jobs.result(PATIENCE_S, progress=seen.append)
    assert result.text == "168\n" and len(jobs) == 10
    assert seen[-1].is_ended and str(seen[-1]) == "10 of 10 done"
    assert jobs.results(PATIENCE_S)[0].text == "25\n"


def test_long_bytes_go_in_parts(client: formix.Client, guests: Path) -> None:
    # Without arguments this guest does nothing, whatever it is given.
    given = b"\x07" * (5 << 20)
    job = client.submit(guests / "fail.wasm", input=given)
    assert formix.verify_receipt(job.result(PATIENCE_S).documents[0], stdin=given).job == job.id
    assert job.manifest.input.digest == content_digest(content_id(given))


@pytest.mark.parametrize(("how", "code"), [("exit", "exit 7"), ("loop", "trap out-of-fuel"), ("panic", "trap unreachable")])
def test_a_failure_says_why(client: formix.Client, guests: Path, how: str, code: str) -> None:
    job = client.submit(guests / "fail.wasm", [how], limits={"fuel": 50_000_000})
    with pytest.raises(formix.JobFailed) as failed:
        job.result(PATIENCE_S)
    result = failed.value.result
    assert result.ending.code == code and result.receipts and not result.succeeded
    assert (b"as asked" in result.stderr) == (how == "panic")


def test_a_job_that_nobody_runs_is_waited_for_in_vain_and_cancelled(
    client: formix.Client, guests: Path, tmp_path: Path
) -> None:
    job = client.submit(guests / "hello.wasm", nodes=[formix.Identity(bytes(32)).id])
    with pytest.raises(formix.ResultTimeout, match="waiting"):
        job.result(1.5)
    assert job.why().words
    with pytest.raises(formix.ProblemError):
        stranger(client, tmp_path).job(job.id).cancel()
    seen: list[str] = []
    for status in job.updates():
        seen.append(status.state)
        if len(seen) == 1:
            job.cancel()
    assert seen == ["waiting", "cancelled"]
    with pytest.raises(formix.JobEnded):
        job.result(PATIENCE_S)


def test_what_cannot_be_is_told_at_once(client: formix.Client, guests: Path) -> None:
    nothing = content_id(b"no job")
    with pytest.raises(formix.InvalidJob):
        client.submit(guests / "hello.wasm", outputs=[nothing])
    with pytest.raises(formix.UnknownJob):
        client.job(nothing)
    with pytest.raises(formix.InvalidJob, match="no WebAssembly"):
        client.submit(Path(__file__))


def test_asynchronously_and_many_at_once(client: formix.Client, guests: Path, home: Path) -> None:
    async def run() -> list[str]:
        async with formix.AsyncClient(client.network, home=home) as network:
            jobs = await asyncio.gather(*(network.submit(guests / "hello.wasm", [word]) for word in ("one", "two", "three")))
            return [result.text for result in await asyncio.gather(*(job.result(PATIENCE_S) for job in jobs))]

    assert asyncio.run(run()) == ["eno\n", "owt\n", "eerht\n"]


def test_the_example_does_what_it_says(client: formix.Client, guests: Path, home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, EXAMPLE, guests / "hello.wasm", client.network],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={"FORMIX_HOME": str(home)},
    )
    assert (ran.stdout, ran.returncode) == ("dlroW ,olleH\nReceipt verified\n", 0), ran.stderr


def test_a_program_finds_the_node_of_its_machine(
    client: formix.Client, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMIX_URL", client.network)
    assert formix.Client.local(home=home).network == client.network
    monkeypatch.setenv("FORMIX_URL", "http://127.0.0.1:1")
    with pytest.raises(formix.Unreachable, match="formix heavy"):
        formix.Client.local(home=home)
    monkeypatch.delenv("FORMIX_URL")
    node = tmp_path / "nodes/12D3KooW"
    node.mkdir(parents=True)
    (node / "ports.json").write_text(json.dumps({"http": int(client.network.rsplit(":", 1)[1])}))
    # The default port may be somebody's here; a node of this home is asked after it.
    assert formix.Client.local(home=tmp_path).network in {client.network, "http://127.0.0.1:4800"}
