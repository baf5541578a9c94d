"""A server on this machine that can be told to misbehave."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from triptych.data.catalogue import DataSet


@dataclass
class Server:
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, list[int]] = field(default_factory=dict)  # per request: stop after so many bytes
    ranges: bool = True
    length: bool = True  # whether the answer says how long it is
    delay: float = 0.0
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def describe(self, name: str, content: bytes, serve: bool = True) -> dict[str, Any]:
        """What a catalogue says of a file that this server has (unless it is told not to)."""
        if serve:
            self.files[name] = content
        digest = hashlib.sha256(content).hexdigest()
        return {
            "name": name,
            "url": f"{self.url}/{name}",
            "sha256": digest,
            "bytes": len(content),
        }

    def asked(self, path: str) -> list[str | None]:
        """The Range header of every request for a file."""
        return [given for asked, given in self.requests if asked == f"/{path}"]


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Range")
            server.requests.append((self.path, given))
            content = server.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            time.sleep(server.delay)
            start = 0
            if given and server.ranges:
                start = int(given.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                end = len(content) - 1
                self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
            else:
                self.send_response(200)
            body = content[start:]
            if server.length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cuts = server.cut.get(self.path.lstrip("/"), [])
            self.wfile.write(body[: cuts.pop(0)] if cuts else body)
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    state.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture(autouse=True)
def no_mirror(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only tests that ask for the mirror see the one of the environment."""
    if "mirror" not in request.fixturenames:
        monkeypatch.delenv("TRIPTYCH_MIRROR", raising=False)


@pytest.fixture
def entry() -> Callable[..., DataSet]:
    """Makes a catalogue entry with given files."""

    def make(files: list[dict[str, Any]], **more: Any) -> DataSet:
        base = {
            "name": "toy",
            "title": "Toy",
            "kind": "table",
            "licence": "none",
            "homepage": "https://example.org/",
            "citation": "nobody",
            "reader": "tables.wine",
            "split": None,
        }
        return DataSet.model_validate(base | {"files": files} | more)

    return make
