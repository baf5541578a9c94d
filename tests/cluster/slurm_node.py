"""A real Slurm of one node on the loopback address, for tests: ``slurm_node.py up|down FOLDER``.

Controller, node and authentication run as root from the packages of Debian, which are installed if
they are missing. There is no accounting database. GPUs are device files that exist everywhere, so
that Slurm grants, binds and counts them although no job can compute on one.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
DAEMONS = ("slurmd", "slurmctld", "munged")  # in the order in which they end
SYSTEM = Path("/etc/slurm/slurm.conf")  # `srun` in a job is started without SLURM_CONF
GPUS = ("/dev/null", "/dev/zero")
MEMORY_MB = 64000  # counted by Slurm, enforced by no one
READY_SECONDS = 30

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
GresTypes=gpu
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} Gres=gpu:{gpus}
PartitionName=cpu Nodes=localhost Default=YES MaxTime=UNLIMITED
PartitionName=gpu Nodes=localhost MaxTime=UNLIMITED
"""


class Unavailable(Exception):
    """Slurm cannot run here; the text says why in one line."""


def up(folder: Path) -> None:
    """Install, configure and start; returns when the node takes jobs.

    Raises:
        Unavailable: This machine cannot have it, or it did not get ready.
    """
    if os.geteuid() != 0:
        raise Unavailable("a Slurm of one's own needs root")
    if SYSTEM.is_symlink() and not SYSTEM.exists():
        SYSTEM.unlink()  # left by a test that was killed
    if SYSTEM.exists() or SYSTEM.is_symlink():
        raise Unavailable(f"{SYSTEM} exists: this machine has a Slurm already")
    install()
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    configure(folder)
    SYSTEM.parent.mkdir(parents=True, exist_ok=True)
    SYSTEM.symlink_to(folder / "slurm.conf")
    try:
        start(folder)
    except Unavailable:
        down(folder)
        raise


def install() -> None:
    """Install what is missing, without starting any service."""
    if all(shutil.which(name, path=search_path()) for name in PROGRAMS):
        return
    if shutil.which("apt-get") is None:
        raise Unavailable("no Slurm here, and no apt-get to install it")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *PACKAGES]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, check=False, timeout=300, **quiet)
        if done.returncode != 0:
            raise Unavailable(f"`{' '.join(command)}` ended with {done.returncode}")


def configure(folder: Path) -> None:
    """Write the key and the two configuration files."""
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    text = CONFIGURATION.format(
        folder=folder,
        controller_port=free_port(),
        node_port=free_port(),
        cores=max(2, os.cpu_count() or 1),
        memory=MEMORY_MB,
        gpus=len(GPUS),
    )
    (folder / "slurm.conf").write_text(text)
    devices = "".join(f"Name=gpu File={device}\n" for device in GPUS)
    (folder / "gres.conf").write_text(f"AutoDetect=off\n{devices}")


def start(folder: Path) -> None:
    """Start the three daemons and wait for the node."""
    munge = [f"--{what}-file={folder}/munge{end}" for what, end in MUNGE_FILES]
    # --force: the folder of a test is private, which munged would refuse for its socket.
    run(folder, "munged", "--force", f"--socket={folder}/munge.socket", *munge)
    run(folder, "slurmctld", "-f", f"{folder}/slurm.conf")
    run(folder, "slurmd", "-f", f"{folder}/slurm.conf", "-N", "localhost")
    deadline = time.monotonic() + READY_SECONDS
    state = "nothing"
    while time.monotonic() < deadline:
        state = run(folder, "sinfo", "--noheader", "--format=%T", check=False).strip()
        if state.splitlines()[:1] == ["idle"]:
            return
        time.sleep(0.1)
    raise Unavailable(f"Slurm's node should be idle after {READY_SECONDS} s, but says: {state}")


MUNGE_FILES = (("key", ".key"), ("pid", "d.pid"), ("log", ".log"), ("seed", ".seed"))


def down(folder: Path) -> None:
    """Cancel all jobs, end the daemons that :func:`up` started, and remove its link."""
    if process(folder, "slurmctld"):
        run(folder, "scancel", "--user=root", check=False)
        wait_for_jobs(folder)
    for name in DAEMONS:
        number = process(folder, name)
        if number:
            os.kill(number, signal.SIGTERM)
            if not ended(number, seconds=10):
                os.kill(number, signal.SIGKILL)
    if SYSTEM.is_symlink() and SYSTEM.readlink() == folder / "slurm.conf":
        SYSTEM.unlink()


def wait_for_jobs(folder: Path) -> None:
    """Give cancelled jobs some seconds to end: their processes are Slurm's, not ours."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and run(folder, "squeue", "--noheader", check=False).strip():
        time.sleep(0.1)


def process(folder: Path, name: str) -> int | None:
    """The number of a daemon of this folder, if it runs."""
    try:
        number = int((folder / f"{name}.pid").read_text())
        words = Path(f"/proc/{number}/cmdline").read_bytes().decode().split("\0")
    except (OSError, ValueError):
        return None
    return number if Path(words[0]).name == name and str(folder) in "\n".join(words) else None


def ended(number: int, seconds: float) -> bool:
    """Whether a process ends within some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not Path(f"/proc/{number}").exists():
            return True
        time.sleep(0.05)
    return False


def run(folder: Path, *command: str, check: bool = True) -> str:
    """Run one of Slurm's programs and return what it printed."""
    environment = os.environ | {"PATH": search_path(), "SLURM_CONF": f"{folder}/slurm.conf"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    if check and done.returncode != 0:
        raise Unavailable(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def search_path() -> str:
    """Where programs are looked for: daemons lie where users do not look."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(arguments: Sequence[str]) -> int:
    """Bring it up or down by hand."""
    if len(arguments) != 2 or arguments[0] not in ("up", "down"):
        print("usage: slurm_node.py up|down FOLDER", file=sys.stderr)
        return 2
    try:
        (up if arguments[0] == "up" else down)(Path(arguments[1]).resolve())
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
