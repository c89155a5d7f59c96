"""The example notebook, run top to bottom in a kernel of its own against a real network."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from conftest import Running
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples/steps.ipynb"


# The kernel's own libraries warn of their own affairs.
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs_top_to_bottom(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORMIX_URL", running.url)
    monkeypatch.setenv("FORMIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORMIX_PARTICIPANTS", str(len(running.people)))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=180, kernel_name="python3").execute()
    outputs = {cell.source.splitlines()[0]: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    # One display, updated in place, that shows the end.
    (watched,) = outputs['mean = network.propose(Steps, formix.mean("steps"), **who)']
    assert watched.output_type == "display_data"
    assert "ended" in watched.data["text/html"]
    (shown,) = outputs["result = mean.result()"]
    assert "verified: signed by" in shown.data["text/html"]
    (frame,) = outputs[
        'by_weather = network.propose(Steps, formix.group("weather", value="steps"), where="steps > 1000", **who).result()'
    ]
    assert "dataframe" in frame.data["text/html"]
    (count,) = outputs["import asyncio"]
    assert count.data["text/plain"].startswith(f"({len(running.records)},")
    (refused,) = outputs["try:"]
    assert refused.text.startswith("query.value.expr\n")


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells if cell.cell_type == "code")
