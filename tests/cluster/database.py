"""PostgreSQL, for real: a cluster of its own in a folder."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from service import Service

USER = "postgres"  # of Debian's package: PostgreSQL refuses to run as root


class Database(Service):
    """A PostgreSQL cluster of its own; files survive its end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.programs = postgres_programs()
        if self.user():
            shutil.chown(folder, self.user())
        subprocess.run(
            [self.programs / "initdb", "--username=triptych", "--auth=trust", "--no-sync", "data"],
            cwd=folder,
            user=self.user(),
            check=True,
            capture_output=True,
        )

    @property
    def uri(self) -> str:
        """Where MLflow finds it."""
        return f"postgresql://triptych@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        return [
            str(self.programs / "postgres"), "-D", "data", "-p", str(self.port),
            "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
        ]  # fmt: skip

    def user(self) -> str | None:
        return USER if os.geteuid() == 0 else None

    def answers(self) -> bool:
        import psycopg2

        try:
            psycopg2.connect(self.uri, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT rolls back and closes all connections; SIGQUIT is a crash, recovered from."""
        if self.process is not None:
            self.process.send_signal(how)  # to the leader alone, which ends its own
            self.process.wait(60)
            self.process = None

    def rows(self) -> dict[str, int]:
        """Number of rows of each table that runs are kept in."""
        import psycopg2

        with psycopg2.connect(self.uri) as connection, connection.cursor() as cursor:
            counts = {}
            for table in ("runs", "params", "tags", "metrics"):
                cursor.execute(f"select count(*) from {table}")
                counts[table] = cursor.fetchone()[0]
        return counts


def postgres_programs() -> Path:
    """The folder with ``initdb`` and ``postgres``; Debian's package is installed if need be."""
    if (found := _postgres()) is None:
        _install_postgres()
        found = _postgres()
    if found is None:
        pytest.skip("needs PostgreSQL: install it (Debian: apt-get install postgresql)")
    return found


def _postgres() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


def _install_postgres() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # 1: starts no service
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
        subprocess.run(
            ["apt-get", "-qq", *arguments],
            env=os.environ | quiet,
            capture_output=True,
            timeout=300,
            check=False,
        )
