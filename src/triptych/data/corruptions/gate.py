"""The gate every shifted test set passes: shape, type, and a distance that grows with severity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from triptych.data.corruptions.base import SEVERITIES, Bytes


@dataclass(frozen=True)
class Gate:
    """What the gate found for one kind.

    Attributes:
        rmse: Severity -> mean over images of the root mean squared change, as a fraction of white.
        mean_shift: Severity -> mean change of brightness, as a fraction of white.
        problems: What is wrong, in words; empty when the kind may be used.
    """

    rmse: dict[int, float]
    mean_shift: dict[int, float]
    problems: list[str]


def gate(
    clean: Bytes, shifted: Mapping[int, Bytes], scales: Sequence[Sequence[int]] = (SEVERITIES,)
) -> Gate:
    """Compare the severities of one kind with the clean images.

    Args:
        clean: uint8 [N, H, W, C].
        shifted: Severity (1 to 5) -> corrupted images.
        scales: Severities that form one scale each.

    Returns:
        Distances and, if shape or type changed or the mean RMSE does not rise strictly from 0
        through the severities present of a scale, the problems.
    """
    rmse: dict[int, float] = {}
    shift: dict[int, float] = {}
    problems: list[str] = []
    for severity in sorted(shifted):
        y = shifted[severity]
        if y.shape != clean.shape or y.dtype != clean.dtype:
            problems.append(
                f"severity {severity}: expected {clean.dtype} {list(clean.shape)}, "
                f"found {y.dtype} {list(y.shape)}"
            )
            continue
        change = (y.astype(np.float64) - clean) / 255.0
        rmse[severity] = float(np.sqrt((change**2).mean(axis=(1, 2, 3))).mean())
        shift[severity] = float(change.mean())
    for scale in scales:
        present = [0, *(severity for severity in scale if severity in rmse)]
        for last, severity in pairwise(present):
            before = rmse.get(last, 0.0)
            if rmse[severity] <= before:
                problems.append(
                    f"expected the RMSE to rise with severity, found {before:.4f} at {last} and "
                    f"{rmse[severity]:.4f} at {severity}"
                )
    return Gate(rmse, shift, problems)
