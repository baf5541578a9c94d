"""A Slurm of one node for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import slurm_node


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a running Slurm; its tests are skipped with one line where there can be none."""
    folder = tmp_path_factory.mktemp("slurm")
    try:
        slurm_node.up(folder)
    except slurm_node.Unavailable as error:
        pytest.skip(str(error))
    yield folder
    slurm_node.down(folder)
