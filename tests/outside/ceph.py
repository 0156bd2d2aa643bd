"""A Ceph cluster on this machine alone: one monitor, one manager, one OSD in a file, and RGW for a second opinion.

Needs Debian's packages `ceph-mon ceph-mgr ceph-osd radosgw ceph-common`. Nothing of it outlives the folder it is in.
"""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.outside.running import free_port

PROGRAMS = ("ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "ceph", "monmaptool", "ceph-authtool", "radosgw-admin")
KEYS = {
    "client.admin": ("mon", "osd", "mgr", "mds"),
    "mgr.a": ("mon", "osd", "mds"),
    "osd.0": ("mon", "osd", "mgr"),
    "client.rgw": ("mon", "osd", "mgr"),
}
LONGEST_START_SECONDS = 120
CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon}/0,v1:127.0.0.1:{mon_v1}/0]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
pid_file = {folder}/$name.pid
keyring = {folder}/keyring
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
osd_objectstore = bluestore
osd_max_object_name_len = 256
bluestore_block_size = 4294967296
mon_data = {folder}/mon
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mgr_data = {folder}/mgr
osd_data = {folder}/osd
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{rgw}
rgw_zone_root_pool = .rgw.root
"""


@dataclass(frozen=True)
class CephStore:
    """Where it is, and what opens it."""

    endpoint_url: str
    access_key: str
    secret_key: str


def is_installed() -> bool:
    """Whether all of its programs are here."""
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass
class _Cluster:
    """Its folder, and what runs in it."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("mon", "mon_v1", "rgw")})
    fsid: str = field(default_factory=lambda: str(uuid.uuid4()))
    daemons: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def run(self, *words: str | Path) -> str:
        environment = os.environ | {"CEPH_CONF": str(self.folder / "ceph.conf")}
        ended = subprocess.run(list(map(str, words)), env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{words[0]}: {ended.stderr[-2000:]}"
        return ended.stdout

    def start(self, program: str, *words: str) -> None:
        command = [program, "-f", "--conf", str(self.folder / "ceph.conf"), *words]
        with (self.folder / f"{program}.out").open("wb") as log:
            self.daemons.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def write_keys(self) -> None:
        keyring = self.folder / "keyring"
        self.run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for name, caps in KEYS.items():
            granted = [word for cap in caps for word in ("--cap", cap, "allow *")]
            self.run("ceph-authtool", keyring, "--gen-key", "-n", name, *granted)

    def bring_up(self) -> str:
        """Start one after the other; returns the URL of RGW."""
        configuration = CONFIGURATION.format(folder=self.folder, fsid=self.fsid, **self.ports)
        (self.folder / "ceph.conf").write_text(configuration)
        self.write_keys()
        keyring, monmap = self.folder / "keyring", self.folder / "monmap"
        address = f"[v2:127.0.0.1:{self.ports['mon']},v1:127.0.0.1:{self.ports['mon_v1']}]"
        self.run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", address, monmap)
        for name in ("mon", "mgr", "osd", "rgw"):
            (self.folder / name).mkdir()
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self.start("ceph-mon", "-i", "a")
        self.run("ceph", "--connect-timeout", "60", "status")
        self.run("ceph", "auth", "import", "-i", keyring)
        self.start("ceph-mgr", "-i", "a")
        osd_fsid = str(uuid.uuid4())
        self.run("ceph", "osd", "new", osd_fsid, "0")
        self.run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd_fsid)
        self.start("ceph-osd", "-i", "0")
        self.start("radosgw", "-n", "client.rgw")
        url = f"http://127.0.0.1:{self.ports['rgw']}"
        _await(url, self.daemons, self.folder)
        return url

    def end(self) -> None:
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


@contextmanager
def ceph(folder: Path) -> Iterator[CephStore]:
    """A cluster for a while."""
    folder.mkdir(parents=True)
    cluster = _Cluster(folder)
    try:
        url = cluster.bring_up()
        user = json.loads(cluster.run("radosgw-admin", "user", "create", "--uid=casefile", "--display-name=casefile"))
        yield CephStore(url, user["keys"][0]["access_key"], user["keys"][0]["secret_key"])
    finally:
        cluster.end()


def _await(url: str, daemons: list["subprocess.Popen[bytes]"], folder: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        ended = [str(daemon.args) for daemon in daemons if daemon.poll() is not None]
        assert not ended, f"{ended}: see {folder}"
        try:
            urlopen(url, timeout=2).close()  # noqa: S310 - our own, on loopback
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"RGW does not answer: see {folder}")
