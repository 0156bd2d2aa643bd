"""The threat model names tests that are there, and settings of the security pages exist."""

import re

import pytest

from casefile_api.settings import Settings
from tests.house_rules import sources

PAGES = ("docs/threat-model.md", "docs/fapi.md")
_NAMED = re.compile(r"`(?:(tests/[a-z_/]+\.py)::)?(test_[a-z0-9_]+)`")


def known_tests() -> dict[str, set[str]]:
    """The tests of each file."""
    return {
        path.relative_to(sources.ROOT).as_posix(): set(re.findall(r"def (test_\w+)", path.read_text()))
        for path in (sources.ROOT / "tests").rglob("test_*.py")
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    there = known_tests()
    anywhere = set().union(*there.values())
    named = _NAMED.findall((sources.ROOT / page).read_text())

    assert len(named) > 10
    assert [name for file, name in named if name not in (there.get(file, set()) if file else anywhere)] == []


@pytest.mark.parametrize("page", [*PAGES, "SECURITY.md", "docs/settings.md", "docs/authentication.md"])
def test_every_setting_that_a_page_names_is_there(page: str) -> None:
    named = set(re.findall(r"`CASEFILE_([A-Z0-9_]+)`", (sources.ROOT / page).read_text())) - {"DEBUG"}

    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_every_setting_is_on_the_page_of_settings() -> None:
    page = (sources.ROOT / "docs" / "settings.md").read_text()

    assert [name for name in Settings.model_fields if f"CASEFILE_{name.upper()}" not in page] == []
