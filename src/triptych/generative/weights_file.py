"""Whether the weights of the Inception network can be used, told before anything is computed."""

import importlib.util
from pathlib import Path

WHERE = "generative.measure.inception_weights"


def problems(weights: str | None) -> list[str]:
    """What is wrong with the parameter, a sentence each.

    Args:
        weights: Name of the file; None where no FID of the literature is wanted.
    """
    if weights is None:
        return []
    found = []
    if not Path(weights).is_file():
        found.append(
            f"{WHERE}: expected a file, found none at {weights}; download the Inception weights of "
            "torch-fidelity or set it to null"
        )
    if importlib.util.find_spec("torch_fidelity") is None:
        found.append(
            f"{WHERE}: expected torch-fidelity, found none; pip install 'triptych[fid]' or set it "
            "to null"
        )
    return found
