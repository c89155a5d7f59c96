"""PageRank by networkx, for graphs on standard input.

Each line is a JSON object with `nodes`, `edges` (from, to, weight), `alpha`, and `personalization`: a number a node, or null. Each
answer is a line with one number a node.
"""

import json
import sys

import networkx


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(asked["nodes"]))
        for source, target, weight in asked["edges"]:
            graph.add_edge(source, target, weight=weight)
        wanted = asked["personalization"]
        jump = None if wanted is None else dict(enumerate(wanted))
        # networkx multiplies `tol` by the number of nodes.
        tolerance = 1e-12 / max(1, asked["nodes"])
        pi = networkx.pagerank(
            graph, alpha=asked["alpha"], personalization=jump, dangling=jump, tol=tolerance, max_iter=100_000
        )
        print(json.dumps([pi[node] for node in range(asked["nodes"])]), flush=True)


if __name__ == "__main__":
    main()
