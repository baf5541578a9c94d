"""A program on a loopback port that tests start, kill, freeze, start again, and end by its id."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

PATIENCE = 120.0  # seconds until a service must answer; a quiet machine needs 1 to 5


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

    def close(self) -> None:
        """End it for good."""
        self.end()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing any more."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)


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
