"""The network that tests run against."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from network import network
from steps import DATASET, people

#: Light nodes that are started where the tests start a network.
PEOPLE = 12
#: Nodes that run jobs, started likewise.
WORKERS = 2


@dataclass(frozen=True)
class Running:
    """A network that answers, and what its people keep."""

    url: str
    people: list[list[dict[str, Any]]]

    @property
    def records(self) -> list[dict[str, Any]]:
        """Everybody's records."""
        return [record for person in self.people for record in person]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The network at `FORMIX_URL`, whose people keep the records in the file `FORMIX_PEOPLE` (a list for each person); or one
    that is started here with the program `FORMIX_BIN`."""
    url, program = os.environ.get("FORMIX_URL"), os.environ.get("FORMIX_BIN")
    if url:
        yield Running(url, json.loads(Path(os.environ["FORMIX_PEOPLE"]).read_text()))
    elif program:
        kept = people(PEOPLE)
        with network(program) as started:
            started.start_lights(DATASET, kept)
            started.start_workers(WORKERS)
            yield Running(started.urls[0], kept)
    else:
        pytest.skip("no network: set FORMIX_BIN to the formix program, or FORMIX_URL and FORMIX_PEOPLE to a network at hand")


@pytest.fixture(scope="session")
def guests() -> Path:
    """The programs of ``tests/guests``, compiled."""
    folder = os.environ.get("FORMIX_GUESTS")
    if not folder:
        pytest.skip("no programs to run: set FORMIX_GUESTS to a folder with those of tests/guests, compiled for wasm32-wasip1")
    return Path(folder)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' identity and pins are."""
    return tmp_path_factory.mktemp("home")
