"""A network on this machine, as three operators and their people would run it: each process with a home of its own."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

#: Seconds that a process may take until it is ready: generous, for machines that build while they test.
START_S_MAX = 60.0


class Process:
    """A `formix` process whose events are read as it tells them. It ends when it is closed or when this program does."""

    def __init__(self, name: str, program: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log.open("ab")
        # Held open: with --while-stdin it ends when this program does, however that comes about.
        self._process = subprocess.Popen(
            [program, *arguments, "--json", "--while-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait(self, reached: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Reads events until one is what was waited for."""
        while True:
            try:
                line = self._lines.get(timeout=START_S_MAX)
            except queue.Empty:
                raise TimeoutError(f"{self.name}: {what}: nothing after {START_S_MAX} s") from None
            if line is None:
                raise RuntimeError(f"{self.name} ended: {Path(self._log.name).read_text()[-2_000:]}")
            event = json.loads(line) if line.startswith("{") else {}
            if reached(event):
                return dict(event)

    def close(self) -> None:
        """Ends it, as a crash would."""
        if self._log.closed:
            return
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()


def _base_port(taken: set[int]) -> int:
    """The first of five ports that nobody uses, below those that systems give to whoever asks for any."""
    # In any order: others may look at the same time.
    for base in random.sample(range(12_000, 32_000, 10), 2_000):
        if base in taken:
            continue
        with ExitStack() as stack:
            try:
                for port in range(base, base + 5):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(base)
        return base
    raise RuntimeError("no free ports")


def _met(url: str) -> None:
    """Waits until a heavy node is connected to both of its fellows."""
    with httpx.stream("GET", f"{url}/api/v1/events", timeout=START_S_MAX, trust_env=False) as response:
        for line in response.iter_lines():
            found = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if sum(link["up"] for link in found.get("fellows", ())) == 2:
                return


class Network:
    """Three heavy nodes, and a light node for each list of records."""

    def __init__(self, program: str, liar: str | None, folder: Path, stack: ExitStack) -> None:
        self._program, self._liar, self._folder, self._stack = program, liar, folder, stack
        taken: set[int] = set()
        self.urls = [f"http://127.0.0.1:{_base_port(taken)}" for _ in range(3)]
        self.heavy = [self.start_heavy(at) for at in range(3)]
        for process in self.heavy:
            process.wait(lambda event: event.get("event") == "ready", "to be ready")
        for url in self.urls:
            _met(url)

    def _start(self, name: str, *arguments: str, program: str | None = None) -> Process:
        home = ["--home", str(self._folder / name)]
        process = Process(name, program or self._program, [*arguments, *home], self._folder / f"{name}.log")
        self._stack.callback(process.close)
        return process

    def start_heavy(self, at: int) -> Process:
        """Starts one heavy node, or starts it again: it keeps its home, its ports and so its addresses."""
        fellows = [flag for url in self.urls if url != self.urls[at] for flag in ("--fellow", url)]
        port = self.urls[at].rsplit(":", 1)[1]
        return self._start(f"h{at + 1}", "heavy", "--port", port, *fellows, program=self._liar if at == 2 else None)

    def restart_heavy(self, at: int) -> None:
        """Ends one heavy node as a crash would, and starts it again."""
        self.heavy[at].close()
        self.heavy[at] = self.start_heavy(at)
        self.heavy[at].wait(lambda event: event.get("event") == "ready", "to be ready again")

    def start_lights(self, dataset: str, people: Sequence[list[dict[str, Any]]]) -> None:
        """Starts light nodes, which answer everything that is asked of `dataset`, and waits until all are connected."""
        hosts = [flag for url in self.urls for flag in ("--host", url)]
        lights = []
        for at, records in enumerate(people, 1):
            file = self._folder / f"n{at}.json"
            file.write_text(json.dumps(records))
            rule = ["--approve", f"dataset:{dataset}", "--data", f"{dataset}={file}"]
            lights.append(self._start(f"n{at}", "light", "--name", f"n{at}", *rule, *hosts))
        for light in lights:
            light.wait(lambda event: event.get("event") == "links" and event.get("up") == 3, "to be connected to 3")

    def start_workers(self, count: int) -> None:
        """Starts light nodes that run jobs, and waits until every heavy node has their offers."""
        hosts = [flag for url in self.urls for flag in ("--host", url)]
        workers = [self._start(f"w{at}", "node", "--name", f"w{at}", "--slots", "2", *hosts) for at in range(1, count + 1)]
        for worker in workers:
            worker.wait(lambda event: event.get("event") == "offered" and len(event["to"]) == 3, "to offer itself to 3")


@contextmanager
def network(program: str, liar: str | None = None) -> Iterator[Network]:
    """A network that is gone in the end; its third heavy node runs the program `liar`, where there is one."""
    # Short: sockets below it have a name of 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="fx-") as folder, ExitStack() as stack:
        yield Network(program, liar, Path(folder), stack)
