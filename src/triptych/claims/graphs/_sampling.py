"""Reading the records of networks that were trained with samplers."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from triptych.claims.base import Effect
from triptych.claims.tables import by_seed, datasets, models

ACCURACY = "sampled_accuracy"
FULL, UNIFORM = "full", "graphsage"
TITLES = {
    "graphsage": "GraphSAGE", "fastgcn": "FastGCN", "ladies": "LADIES", "as_gcn": "AS-GCN",
    "gcn_bs": "GCN-BS", "pass_gnn": "PASS",
}  # fmt: skip

OWN_OPERATOR = {"pass_gnn": "with its own policy"}  # evaluated with that, not with all neighbours


@dataclass(frozen=True)
class Variant:
    """One network, as the records name it after the slash.

    Attributes:
        text: The name itself: "graphsage,budget=128".
        sampler: Its sampler.
        settings: The rest: {"budget": 128.0}.
    """

    text: str
    sampler: str
    settings: Mapping[str, float]

    @classmethod
    def parse(cls, text: str) -> "Variant":
        """From the text.

        Example:
            >>> Variant.parse("graphsage,fanout=5,share=0.25").settings
            {'fanout': 5.0, 'share': 0.25}
        """
        sampler, *pairs = text.split(",")
        settings = {name: float(value) for name, _, value in (p.partition("=") for p in pairs)}
        return cls(text, sampler, settings)

    def has(self, *names: str) -> bool:
        """Whether exactly these settings are named."""
        return set(self.settings) == set(names)


def title(sampler: str) -> str:
    """What papers call a sampler; a new one keeps its file's name."""
    return TITLES.get(sampler, sampler)


def evaluated(sampler: str) -> str:
    """Its title, and what it is evaluated with if that is not the sum over all neighbours.

    Example:
        >>> evaluated("ladies"), evaluated("pass_gnn")
        ('LADIES', 'PASS (evaluated with its own policy)')
    """
    how = OWN_OPERATOR.get(sampler)
    return title(sampler) + (f" (evaluated {how})" if how else "")


def told_apart(found: Iterable[tuple[str, Effect]]) -> list[Effect]:
    """Effects of (model entry, effect), with the entry in the comparison where two give one."""
    pairs = list(found)
    times = Counter((effect.dataset, effect.comparison) for _, effect in pairs)
    return [
        replace(effect, comparison=f"{effect.comparison} ({model})")
        if times[effect.dataset, effect.comparison] > 1
        else effect
        for model, effect in pairs
    ]


def runs(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """(data set, model entry) of every comparison of samplers."""
    for dataset in datasets(table, "graphs"):
        for model in models(table, "graphs", dataset):
            if variants(table, dataset, model, ACCURACY):
                yield dataset, model


def variants(table: pd.DataFrame, dataset: str, model: str, metric: str) -> list[Variant]:
    """The networks that have a metric."""
    rows = table[
        (table["panel"] == "graphs") & (table["dataset"] == dataset) & (table["model"] == model)
    ]
    names = rows.loc[rows["metric"].str.startswith(f"{metric}/"), "metric"].unique()
    return [Variant.parse(name.partition("/")[2]) for name in sorted(names)]


def number(
    table: pd.DataFrame, dataset: str, model: str, metric: str, variant: str, split: str = "test"
) -> pd.Series:
    """One number per seed."""
    return by_seed(
        table, panel="graphs", dataset=dataset, model=model, metric=f"{metric}/{variant}",
        split=split,
    )  # fmt: skip


def interpolated(x: float, known: Mapping[float, float]) -> float:
    """The value at x on the straight lines between known points, in the logarithm of x.

    nan beyond the outermost points: nothing is extrapolated.

    Example:
        >>> interpolated(2.0, {1.0: 0.0, 4.0: 1.0})
        0.5
    """
    places = sorted(known)
    if not places or not places[0] <= x <= places[-1]:
        return math.nan
    logs = [math.log(place) for place in places]
    return float(np.interp(math.log(x), logs, [known[place] for place in places]))
