"""One real run of the ten-second parameters for all tests of this folder."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workflow_project import Project, checkout, copy


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, nothing computed; for questions that need no results."""
    return checkout(tmp_path_factory.mktemp("fresh") / "project")


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All results, by Snakemake alone. Only to be copied or read."""
    project = checkout(tmp_path_factory.mktemp("computed") / "project")
    project.snakemake()
    return project


@pytest.fixture(scope="session")
def finished(computed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All results, committed to DVC and git. Only to be copied or read."""
    project = copy(computed, tmp_path_factory.mktemp("finished") / "project")
    project.dvc("commit", "--force", "--quiet")
    project.commit("results")
    return project


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Project], Project]:
    """Makes copies to work on."""
    return lambda project: copy(project, tmp_path / "project")
