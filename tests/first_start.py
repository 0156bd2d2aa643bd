"""What a sandbox makes at its first start, made once for all processes of a run and copied by each that begins one.

A first start costs seconds of processor time (a cluster, every migration, people and keys), and a whole run begins some
twenty sandboxes and databases. A run of one process makes its own as an integrator does: it begins too few.
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from casefile_api.cli import schema
from casefile_api.cli.sandbox import people_of
from casefile_api.embedded.data_directory import DataDirectory
from casefile_api.embedded.postgresql import PostgreSQL
from casefile_api.embedded.roles import DATABASE, OWNER
from casefile_api.settings import Settings

# Where the processes of this run find it; set by the first of them.
FOLDER = "TESTS_FIRST_START"
# A second database in it: the tables with nobody in them.
MIGRATED = "migrated"


def laid_into(directory: Path) -> bool:
    """Have it in a folder that is not there yet; False where this run makes none, or the folder is one already."""
    if FOLDER not in os.environ or directory.exists():
        return False
    made = Path(os.environ[FOLDER])
    with (made / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "whole").exists():
            command = [sys.executable, "-m", __name__, made / "installation"]
            subprocess.run(command, check=True, timeout=100, cwd=Path(__file__).parents[1])
            (made / "whole").touch()
    subprocess.run(["/bin/cp", "-Rp", made / "installation", directory], check=True)
    return True


def make(folder: Path) -> None:
    """What `sandbox` has when it is ready for the first time, but for what its own programs make."""
    directory = DataDirectory(folder)
    directory.create()
    (directory.path / "keys").mkdir(mode=0o700)
    with directory.held():
        server = PostgreSQL(directory)
        try:
            addresses = server.start()
            schema.upgrade(addresses.owner)
            with psycopg.connect(addresses.superuser, autocommit=True) as connection:
                connection.execute(f"create database {MIGRATED} template {DATABASE} owner {OWNER}".encode())
            owned = Settings(sandbox=True, data_dir=folder, database_url="", migration_database_url=addresses.owner)
            people_of(directory, owned)
        finally:
            server.stop()
    (directory.path / "ports.json").unlink()  # each copy has its own


if __name__ == "__main__":
    make(Path(sys.argv[1]))
