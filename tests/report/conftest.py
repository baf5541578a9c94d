"""The synthetic run, once for all tests of the report."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure as Canvas
from report_layout import layout_problems as problems
from report_world import World, build

from triptych.report import site


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The synthetic run, without pages."""
    return build(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def pages(world: World) -> World:
    """The synthetic run with its pages."""
    site.run(world.conf, world.reports, world.results)
    return world


@pytest.fixture(scope="session")
def layout_problems() -> Callable[[Canvas], list[str]]:
    """What is wrong with the place of the texts in a figure."""
    return problems
