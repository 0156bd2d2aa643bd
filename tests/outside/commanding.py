"""The commands that bring and fetch files, run as a program of their own or within this one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.outside.client import Party

PROGRAM = [sys.executable, "-c", "from casefile_api.cli import main; main()"]
PATIENCE_MINUTES = "1"


@dataclass(frozen=True)
class Commands:
    """`upload` and `download` as one party runs them."""

    party: Party
    state: Path
    service: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Who calls, said by the environment."""
        sandbox, entry = self.party.sandbox, self.party.entry
        told = {
            "SERVICE": self.service or str(sandbox.config["issuer"]),
            "ID": self.party.client_id,
            "KEY": str(sandbox.directory / entry["private_key_file"]),
            "KEY_ID": entry["kid"],
            "STAFF": self.party.staff_id or "",
            "ROLE": " ".join(self.party.roles),
            "JUSTIFICATION": self.party.justification or "",
        }
        return {f"CASEFILE_CALLER_{name}": value for name, value in told.items() if value}

    def upload_words(self, case_id: str, *files: Path, kind: str = "OTHER_MATERIAL", **options: str) -> list[str]:
        """The words of one upload."""
        usual = {"patience": PATIENCE_MINUTES, "state": str(self.state)} | options
        words = [word for name, value in usual.items() for word in (f"--{name.replace('_', '-')}", value)]
        return ["upload", *map(str, files), "--case-file", case_id, "--kind", kind, *words]

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """A program of its own, to be waited for or killed."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*PROGRAM, *words], env=os.environ | self.environment, stdout=pipe, stderr=pipe, text=True
        )
