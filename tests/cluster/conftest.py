"""What a cluster and a team have, started once for all tests that use it."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import slurm_node
from database import Database
from service import Service
from services import Storage, TrackingServer


@pytest.fixture(scope="session")
def stack() -> Iterator[ExitStack]:
    """Ends the services, the last first."""
    with ExitStack() as services:
        yield services


def begin(service: Service, stack: ExitStack) -> None:
    stack.callback(service.close)
    service.start()


@pytest.fixture(scope="session")
def services_folder(stack: ExitStack) -> Path:
    """Readable for the database's user, which folders of pytest are not."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="triptych-services-")))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def storage(stack: ExitStack, services_folder: Path) -> Storage:
    """Running S3-compatible storage."""
    storage = Storage(services_folder)
    begin(storage, stack)
    return storage


@pytest.fixture(scope="session")
def database(stack: ExitStack, services_folder: Path) -> Database:
    """A running PostgreSQL."""
    folder = services_folder / "postgres"
    folder.mkdir()
    database = Database(folder)
    begin(database, stack)
    return database


@pytest.fixture(scope="session")
def server(
    stack: ExitStack, services_folder: Path, database: Database, storage: Storage
) -> TrackingServer:
    """A running server of MLflow."""
    server = TrackingServer(services_folder, database, storage)
    begin(server, stack)
    return server


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
