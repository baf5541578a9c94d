"""Results through S3-compatible storage to a clone that computes nothing, and what can go wrong."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from services import Storage, storage_variables

from workflow_project import Project, copy

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]

PREFIX = "dvc"
SOON = 180.0  # seconds; a quiet machine needs 2 to 10, a busy one took 62 (9 of computing)


@pytest.fixture(scope="module")
def variables(storage: Storage) -> dict[str, str]:
    """What a person sets to use the remote."""
    return storage_variables(storage)


@pytest.fixture(scope="module")
def pushed(
    finished: Project,
    storage: Storage,
    variables: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """The finished project with its results in the remote; the address is committed, no key is."""
    project = copy(finished, tmp_path_factory.mktemp("pushed") / "project")
    project.dvc("remote", "add", "--default", "store", f"s3://{Storage.BUCKET}/{PREFIX}")
    project.dvc("remote", "modify", "store", "endpointurl", storage.address)
    project.run("dvc", "push", "--quiet", **variables)
    project.commit("remote")
    return project


@pytest.fixture
def clone(pushed: Project, tmp_path: Path) -> Project:
    """What a colleague has after ``git clone``."""
    pushed.git("clone", "--quiet", str(pushed.folder), str(tmp_path / "clone"))
    return Project(tmp_path / "clone")


def test_a_clone_gets_every_result_and_has_nothing_to_do(
    clone: Project, pushed: Project, variables: dict[str, str]
) -> None:
    clone.run("triptych", "restore", **variables)
    assert clone.pending() == set()
    assert clone.run("dvc", "status").strip() == "Data and pipelines are up to date."
    for name in ("records.csv", "claims.csv", "index.html"):
        assert (clone / "reports" / name).read_bytes() == (pushed / "reports" / name).read_bytes()
    results = [path.relative_to(pushed.folder) for path in (pushed / "results").rglob("run.json")]
    assert len(results) > 30
    for path in results:  # the second in which a job ran is in it: nothing was computed here
        assert (clone / str(path)).read_bytes() == (pushed / str(path)).read_bytes()


def refused(clone: Project, **variables: str) -> str:
    """What a restore says that must fail, and soon."""
    began = time.monotonic()
    said = clone.run("triptych", "restore", fails=True, **variables)
    assert time.monotonic() - began < SOON
    assert "Traceback" not in said
    assert not (clone / "reports/index.html").exists()
    return said[said.index("restore: expected") :]


def test_objects_that_are_missing_in_the_remote_are_named(
    clone: Project, storage: Storage, variables: dict[str, str], braved: Callable[[str, int], None]
) -> None:
    """Of a result and of the list of a folder."""
    names = [name for name in storage.objects() if name.startswith(f"{PREFIX}/files/")]
    lost = {name.endswith(".dir"): name for name in names}.values()
    kept = {name: storage.read(name) for name in lost}
    assert len(kept) == 2
    for name in kept:
        storage.client().delete_object(Bucket=Storage.BUCKET, Key=name)
    try:
        said = clone.run("triptych", "restore", fails=True, **variables)
    finally:
        for name, content in kept.items():
            storage.client().put_object(Bucket=Storage.BUCKET, Key=name, Body=content)
    for name in kept:
        assert "".join(name.split("/")[-2:]) in said  # the digest, from dvc.lock or such a list
    assert "dvc push" in said
    assert not (clone / "reports/index.html").exists()
    braved("faults injected", 2)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_wrong_key_is_said_to_be_wrong(
    clone: Project, variables: dict[str, str], name: str, braved: Callable[[str, int], None]
) -> None:
    said = refused(clone, **variables | {name: "wrong"})
    assert "credentials" in said and "AWS_ACCESS_KEY_ID" in said
    braved("faults injected", 1)


def test_without_a_key_it_says_where_one_is_looked_for(
    clone: Project, variables: dict[str, str], braved: Callable[[str, int], None]
) -> None:
    said = refused(clone, **{k: v for k, v in variables.items() if "KEY" not in k})
    assert "credentials" in said and "AWS_ACCESS_KEY_ID" in said
    braved("faults injected", 1)


def test_storage_that_is_down_is_said(
    clone: Project, variables: dict[str, str], braved: Callable[[str, int], None]
) -> None:
    """Nothing listens at the address; once something does, the same command restores."""
    modify = ("remote", "modify", "--local", "store", "endpointurl")
    clone.dvc(*modify, "http://127.0.0.1:1")
    assert "check the network and the remote's address" in refused(clone, **variables)
    clone.dvc(*modify, "--unset")
    clone.run("triptych", "restore", **variables)
    assert clone.pending() == set()
    braved("faults injected", 1)


def test_a_folder_as_remote_without_one_file(
    finished: Project, tmp_path: Path, braved: Callable[[str, int], None]
) -> None:
    """The simplest remote, a folder that both machines see, tells the same."""
    project = copy(finished, tmp_path / "project")
    project.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    project.dvc("push", "--quiet")
    project.commit("remote")
    lost = next(path for path in (tmp_path / "store").rglob("*") if path.is_file())
    lost.unlink()
    project.git("clone", "--quiet", str(project.folder), str(tmp_path / "clone"))
    said = Project(tmp_path / "clone").run("triptych", "restore", fails=True)
    assert lost.name in said and "dvc push" in said
    shutil.rmtree(project.folder)  # the tests that follow need the disk
    braved("faults injected", 1)
