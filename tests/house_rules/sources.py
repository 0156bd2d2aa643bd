"""Where the house's rules look: the files that are the project's own."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "casefile_api"
TEXT_ENDINGS = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".csv", ".sh", ".cfg", ".ini", ".service", ".conf", ""}
OWN_FOLDERS = ("src", "tests", "migrations", "docs", "deploy", "openapi", "benchmarks", ".ci")
OWN_FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Every Python module below a folder."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def own_text_files() -> Iterator[Path]:
    """Every text file of the project, but for generated caches."""
    for name in OWN_FOLDERS:
        for path in sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix in TEXT_ENDINGS and "__pycache__" not in path.parts:
                yield path
    yield from (ROOT / name for name in OWN_FILES if (ROOT / name).exists())


def named(path: Path) -> str:
    """A path as the project speaks of it."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, inner ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
