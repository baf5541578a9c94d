"""Reading shifts off the split names of records."""

import pandas as pd

MEAN = "mean"  # stands for a kind in the split name of a mean over kinds


def parse(split: str) -> tuple[str, int] | None:
    """Kind and severity of a test split; None for other splits.

    Example:
        >>> parse("test+rotate@3"), parse("test"), parse("train")
        (('rotate', 3), ('', 0), None)
    """
    if split == "test":
        return "", 0
    if not split.startswith("test+"):
        return None
    kind, _, severity = split.removeprefix("test+").rpartition("@")
    return kind, int(severity)


def severities(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of test splits with their ``shift`` ("" for clean) and ``severity``."""
    parsed = rows["split"].map(parse)
    kept = rows[parsed.notna()]
    pairs = parsed[parsed.notna()]
    return kept.assign(
        shift=[kind for kind, _ in pairs], severity=[severity for _, severity in pairs]
    )
