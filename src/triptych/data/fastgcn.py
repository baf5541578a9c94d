"""The citation graphs with the split of the FastGCN paper: nearly every label trains."""

from pathlib import Path

import numpy as np

from triptych.data import planetoid
from triptych.data.images import TRAIN
from triptych.data.prepared import JSON, Prepared


def split(raw: Path | None, prefix: str) -> Prepared:
    """Cora, CiteSeer or PubMed with all remaining labels in the training part.

    Chen, Ma and Xiao (2018) keep the 500 validation and 1000 test nodes of the public split and
    train on every other labelled node (Cora: 1208) instead of on 20 per class. Accuracies are
    several points higher than on the public split and not comparable with them.

    Args:
        raw: The folder of the eight files.
        prefix: cora, citeseer or pubmed.
    """
    public = planetoid.public_split(raw, prefix)
    arrays = dict(public.arrays)
    marks = arrays["split"].copy()
    marks[(marks < 0) & (arrays["y"] >= 0)] = TRAIN
    arrays["split"] = marks
    notes: list[JSON] = [
        f"FastGCN split, not the public one: all {int(np.count_nonzero(marks == TRAIN))} labelled "
        "nodes outside the public validation and test parts train",
        "features row-normalised, rows without words stay zero",
    ]
    return Prepared(arrays, public.meta | {"notes": notes})
