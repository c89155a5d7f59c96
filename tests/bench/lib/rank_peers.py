"""How quick scipy, networkit and igraph are on a graph: FILE SCALE RUNS.

FILE holds pairs of u32, from and to. Prints a JSON object a line: name, unit, values. scipy: one product of the transposed matrix in CSR,
32-bit weights, with a vector, as edges a second. The others: PageRank as a whole, at damping 0.85; networkit to 1e-6 in L1, igraph by PRPACK, whose
tolerance is 1e-10.
"""

import json
import sys
import time

import igraph
import networkit
import numpy
import scipy.sparse


def say(name: str, unit: str, values: list[float]) -> None:
    print(json.dumps({"name": name, "unit": unit, "values": values}), flush=True)


def timed(runs: int, work) -> list[float]:
    values = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        values.append(time.perf_counter() - begun)
    return values


def main() -> None:
    file, scale, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    pairs = numpy.fromfile(file, dtype=numpy.uint32).reshape(-1, 2).astype(numpy.int32)
    nodes, edges = 1 << scale, len(pairs)
    degrees = numpy.bincount(pairs[:, 0], minlength=nodes)
    weights = (1 / degrees[pairs[:, 0]]).astype(numpy.float32)
    matrix = scipy.sparse.csr_array((weights, (pairs[:, 1], pairs[:, 0])), shape=(nodes, nodes))
    vector = numpy.full(nodes, 1 / nodes, dtype=numpy.float32)
    seconds = timed(12 * runs, lambda: matrix @ vector)
    say("scipy.round.edges_per_s.threads-1", "edges/s", [edges / second for second in seconds])

    columns = (pairs[:, 0].astype(numpy.uint64), pairs[:, 1].astype(numpy.uint64))
    graph = networkit.GraphFromCoo(columns, n=nodes, directed=True)
    for threads in (1, 2):
        networkit.setNumberOfThreads(threads)
        seconds = timed(
            runs,
            lambda: networkit.centrality.PageRank(
                graph, damp=0.85, tol=1e-6, distributeSinks=networkit.centrality.SinkHandling.DistributeSinks
            ).run(),
        )
        say(f"networkit.solve_s.threads-{threads}", "s", seconds)

    graph = igraph.Graph(n=nodes, edges=pairs, directed=True)
    say("igraph.solve_s.threads-1", "s", timed(runs, lambda: graph.pagerank(damping=0.85)))


if __name__ == "__main__":
    main()
