"""What teams share besides a database: S3-compatible storage, and MLflow's server on both."""

import signal
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from database import Database
from service import Service, answers


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

    def close(self) -> None:
        super().end()

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
