"""The package against a real network: every reduction under every scheme, equal to pandas to the stated rounding."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Running
from steps import DATASET, Steps

import formix
from formix import progress

VERIFY = Path(__file__).parents[2] / "verify/verify.py"
SCHEMES = ["prio3", "rep64", "additive64"]


@pytest.fixture
def client(running: Running, home: Path) -> formix.Client:
    return formix.Client(running.url, home=home)


def ask(running: Running, client: formix.Client, reduction: formix.Reduction, **options: Any) -> formix.Result:
    """The result of a computation that closes once everybody has answered."""
    everybody = len(running.people)
    given = {"dataset": DATASET, "min_participants": everybody, "max_participants": everybody, "deadline": "60s"}
    return client.propose(Steps, reduction, **(given | options)).result()


def near(found: Decimal | None, exact: float, bound: Decimal | None) -> None:
    assert found is not None and bound is not None
    assert abs(float(found) - exact) <= float(bound) + 1e-9 * max(1.0, abs(exact))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_reduction_equals_pandas(running: Running, client: formix.Client, scheme: formix.Scheme) -> None:
    frame = pd.DataFrame(running.records)
    result = ask(running, client, formix.count(), scheme=scheme)
    assert (result.value, result.participants) == (len(frame), len(running.people))
    assert ask(running, client, formix.sum("steps"), scheme=scheme).value == int(frame.steps.sum())
    mean = ask(running, client, formix.mean("resting_pulse"), scheme=scheme)
    near(mean.value, frame.resting_pulse.mean(), mean.rounding["mean"])
    assert mean.figures.count == frame.resting_pulse.count()
    spread = ask(running, client, formix.variance("km"), scheme=scheme)
    near(spread.value, frame.km.var(), spread.rounding["sample_variance"])
    near(spread.figures.sample_deviation, frame.km.std(), spread.rounding["sample_deviation"])
    both = ask(running, client, formix.covariance("steps", "km"), scheme=scheme)
    near(both.value, frame.steps.cov(frame.km), both.rounding["sample_covariance"])
    line = ask(running, client, formix.regression("steps", "km"), scheme=scheme)
    slope, intercept = np.polyfit(frame.steps, frame.km, 1)
    near(line.figures.slope, slope, line.rounding["slope"])
    near(line.figures.intercept, intercept, line.rounding["intercept"])
    bins = ask(running, client, formix.histogram("steps", edges=[5_000, 10_000, 15_000]), scheme=scheme)
    expected = pd.cut(frame.steps, [-1, 4_999, 9_999, 14_999, 40_000]).value_counts(sort=False)
    assert [bins.figures.below, *bins.value, bins.figures.above] == list(expected)
    groups = ask(running, client, formix.group("weather", value="steps"), scheme=scheme)
    for each in groups.figures.groups:
        mine = frame.steps[frame.weather == each.category]
        assert each.count == len(mine)
        near(each.mean, mine.mean(), groups.rounding["groups.mean"])
    sums = ask(running, client, formix.vector(["steps", "km"]), scheme=scheme)
    assert sums.value[0] == int(frame.steps.sum())
    near(sums.value[1], frame.km.sum(), sums.rounding["sums.1"])
    assert not any(each.doubts for each in (result, mean, spread, both, line, bins, groups, sums))


def test_a_filter_and_a_persons_own_average(running: Running, client: formix.Client) -> None:
    frame = pd.DataFrame(running.records)
    rainy = ask(running, client, formix.mean("steps"), where="weather == 'rain' && steps > 1000")
    near(rainy.value, frame.query("weather == 'rain' and steps > 1000").steps.mean(), rainy.rounding["mean"])
    own = ask(running, client, formix.mean("avg(steps)", decimals=2), per="person")
    averages = [pd.DataFrame(person).steps.mean() for person in running.people]
    near(own.value, float(np.mean(averages)), own.rounding["mean"])
    assert own.figures.count == len(running.people)


def test_each_person_counts_once(running: Running, client: formix.Client) -> None:
    best = [max(record["steps"] for record in person) for person in running.people]
    found = ask(running, client, formix.histogram("max(steps)", edges=[10_000, 15_000]), per="person")
    counts = np.histogram(best, [0, 10_000, 15_000, 40_001])[0]
    assert [found.figures.below, *found.value, found.figures.above] == list(counts)
    assert (found.figures.missing, found.figures.count) == (0, len(best))


def test_quantiles_are_found_in_rounds(running: Running, client: formix.Client) -> None:
    everybody = len(running.people)
    computation = client.propose(
        Steps,
        formix.quantile("steps", 0.5, tolerance=500, rounds=6),
        dataset=DATASET,
        min_participants=everybody,
        max_participants=everybody,
        deadline="60s",
    )
    result = computation.result()
    steps = sorted(record["steps"] for record in running.records)
    median = steps[(len(steps) + 1) // 2 - 1]
    (found,) = result.figures.quantiles
    assert found.at_least <= median <= found.at_most
    assert found.width <= 500
    assert len(computation.rounds) > 1 and computation.id == computation.rounds[-1] == result.id


def test_a_result_is_a_data_frame_and_html(running: Running, client: formix.Client) -> None:
    groups = ask(running, client, formix.group("weather", value="steps"), title="Steps <by> weather")
    frame = groups.to_frame()
    assert list(frame.columns) == ["category", "count", "mean"]
    assert frame["count"].sum() == len(running.records)
    assert frame["mean"].dtype == np.float64
    assert isinstance(groups.to_frame(exact=True)["mean"][0], Decimal)
    shown = groups._repr_html_()
    assert "Steps &lt;by&gt; weather" in shown and "<by>" not in shown
    assert groups.rounding.words in str(groups)


def test_a_document_convinces_strangers(running: Running, client: formix.Client, tmp_path: Path) -> None:
    result = ask(running, client, formix.sum("steps"))
    file = tmp_path / "documents.json"
    file.write_text(result.document.to_json())
    again = formix.verify(file.read_text())
    assert isinstance(again, formix.Result) and again == result
    told = subprocess.run([sys.executable, str(VERIFY), str(file)], capture_output=True, text=True, check=True)
    assert f"result of {result.id}" in told.stdout and str(result.value) in told.stdout
    documents = json.loads(file.read_text())
    # Another total under the same signatures convinces nobody.
    payload = result.document.end.payload
    forged = payload.replace(str(result.value).encode(), str(result.value + 1).encode())
    assert forged != payload
    documents["end"] = formix.Envelope(result.document.end.payload_type, forged, result.document.end.signatures).to_dict()
    with pytest.raises(formix.VerificationError, match="does not fit"):
        formix.verify(documents)
    file.write_text(json.dumps(documents))
    told = subprocess.run([sys.executable, str(VERIFY), str(file)], capture_output=True, text=True, check=False)
    assert told.returncode != 0 and "result of" not in told.stdout


def test_progress_is_shown_while_it_goes_on(running: Running, client: formix.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    everybody = len(running.people)
    computation = client.propose(
        Steps, formix.count(), dataset=DATASET, min_participants=everybody, max_participants=everybody, deadline="60s"
    )
    assert computation.watch() is computation
    result = computation.result(timeout=5)
    assert shown.getvalue().splitlines()[-1].endswith("ended")
    assert result.value == len(running.records)
    assert any(status.id == computation.id for status in client.computations())
    # A bar at a terminal; without colour where that is asked.
    terminal = io.StringIO()
    bar = progress.Terminal(terminal, colour=False)
    for status in client.computation(computation.id).updates():
        bar.update(status)
    bar.close()
    assert "█" in terminal.getvalue() and "\x1b" not in terminal.getvalue()


def test_too_few_people_is_a_signed_refusal(running: Running, client: formix.Client, tmp_path: Path) -> None:
    few = len(running.people) + 1
    computation = client.propose(Steps, formix.count(), dataset=DATASET, min_participants=few, deadline="4s")
    with pytest.raises(formix.ComputationRefused) as caught:
        computation.result()
    refusal = caught.value.refusal
    assert refusal.code == "too-few" and refusal.id == computation.id
    proposal, end = refusal.documents
    again = formix.verify(proposal, end)
    assert isinstance(again, formix.Refusal) and again.reason == refusal.reason
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"proposal": proposal.to_dict(), "end": end.to_dict()}))
    told = subprocess.run([sys.executable, str(VERIFY), str(file)], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("refusal") and "too-few" in told.stdout


@pytest.mark.parametrize(
    ("reduction", "options", "path"),
    [
        (formix.sum("stepz", lower=0, upper=1, decimals=0), {}, "query.value.expr"),
        (formix.sum("weather", lower=0, upper=1, decimals=0), {}, "query.value.expr"),
        (formix.sum("steps"), {"where": "steps >"}, "query.where"),
        (formix.sum("steps"), {"where": "steps"}, "query.where"),
        (formix.group("weather", ["sun", "snow"]), {}, "query.categories.1"),
        (formix.sum("steps"), {"deadline": "1s"}, "deadline"),
        (formix.sum("steps"), {"title": "x\ny"}, "title"),
        (formix.sum("steps"), {"min_participants": 2}, "participants_min"),
    ],
)
def test_a_question_that_cannot_be_asked_names_the_place(
    running: Running, client: formix.Client, reduction: formix.Reduction, options: dict[str, Any], path: str
) -> None:
    with pytest.raises(formix.InvalidProposal) as caught:
        client.propose(Steps, reduction, **({"dataset": DATASET, "min_participants": 12} | options))
    assert caught.value.path == path


def test_a_leaking_question_is_refused(running: Running, client: formix.Client) -> None:
    with pytest.raises(formix.InvalidProposal, match="participants"):
        client.propose(Steps, formix.histogram("steps", bins=100), dataset=DATASET, min_participants=12)


def test_waiting_has_an_end(running: Running, client: formix.Client) -> None:
    computation = client.propose(Steps, formix.count(), dataset=DATASET, min_participants=100, deadline="1h")
    with pytest.raises(formix.ResultTimeout, match=r"after 0\.5 s"):
        computation.result(timeout=0.5)
    with pytest.raises(TimeoutError):
        computation.result(timeout=0.1)


def test_its_proposer_cancels_a_computation(running: Running, client: formix.Client, tmp_path: Path) -> None:
    computation = client.propose(Steps, formix.count(), dataset=DATASET, min_participants=100, deadline="1h")
    stranger = formix.Client(running.url, home=tmp_path).computation(computation.id)
    with pytest.raises(formix.ProblemError, match="not signed by"):
        stranger.cancel()
    computation.cancel()
    with pytest.raises(formix.ComputationRefused) as caught:
        computation.result()
    assert caught.value.refusal.code == "cancelled"
    computation.cancel()


def test_an_unknown_computation_is_named(running: Running, client: formix.Client) -> None:
    with pytest.raises(formix.UnknownComputation):
        client.computation("bafkrei" + "a" * 52)


def test_other_heavy_nodes_than_those_that_were_met_are_refused(running: Running, tmp_path: Path) -> None:
    client = formix.Client(running.url, home=tmp_path)
    first = client.heavy()
    (pins,) = (tmp_path / "sdk-pins").iterdir()
    changed = json.loads(pins.read_text())
    changed["heavy"].pop(first[0].id)
    pins.unlink()
    pins.write_text(json.dumps(changed))
    with pytest.raises(formix.NotPinned, match=r"trust\(\)"):
        client.propose(Steps, formix.count(), dataset=DATASET)
    assert client.trust() == first == client.heavy()


def test_many_at_once_from_one_loop(running: Running, home: Path) -> None:
    async def all_of_them() -> list[formix.Result]:
        everybody = len(running.people)
        async with formix.aio.AsyncClient(running.url, home=home) as network:
            asked = [
                await network.propose(
                    Steps, reduction, dataset=DATASET, min_participants=everybody, max_participants=everybody, deadline="60s"
                )
                for reduction in (formix.count(), formix.sum("steps"), formix.mean("km"))
            ]
            return await asyncio.gather(*(computation.result() for computation in asked))

    count, total, _ = asyncio.run(all_of_them())
    assert (count.value, total.value) == (len(running.records), sum(record["steps"] for record in running.records))
