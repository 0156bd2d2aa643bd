"""`python -m supply.audit [ADVISORIES.json]`: what can be said of the dependencies without asking anybody.

Every package is pinned to one version with the hashes of its files; what is installed is what is pinned; nothing comes
under a licence that the project does not take. Advisories (a list in the OSV format, as a mirror has it) are compared
where a file of them is given: which ones there are *today* only a service knows, and `make audit` asks it.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from license_expression import Licensing, get_spdx_licensing
from packaging.utils import canonicalize_name
from packaging.version import Version

from supply.locked import DEVELOPMENT, RUNTIME, LockedPackage, NotPinned, read_lock

ACCEPTED = Path(__file__).with_name("accepted.toml")


def faults_of_lock(text: str) -> Iterator[str]:
    """Say what is wrong with a lock file."""
    try:
        packages = read_lock(text)
    except NotPinned as fault:
        yield f"{fault} is not pinned to a version"
        return
    pinned = {package.name: package for package in packages}
    for package in packages:
        if not package.hashes:
            yield f"{package.name} is pinned without a hash"
        if package.installed_version not in (None, package.version):
            yield f"{package.name} {package.version} is pinned and {package.installed_version} is installed"
        for need in package.needs:
            # An extra that is not written is looked for anew: pip then finds the newest release, and refuses it.
            held = pinned.get(canonicalize_name(need.name))
            if held and not need.extras <= held.extras:
                yield f"{package.name} needs {need.name}[{','.join(sorted(need.extras))}], pinned without that extra"


def faults_of_licences(packages: Sequence[LockedPackage], allowed: frozenset[str]) -> Iterator[str]:
    """Say what is delivered under a licence that is not taken; of a choice of licences one is enough."""
    for package in packages:
        if package.installed_version is None:
            continue  # for another platform: its licence is looked at there
        if not may_be_used(package.licence, allowed):
            yield f"{package.name} is under {package.licence or 'no licence that is told'}, which is not taken"


@cache
def spdx() -> Licensing:
    """Return the licences that SPDX knows."""
    return get_spdx_licensing()


def may_be_used(licence: str | None, allowed: frozenset[str]) -> bool:
    """Say whether an SPDX expression can be met with the licences that are taken."""
    if not licence:
        return False
    licensing = spdx()
    expression = licensing.parse(licence)
    taken = {symbol: licensing.TRUE for symbol in expression.symbols if symbol.key in allowed}
    return bool(expression.subs(taken).simplify() == licensing.TRUE)


def faults_by_advisories(
    packages: Sequence[LockedPackage], advisories: Sequence[Any], accepted: frozenset[str]
) -> Iterator[str]:
    """Say which packages an advisory (OSV 1.6) is about."""
    for advisory in advisories:
        if advisory.get("withdrawn") or not accepted.isdisjoint({advisory["id"], *advisory.get("aliases", [])}):
            continue
        for package in packages:
            if any(_is_about(affected, package) for affected in advisory.get("affected", [])):
                yield f"{package.name} {package.version}: {advisory['id']} {advisory.get('summary', '')}".rstrip()


def _is_about(affected: Any, package: LockedPackage) -> bool:
    named = affected.get("package", {})
    if named.get("ecosystem") != "PyPI" or named.get("name", "").lower().replace("_", "-") != package.name:
        return False
    ranges = [found for found in affected.get("ranges", []) if found["type"] == "ECOSYSTEM"]
    return package.version in affected.get("versions", []) or any(_is_within(found, package) for found in ranges)


def _is_within(found: Any, package: LockedPackage) -> bool:
    """Say whether a version lies between an `introduced` and the next `fixed` or `last_affected`."""
    version, inside = Version(package.version), False
    for event in found["events"]:
        (kind, told), *_ = event.items()
        if kind == "introduced" and (told == "0" or version >= Version(told)):
            inside = True
        if (kind == "fixed" and version >= Version(told)) or (kind == "last_affected" and version > Version(told)):
            inside = False
    return inside


def main() -> None:
    """Check everything; end with 1 where something is wrong."""
    told = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))
    runtime, development = (path.read_text(encoding="utf-8") for path in (RUNTIME, DEVELOPMENT))
    faults = [*faults_of_lock(runtime), *faults_of_lock(development)]
    if not faults:
        packages = read_lock(runtime)
        faults += faults_of_licences(packages, frozenset(told["licences"]))
        for file in sys.argv[1:]:
            advisories = json.loads(Path(file).read_bytes())
            faults += faults_by_advisories(read_lock(development), advisories, frozenset(told["advisories"]))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        raise SystemExit(1)
    compared = "compared with advisories" if sys.argv[1:] else "not compared with advisories: no file of them was given"
    print(f"Pinned, hashed, and under licences that are taken; {compared}.")


if __name__ == "__main__":
    main()
