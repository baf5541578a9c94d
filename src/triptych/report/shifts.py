"""Reading shifts off the split names of records."""

import pandas as pd

from triptych.records import HELD_OUT

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


def named(split: str) -> tuple[str, str] | None:
    """Name and variant of a shifted test set that is no corruption; None for other splits.

    Example:
        >>> named("test:strokes@1"), named("test:photographs"), named("test+rotate@3")
        (('strokes', '1'), ('photographs', ''), None)
    """
    if not split.startswith("test:"):
        return None
    name, _, variant = split.removeprefix("test:").partition("@")
    return name, variant


def corrupted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of data sets whose test images were corrupted, or all where none were.

    Args:
        rows: With the columns of :func:`severities`.
    """
    sets = set(rows.loc[rows["severity"] > 0, "dataset"])
    return rows[rows["dataset"].isin(sets)] if sets else rows


def in_means(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without those of corruption kinds that are kept for validation."""
    return rows[~rows["protocol"].fillna("").astype(str).str.contains(HELD_OUT, regex=False)]


def severities(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of test splits with their ``shift`` ("" for clean) and ``severity``."""
    parsed = rows["split"].map(parse)
    kept = rows[parsed.notna()]
    pairs = parsed[parsed.notna()]
    return kept.assign(
        shift=[kind for kind, _ in pairs], severity=[severity for _, severity in pairs]
    )
