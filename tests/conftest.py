"""Shared by all tests: where the downloaded data sets are, if they are anywhere."""

import os

import pytest


@pytest.fixture(scope="session")
def mirror() -> str:
    """The mirror of downloaded data sets; the test is skipped where there is none."""
    location = os.environ.get("TRIPTYCH_MIRROR")
    if not location:
        pytest.skip("set TRIPTYCH_MIRROR to a folder or address that holds the data sets")
    return location
