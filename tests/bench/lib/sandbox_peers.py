"""The guest of `tests/bench/sandbox.mjs` in wasmtime. Arguments: module, work to print, seconds, runs. A figure in JSON a line."""

import json
import os
import sys
import tempfile
import time

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

path, number, seconds, runs = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
engine = Engine()
module = Module.from_file(engine, path)
linker = Linker(engine)
linker.define_wasi()


def run(times):
    """Runs the guest; what it printed, and the seconds of processor time it took."""
    with tempfile.TemporaryDirectory() as folder:
        printed = os.path.join(folder, "printed")
        wasi = WasiConfig()
        wasi.argv = ["guest", str(times)]
        wasi.stdout_file = printed
        store = Store(engine)
        store.set_wasi(wasi)
        start = time.thread_time()
        instance = linker.instantiate(store, module)
        try:
            instance.exports(store)["_start"](store)
        except ExitTrap as end:
            if end.code != 0:
                raise
        took = time.thread_time() - start
        with open(printed, encoding="utf-8") as file:
            return file.read(), took


def tell(name, **what):
    print(json.dumps({"name": name, **what}))


tell("guest", printed=run(number)[0])
times = 1
while run(times)[1] < seconds:
    times *= 2
tell("iterations_per_s", values=[times / run(times)[1] for _ in range(runs)])
