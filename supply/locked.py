"""What the lock files pin: every package with its version, its hashes and what brought it in."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "deploy" / "requirements.lock"
DEVELOPMENT = ROOT / "requirements.lock"

_PINNED = re.compile(r"(?P<name>[a-z0-9._-]+)(?:\[(?P<extras>[^]]*)\])?==(?P<version>[^ ;\\]+)(?P<rest>.*)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_LICENCE_WORDS = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    # reportlab names its file instead; the file is the BSD licence of three clauses.
    "BSD license (see license.txt for details), Copyright (c) 2000-2025, ReportLab Inc.": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Public Domain": "CC0-1.0",
}


class NotPinned(ValueError):
    """A line of a lock file names no exact version."""


@dataclass(frozen=True)
class LockedPackage:
    """A package as a lock file pins it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    brought_in_by: tuple[str, ...]
    extras: frozenset[str] = frozenset()

    @property
    def installed_version(self) -> str | None:
        """Return the version that is installed here, None where it is for another platform."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None

    @property
    def needs(self) -> list[Requirement]:
        """Return what the installed package requires here, as it declares it."""
        declared = [] if self.installed_version is None else metadata.requires(self.name) or []
        asked = [{"extra": extra} for extra in sorted(self.extras | {""})]
        needed = (Requirement(line) for line in declared)
        return [one for one in needed if one.marker is None or any(map(one.marker.evaluate, asked))]

    @property
    def licence(self) -> str | None:
        """Return the licence that the installed package declares, as an SPDX expression where it can be told."""
        if self.installed_version is None:
            return None
        told = metadata.metadata(self.name)
        classified = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if "License ::" in line]
        found = told.get("License-Expression") or told.get("License") or ""
        if not found or found == "Dual License":
            found = " OR ".join(_LICENCE_WORDS.get(word, word) for word in classified)
        return _LICENCE_WORDS.get(found, found) or None


def read_lock(text: str) -> list[LockedPackage]:
    """Read a lock file as `uv pip compile --generate-hashes --no-strip-extras` writes it.

    Raises NotPinned where a requirement is not pinned to one version.
    """
    packages = []
    for block in re.split(r"\n(?=\S)", text.replace("\\\n", " ")):
        head, _, via = block.partition("# via")
        if not head.strip() or head.startswith("#"):
            continue
        found = _PINNED.match(head)
        if found is None:
            raise NotPinned(head.split()[0])
        brought = tuple(line.strip(" #") for line in via.splitlines() if line.strip(" #"))
        parents = tuple(name.split(" ")[0] for name in brought if not name.startswith("-"))
        extras = frozenset((found["extras"] or "").replace(" ", "").split(",")) - {""}
        packages.append(LockedPackage(found["name"], found["version"], tuple(_HASH.findall(head)), parents, extras))
    return packages
