"""The verb ``split``: cut a prepared data set into the parts of one seed."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from triptych import jobs
from triptych.data import prepare
from triptych.data.parts import PARTS, SHARED
from triptych.data.prepared import Prepared
from triptych.data.splits import Split, split
from triptych.files import Array, sha256_file, write_arrays, write_json

# Of a transductive graph: all nodes are seen, labels are not.
GRAPH_WIDE = ("x", "edge_index", "edge_label")
MODULES = ["triptych.data.cut"]


def run(conf: Path, prepared: Path, seeds: Sequence[int], out: Path) -> None:
    """Cut ``prepared`` for every seed into ``out/<seed>/`` and write one ``run.json``.

    Args:
        conf: ``conf/data/<dataset>.json``.
        prepared: Folder of the prepared set.
        seeds: Each fixes one split.
        out: ``data/splits/<dataset>``.
    """
    inputs = [prepared / "manifest.json"]
    with jobs.running("split", conf, inputs, out, MODULES, computes=False) as job:
        for seed in seeds:
            write_parts(prepared, job.conf["name"], seed, out / str(seed))


def write_parts(prepared: Path, dataset: str, seed: int, out: Path) -> None:
    """Cut a prepared data set into ``out/{train,validation,test}.safetensors`` and a manifest.

    The features and edges of a graph, the same for every seed, go to ``graph.safetensors`` beside.
    """
    content = prepare.load(prepared)
    chosen = split(content, dataset, seed)
    digests: dict[str, str] = {}
    for name in PARTS:
        path = out / f"{name}.safetensors"
        meta = content.meta | {
            "dataset": dataset, "part": name, "seed": seed, "split_rule": chosen.rule,
        }  # fmt: skip
        write_arrays(path, _cut(content, chosen, name), {"meta": json.dumps(meta, sort_keys=True)})
        digests[name] = sha256_file(path)
    if content.meta["kind"] == "graph":
        shared = {key: content.arrays[key] for key in GRAPH_WIDE if key in content.arrays}
        write_arrays(out.parent / SHARED, shared)
    sizes = {name: len(getattr(chosen, name)) for name in PARTS}
    write_json(
        out / "manifest.json",
        {"dataset": dataset, "seed": seed, "rule": chosen.rule, "sizes": sizes, "sha256": digests},
    )


def _cut(content: Prepared, chosen: Split, name: str) -> dict[str, Array]:
    index = getattr(chosen, name)
    kind = content.meta["kind"]
    if kind == "graph":
        return {"index": index, "y": content.arrays["y"][index]}
    if kind == "graphs":
        return {"index": index} | _cut_graphs(content.arrays, index)
    if kind == "molecules":
        graphs = {"index": index} | _cut_graphs(content.arrays, index)
        rows = {key: content.arrays[key][index] for key in ("scaffold", "fingerprint")}
        return graphs | rows | _cut_texts(content.arrays, index)
    rows = {k: v[index] for k, v in content.arrays.items() if k != "split"}
    return {"index": index} | rows


def _cut_graphs(arrays: dict[str, Array], index: Array) -> dict[str, Array]:
    """The chosen graphs of a batch of graphs, nodes and graphs numbered anew."""
    new_graph = np.full(len(arrays["y"]), -1, dtype=np.int64)
    new_graph[index] = np.arange(len(index))
    nodes = new_graph[arrays["graph"]] >= 0
    new_node = np.cumsum(nodes) - 1
    edges = nodes[arrays["edge_index"][0]]
    cut = {
        "x": arrays["x"][nodes],
        "graph": new_graph[arrays["graph"][nodes]],
        "edge_index": new_node[arrays["edge_index"][:, edges]],
        "y": arrays["y"][index],
    }
    if "edge_label" in arrays:
        cut["edge_label"] = arrays["edge_label"][edges]
    return cut


def _cut_texts(arrays: dict[str, Array], index: Array) -> dict[str, Array]:
    """The chosen strings of a concatenation of UTF-8 strings."""
    offsets = arrays["smiles_offsets"]
    pieces = [arrays["smiles"][offsets[i] : offsets[i + 1]] for i in index]
    lengths = np.array([0, *(len(piece) for piece in pieces)], dtype=np.int64)
    joined = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.uint8)
    return {"smiles": joined, "smiles_offsets": np.cumsum(lengths)}
