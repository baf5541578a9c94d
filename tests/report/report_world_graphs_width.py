"""Made-up numbers of the width of graph networks: neighbourhoods and samplers."""

from collections.abc import Callable

Numbers = dict[str, tuple[float, dict[str, object]]]
JOBS = (
    ("neighbourhood", "hubs"), ("neighbourhood", "karate"),
    ("sampled_gcn", "hubs"), ("sampled_gcn_noise", "karate"),
)  # fmt: skip
QUALITY = {  # how much of the lost accuracy a sampler saves, and its error relative to uniform
    "graphsage": (0.5, 1.0), "fastgcn": (0.1, 3.0), "ladies": (0.7, 1.1), "as_gcn": (0.6, 1.3),
    "gcn_bs": (0.5, 1.2), "pass_gnn": (0.3, 1.6),
}  # fmt: skip
BUDGETS = (32, 128, 512)
SHARES = {0.125: 2.0, 0.35: 5.6, 1.0: 16.0}  # share of the edges: mean degree


def numbers(noise: Callable[[float], float], model: str, dataset: str) -> Numbers:
    """Metric -> (value, further fields of the record) of one seed."""
    if model == "neighbourhood":
        return _growth(3000 if dataset == "hubs" else 34, 17 if dataset == "hubs" else 5.6)
    found: Numbers = {"n_train": (200, {"split": "train", "unit": "examples"})}
    found |= _network(noise, "full", 0.88, 5000)
    for sampler, (saved, factor) in QUALITY.items():
        for budget in BUDGETS:
            hit = 0.88 - (1 - saved) * 0.5 * (32 / budget) ** 0.5
            found |= _network(noise, f"{sampler},budget={budget}", hit, 1.8 * budget)
        for budget in (32, 64, 128, 256, 512) if sampler != "pass_gnn" else ():
            more: dict[str, object] = {"split": "train", "kind": "estimate"}
            error = factor * (30 / budget) ** 0.7
            name = f"{sampler},budget={budget}"
            found[f"sum_error/{name}"] = (error * (1 + noise(0.03)), more)
            found[f"sum_nodes/{name}"] = (0.9 * budget, more)
            found[f"uniform_error/{name}"] = (error / factor, more)
            found[f"uniform_nodes/{name}"] = (0.95 * budget, more)
            if sampler in ("as_gcn", "gcn_bs"):
                found[f"start_error/{name}"] = (error * 1.1, more)
    return found | (_sweep(noise) if model == "sampled_gcn" else _meaningless(noise))


def timings(noise: Callable[[float], float], model: str, dataset: str) -> Numbers:
    """Seconds, which go to a table of their own."""
    if model != "sampled_gcn":
        return {}
    found: Numbers = {}
    for share, degree in SHARES.items():
        for way, seconds in (("full", 4e-4 * degree), ("graphsage,fanout=5", 2e-3)):
            more: dict[str, object] = {"split": "train", "unit": "s", "kind": "estimate"}
            found[f"batch_seconds/{_at(way, share)}"] = (seconds * (1 + noise(0.05)), more)
    return found


def _growth(nodes: int, k: float) -> Numbers:
    more: dict[str, object] = {"split": "all", "unit": "nodes", "n": nodes}
    found: Numbers = {"graph_size/nodes": (nodes, more)}
    for hop in range(1, 6):
        found[f"neighbours/hops={hop}"] = (min(0.9 * k**hop, nodes), more)
        found[f"neighbours_hub/hops={hop}"] = (min(9 * k**hop, nodes), more)
        found[f"tree/hops={hop}"] = (1.5**hop * k**hop, more)
        found[f"k_power/hops={hop}"] = (k**hop, more)
    return found


def _network(noise: Callable[[float], float], variant: str, hit: float, nodes: float) -> Numbers:
    return {
        f"sampled_accuracy/{variant}": (hit + noise(0.01), {"unit": "fraction"}),
        f"nodes_per_batch/{variant}": (nodes, {"split": "train", "unit": "nodes"}),
    }


def _at(way: str, share: float) -> str:
    return way if share == 1 else f"{way},share={share:g}"


def _sweep(noise: Callable[[float], float]) -> Numbers:
    found: Numbers = {}
    more: dict[str, object] = {"split": "train"}
    for share, degree in SHARES.items():
        for way, nodes in (("full", 300 * degree), ("graphsage,fanout=5", 60 * degree**0.8)):
            name = _at(way, share)
            found |= _network(noise, name, 0.5 + 0.1 * degree**0.5, nodes)
            found[f"bytes_per_batch/{name}"] = (700 * nodes, more)
            found[f"mean_degree/{name}"] = (degree, more)
    return found


def _meaningless(noise: Callable[[float], float]) -> Numbers:
    found: Numbers = {}
    for sampler, hit, share in (
        ("full", 0.8, 0.5), ("graphsage", 0.5, 0.5), ("ladies", 0.6, 0.5), ("pass_gnn", 0.8, 0.2),
    ):  # fmt: skip
        budget = "" if sampler == "full" else ",budget=128"
        found |= _network(noise, f"{sampler}{budget},noise=1", hit, 240)
        more: dict[str, object] = {"split": "all", "unit": "fraction"}
        if sampler in ("graphsage", "pass_gnn"):
            found[f"noise_share/{sampler}{budget},noise=1"] = (share + noise(0.01), more)
    return found
