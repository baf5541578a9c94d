"""What teams share, for real and on loopback: PostgreSQL, S3-compatible storage, MLflow's server.

Each service is a process group of its own, ended by its id; each can be killed, frozen and started
again on the same port. Ports are free ones, files lie in a temporary folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 120.0  # seconds until a service must answer; a quiet machine needs 1 to 5
DATABASE_USER = "postgres"  # of Debian's package: PostgreSQL refuses to run as root


class Service:
    """A program that answers on a port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    # ---- what each service says of itself

    def command(self) -> list[str]:
        """Program and arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Variables beside this process's own."""
        return {}

    def user(self) -> str | None:
        """Whose process it is; None for one's own."""
        return None

    def answers(self) -> bool:
        """Whether a client would be served."""
        raise NotImplementedError

    # ---- what tests do to it

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self.folder / f"{type(self).__name__.lower()}.log"
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                self.command(),
                env=inherited() | self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
                cwd=self.folder,
                user=self.user(),
            )
        end = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                pytest.fail(f"{self.command()[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Signal the whole group and wait until its leader is gone."""
        if self.process is None:
            return
        os.killpg(self.process.pid, how)
        self.process.wait(60)
        self.process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing any more."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)


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
        return DATABASE_USER if os.geteuid() == 0 else None

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


class Storage(Service):
    """S3-compatible storage with one bucket and keys that are checked; files survive its end."""

    BUCKET = "triptych"
    POLICY = (
        '{"Version": "2012-10-17",'
        ' "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.keys: dict[str, str] = {}
        self.kept: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        # Whoever asks for the user, its rights, its key and the bucket needs no key; from then on
        # every request does.
        return {"INITIAL_NO_AUTH_ACTION_COUNT": "4"}

    def answers(self) -> bool:
        return answers(f"{self.address}/moto-api/")

    def start(self) -> None:
        super().start()
        urllib.request.urlopen(f"{self.address}/moto-api/seed?a=1", b"").close()  # same key again
        anyone = {"AWS_ACCESS_KEY_ID": "anyone", "AWS_SECRET_ACCESS_KEY": "anyone"}
        iam = self.client("iam", anyone)
        iam.create_user(UserName="triptych")
        iam.put_user_policy(UserName="triptych", PolicyName="files", PolicyDocument=self.POLICY)
        key = iam.create_access_key(UserName="triptych")["AccessKey"]
        self.client("s3", anyone).create_bucket(Bucket=self.BUCKET)
        self.keys = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        for name, content in self.kept.items():
            self.client().put_object(Bucket=self.BUCKET, Key=name, Body=content)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.kept = {name: self.read(name) for name in self.objects()}
        super().end(how)

    def client(self, service: str = "s3", keys: Mapping[str, str] | None = None) -> Any:
        """A client of Amazon's library."""
        import boto3

        keys = self.keys if keys is None else keys
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )

    def read(self, name: str) -> bytes:
        """Content of an object."""
        content: bytes = self.client().get_object(Bucket=self.BUCKET, Key=name)["Body"].read()
        return content

    def objects(self) -> dict[str, str]:
        """Name of each object -> when it was written."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.BUCKET)
        return {
            item["Key"]: str(item["LastModified"])
            for page in pages
            for item in page.get("Contents", [])
        }


class TrackingServer(Service):
    """MLflow's server on the two above, as README tells a team to run it."""

    def __init__(self, folder: Path, database: Database, storage: Storage) -> None:
        super().__init__(folder)
        self.database, self.storage = database, storage

    @property
    def uri(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def client_variables(self) -> dict[str, str]:
        """What a client sets; the second, because this storage knows no signed addresses."""
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
        }

    def command(self) -> list[str]:
        return [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1",
            "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", self.database.uri,
            "--artifacts-destination", f"s3://{Storage.BUCKET}/mlflow",
        ]  # fmt: skip

    def environment(self) -> Mapping[str, str]:
        return {
            **storage_variables(self.storage),
            "MLFLOW_S3_ENDPOINT_URL": self.storage.address,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # else half a dozen idle workers
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def answers(self) -> bool:
        return answers(f"{self.uri}/health")


def storage_variables(storage: Storage) -> dict[str, str]:
    """Variables of a program that may use the storage; no keys of this machine are looked for."""
    empty = storage.folder / "aws"
    empty.touch()
    return {
        **storage.keys,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(empty),
        "AWS_SHARED_CREDENTIALS_FILE": str(empty),
    }


def inherited() -> dict[str, str]:
    """This process's variables, but none that makes a service believe it is being tested."""
    foreign = ("MLFLOW_", "AWS_", "PYTEST_", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def answers(address: str) -> bool:
    """Whether a HTTP server is there; one that complains is."""
    try:
        urllib.request.urlopen(address, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


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
