"""Heavy nodes that crash or lie, as the package meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from network import Network, network
from steps import DATASET, Steps, people

import formix

SCRIPT = Path(__file__).parents[2] / "verify/evidence.py"
PEOPLE = people(6, days=3)
TOTAL = sum(record["steps"] for person in PEOPLE for record in person)


@pytest.fixture
def own() -> Iterator[Network]:
    """A network of this test alone, since it is damaged."""
    program = os.environ.get("FORMIX_BIN")
    if not program:
        pytest.skip("no network to damage: set FORMIX_BIN to the formix program")
    with network(program) as started:
        started.start_lights(DATASET, PEOPLE)
        yield started


def test_rep64_names_the_heavy_node_that_lied(tmp_path: Path) -> None:
    program, liar = os.environ.get("FORMIX_BIN"), os.environ.get("FORMIX_LIAR")
    if not program or not liar:
        pytest.skip("no liar: set FORMIX_BIN to the formix program and FORMIX_LIAR to the test build that lies")
    with network(program, liar) as own:
        own.start_lights(DATASET, PEOPLE)
        result = asked(own, tmp_path, "rep64").result()
        descriptor = formix.Envelope.from_json(httpx.get(f"{own.urls[2]}/api/v1/node", trust_env=False).content)
    assert (result.value, result.participants) == (TOTAL, len(PEOPLE))
    assert result.evidence is not None
    assert [result.evidence.accused] == [signature.keyid for signature in descriptor.signatures]
    # The evidence convinces a script that has no code of this package, too.
    file = tmp_path / "documents.json"
    file.write_text(result.document.to_json())
    told = subprocess.run([sys.executable, str(SCRIPT), str(file)], capture_output=True, text=True, check=True)
    assert told.stdout.startswith(f"{result.evidence.accused} lied")


def asked(own: Network, home: Path, scheme: formix.Scheme) -> formix.Computation:
    """A sum that everybody has answered and that has not closed."""
    client = formix.Client(own.urls[0], home=home)
    computation = client.propose(
        Steps,
        formix.sum("steps"),
        dataset=DATASET,
        min_participants=len(PEOPLE),
        max_participants=100,
        scheme=scheme,
        deadline="6s",
    )
    assert any(status.reports == len(PEOPLE) for status in computation.updates() if not status.ended)
    return computation


def test_rep64_survives_the_loss_of_a_heavy_node(own: Network, tmp_path: Path) -> None:
    computation = asked(own, tmp_path, "rep64")
    own.heavy[2].close()
    result = computation.result()
    assert (result.value, result.participants) == (TOTAL, len(PEOPLE))
    assert len(result.signed_by) == 2
    assert isinstance(formix.verify(result.document.to_json()), formix.Result)


def test_other_schemes_refuse_and_say_who_was_missing(own: Network, tmp_path: Path) -> None:
    computation = asked(own, tmp_path, "prio3")
    own.heavy[2].close()
    with pytest.raises(formix.ComputationRefused) as caught:
        computation.result()
    assert caught.value.refusal.code == "heavy-missing"


def test_a_heavy_node_that_crashes_and_comes_back_is_asked_again(own: Network, tmp_path: Path) -> None:
    computation = asked(own, tmp_path, "prio3")
    own.restart_heavy(0)
    assert computation.result().value == TOTAL
