"""Dependencies point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house_rules import sources

ONE_HOME = {
    "boto3": "attachments/storage.py",
    "botocore": "attachments/storage.py",
    "jose": "access/tokens.py",
    "procrastinate": "casefile_api/jobs.py",
    "authlib": "casefile_api/oauth/",
}


def imported(path: Path) -> set[str]:
    """Full names of what a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_the_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([lint, "--no-cache"], cwd=sources.ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_foreign_library_has_one_home() -> None:
    strays = [
        f"{sources.named(path)} imports {library}"
        for path in sources.modules()
        for library, home in ONE_HOME.items()
        if library in {name.split(".")[0] for name in imported(path)} and home not in sources.named(path)
    ]
    assert strays == []


@pytest.mark.parametrize("room", ["demo", "client"])
def test_a_room_of_outsiders_knows_the_service_by_http_alone(room: str) -> None:
    inside = {
        f"{sources.named(path)} imports {name}"
        for path in sources.modules(sources.PACKAGE / room)
        for name in imported(path)
        if name.startswith("casefile_api") and not name.startswith(f"casefile_api.{room}")
    }
    assert inside == set()


def test_the_outside_client_imports_nothing_of_the_service() -> None:
    inside = [
        sources.named(path)
        for path in sources.modules(sources.ROOT / "tests" / "outside")
        if any(name.split(".")[0] == "casefile_api" for name in imported(path))
    ]
    assert inside == []


def test_only_the_application_imports_routes() -> None:
    strays = [
        f"{sources.named(path)} imports {name}"
        for path in sources.modules()
        for name in imported(path)
        if name.startswith("casefile_api.") and name.endswith("routes") and path.name != "app.py"
    ]
    assert strays == []
