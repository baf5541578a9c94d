"""Where tracked runs go: finding the store and asking, within seconds, whether it answers."""

import hashlib
import http.client
import os
import socket
import sqlite3
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from triptych.errors import UserError

LOCKS = Path(".triptych")  # of stores that are no local file
PROBE_SECONDS = 5.0
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}  # where the address names none
SCHEMES = ("sqlite", "http", "https", "databricks", *PORTS)


@dataclass(frozen=True)
class Store:
    """Where runs go.

    Attributes:
        uri: Address for MLflow; a SQLite path in it is absolute.
        artefacts: Where a new experiment keeps files; None leaves it to the server.
        lock: File that one syncing process holds: MLflow creates a store's tables without any
            guard, and looking for a run and creating it are two steps.
    """

    uri: str
    artefacts: str | None
    lock: Path


def locate(path: str) -> Store:
    """The store at the SQLite file ``path``, or the one that MLFLOW_TRACKING_URI names.

    Raises:
        UserError: The address is neither SQLite, nor a server, nor a database.
    """
    default = Path(path).resolve()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{default}"
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme not in SCHEMES:
        raise UserError(
            "MLFLOW_TRACKING_URI: expected sqlite:///..., http(s)://... or a database's address, "
            f"found one that begins with {scheme!r}; change it, or unset it to use {default}"
        )
    if scheme == "sqlite":
        file = _file(uri)
        options = uri[uri.find("?") :] if "?" in uri else ""
        artefacts = (file.parent / "artifacts").as_uri()
        return Store(f"sqlite:///{file}{options}", artefacts, file.with_name(f"{file.name}.lock"))
    # A server decides where files go; a bare database cannot.
    local = (default.parent / "artifacts").as_uri() if scheme in PORTS else None
    name = hashlib.sha256(uri.encode()).hexdigest()[:16]
    return Store(uri, local, LOCKS.resolve() / f"tracking-{name}.lock")


def without_password(text: str, uri: str) -> str:
    """``text`` (an address, an error message) without the user name and password of ``uri``."""
    secret, found, _ = urlsplit(uri).netloc.rpartition("@")
    return text.replace(f"{secret}@", "") if found else text


def silent(uri: str) -> str | None:
    """Why the store behind ``uri`` cannot be used, or None if it answers; seconds at most."""
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    if scheme == "sqlite":
        return _unusable_file(_file(uri))
    if scheme in ("http", "https"):
        return _no_answer(without_password(uri, uri))
    if scheme in PORTS and parts.hostname:
        try:
            socket.create_connection(
                (parts.hostname, parts.port or PORTS[scheme]), PROBE_SECONDS
            ).close()
        except OSError as error:
            return first_line(error)
    return None


def _file(uri: str) -> Path:
    return Path(uri.partition(":///")[2].partition("?")[0]).resolve()


def _unusable_file(path: Path) -> str | None:
    """MLflow would try for minutes to open a file that is no database or cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            return "no permission to write it"
        connection = sqlite3.connect(path, timeout=PROBE_SECONDS)
        try:
            connection.execute("select count(*) from sqlite_master").fetchone()
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        return first_line(error)
    return None


def _no_answer(uri: str) -> str | None:
    """Any HTTP status but a gateway's complaint shows that the server lives."""
    try:
        urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=PROBE_SECONDS).close()
    except urllib.error.HTTPError as error:
        return f"HTTP status {error.code}" if error.code in (502, 503, 504) else None
    except urllib.error.URLError as error:
        # It answered; which certificates to trust is mlflow's business.
        return None if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return first_line(error)
    return None


def first_line(error: Exception) -> str:
    """The first line of an error, or its type, at most 300 characters."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
