"""The user PostgreSQL runs as: it refuses root, so root gives it an account of its own.

The one thing to know: that account has to get at the data folder, and root's own home does not let it through.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import time
from pathlib import Path

from casefile_api.embedded.failures import PartFailed
from casefile_api.embedded.processes import Account

ACCOUNT_NAME = "casefile-postgres"


def database_account() -> Account | None:
    """The account to change to when we are root, made on first use; None for everybody else, who stays who they are."""
    if os.geteuid() != 0:
        return None
    account = _find(ACCOUNT_NAME) or _make(ACCOUNT_NAME) or _find("nobody")
    if account is None:
        raise PartFailed(
            f"PostgreSQL does not run as root and no other user could be made: create a system user {ACCOUNT_NAME}."
        )
    return account


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _make(name: str) -> Account | None:
    program = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if program is None:
        return None
    command = [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    for _ in range(5):  # several programs may be at it at once; the system lets one through
        subprocess.run([*command, "--shell", "/bin/false", name], capture_output=True, check=False)
        account = _find(name)
        if account is not None:
            return account
        time.sleep(0.2)
    return None


def first_closed_folder(path: Path, account: Account) -> Path | None:
    """The first folder on the way to (and including) `path` that the account may not pass; None if the way is open."""
    for folder in (*reversed(path.parents), path):
        try:
            status = folder.stat()
        except FileNotFoundError:
            return None
        if not _may_pass(status, account):
            return folder
    return None


def _may_pass(status: os.stat_result, account: Account) -> bool:
    if status.st_uid == account.user_id:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.group_id:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def open_the_way(path: Path, account: Account) -> None:
    """Let the account pass through the data folder itself, which is ours; the folders above are not ours to change."""
    closed = first_closed_folder(path, account)
    if closed == path and path.stat().st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IXOTH)
        closed = first_closed_folder(path, account)
    if closed is not None:
        raise PartFailed(
            f"PostgreSQL runs as the user {account.name}, who cannot enter {closed}: choose a data folder elsewhere"
            f" (for example under /var/lib), or allow it with: chmod o+x {closed}"
        )
