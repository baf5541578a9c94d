"""The machine a job runs on: threads, device, determinism and where a number came from."""

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

THREADS = 1  # per CPU job: sums depend on the thread count, and Snakemake supplies the parallelism
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "torch-geometric", "pandas", "snakemake")


def prepare(device: str) -> "Any":
    """Fix threads and determinism and choose the device of this process.

    Args:
        device: auto, cpu or cuda.

    Returns:
        A ``torch.device``.

    Raises:
        UserError: cuda was demanded and none is visible.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts
    import torch

    from triptych.errors import UserError

    torch.set_num_threads(THREADS)
    # The same as use_deterministic_algorithms(True, warn_only=True), which would load the compiler.
    torch.set_deterministic_debug_mode("warn")
    torch.backends.cudnn.benchmark = False
    if os.environ.get("TRIPTYCH_GPUS") == "0" and device == "auto":
        device = "cpu"  # the scheduler gave this job no GPU (`--resources gpu=0`)
    available = device != "cpu" and torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError(
            "runtime.device: expected a CUDA GPU, found none visible; set it to auto or cpu"
        )
    return torch.device("cuda", _pick_gpu()) if available else torch.device("cpu")


def _pick_gpu() -> int:
    """Index of a GPU no other job of this machine holds; the lock lives as long as the process."""
    import torch

    count = torch.cuda.device_count()
    if count <= 1:
        return 0
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")  # counts anew from 0, locks name the device
    names = chosen.replace(" ", "").split(",") if chosen else map(str, range(count))
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"triptych-gpu-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for index, name in zip(range(count), names, strict=False):
        lock = FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        _HELD.append(lock)
        return index
    return os.getpid() % count


_HELD: list[FileLock] = []


def versions() -> dict[str, str]:
    """Versions of the interpreter and of every library that a number can depend on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def git_state() -> dict[str, Any]:
    """Commit of the working tree and whether it has changes; unknown outside a repository."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {
            "commit": git("rev-parse", "HEAD"),
            "dirty": bool(git("status", "--porcelain", "--untracked-files=no")),
        }
    except (OSError, subprocess.SubprocessError):
        return {"commit": "unknown", "dirty": None}


def hardware(device: Any) -> dict[str, Any]:
    """What a timing depends on."""
    facts: dict[str, Any] = {
        "machine": platform.machine(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": THREADS,
        "device": str(device),
    }
    if device is not None:
        import torch

        facts["instructions"] = torch.backends.cpu.get_cpu_capability()
        if device.type == "cuda":
            facts["gpu"] = torch.cuda.get_device_name(device)
    return facts


def _processor() -> str:
    """Model of the processor, with the numbers that tell apart what shares a marketing name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    facts = dict(reversed([_fact(line) for line in lines if ":" in line]))
    if "model name" not in facts:
        return "unknown"
    numbers = [facts.get(key, "?") for key in ("cpu family", "model", "stepping")]
    return f"{facts['model name']} ({'/'.join(numbers)})"


def _fact(line: str) -> tuple[str, str]:
    key, value = line.split(":", 1)
    return key.strip(), value.strip()


class Stopwatch:
    """Wall and CPU seconds of a block, peak memory of the process so far."""

    def __init__(self) -> None:
        self.started = time.time()
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def read(self) -> dict[str, float]:
        """Seconds since construction; ``peak_memory_mb`` in MiB."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "started": self.started,
            "ended": time.time(),
            "wall_seconds": time.perf_counter() - self._wall,
            "cpu_seconds": time.process_time() - self._cpu,
            "peak_memory_mb": peak / (1024 * 1024 if sys.platform == "darwin" else 1024),
        }


@contextmanager
def timed(seconds: dict[str, float], name: str, device: Any = None) -> Iterator[None]:
    """Add the wall seconds of the block to ``seconds[name]``, waiting for the GPU at both ends."""
    _synchronise(device)
    start = time.perf_counter()
    yield
    _synchronise(device)
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def _synchronise(device: Any) -> None:
    if getattr(device, "type", "cpu") == "cuda":
        import torch

        torch.cuda.synchronize(device)
